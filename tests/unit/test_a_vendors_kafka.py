"""How a vendor's commands reach Kafka: what options, a file of settings and the environment come to for the client."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from recouvra.cli.kafka import PASSWORD, Reach, reach
from recouvra.local.errors import LocalError

NOWHERE = Path("nowhere")
WITH_PASSWORD = {PASSWORD: "never-on-a-command-line"}


def reached(text: str | None, folder: Path, environment: dict[str, str] | None = None, **given: Any) -> Reach:
    """The reach of a file with this text, and of what else is given."""
    config = None
    if text is not None:
        config = folder / "kafka.properties"
        config.write_text(text)
    return reach(given.pop("bootstrap", "k:9092"), NOWHERE, config, environment=environment or {}, **given)


def test_without_a_word_it_is_the_plain_protocol(tmp_path: Path) -> None:
    assert reached(None, tmp_path) == Reach("k:9092", {"security_protocol": "PLAINTEXT"})


def test_the_settings_of_kcat_are_taken_and_options_stand_above_them(tmp_path: Path) -> None:
    text = """# the fund's
metadata.broker.list = kafka.example:9093
security.protocol=sasl_plaintext
sasl.mechanisms=SCRAM-SHA-512
sasl.username=acme
sasl.password=of-the-file
partitioner=murmur2_random
"""
    said = reached(text, tmp_path, bootstrap=None)
    assert said.bootstrap == "kafka.example:9093"
    assert said.security == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "acme",
        "sasl_plain_password": "of-the-file",
    }
    above = reached(text, tmp_path, WITH_PASSWORD, bootstrap="other:1", user="else", mechanism="PLAIN")
    assert above.bootstrap == "other:1"
    assert above.security["sasl_mechanism"] == "PLAIN"
    assert above.security["sasl_plain_username"] == "else"
    assert above.security["sasl_plain_password"] == "never-on-a-command-line"


def test_a_password_goes_over_tls_unless_plain_text_is_asked_for(tmp_path: Path) -> None:
    told = reached(None, tmp_path, WITH_PASSWORD, user="acme").security
    assert told["security_protocol"] == "SASL_SSL"
    assert told["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert told["ssl_context"].check_hostname


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("sasl.jaas.config=x", {}, "sasl.jaas.config"),
        ("enable.ssl.certificate.verification=false", {}, "enable.ssl.certificate.verification"),
        ("security.protocol", {}, "security.protocol"),
        (None, {"protocol": "TLS"}, "TLS"),
        (None, {"user": "acme", "mechanism": "OAUTHBEARER"}, "OAUTHBEARER"),
        (None, {"user": "acme", "protocol": "SSL"}, "SSL"),
        (None, {"ca": Path("ca.pem"), "protocol": "PLAINTEXT"}, "PLAINTEXT"),
        (None, {"ca": Path("no-such-ca.pem")}, "no-such-ca.pem"),
        (None, {"certificate": Path("no-such.pem")}, "no-such.pem"),
    ],
)
def test_settings_that_mean_nothing_are_wrong_use_and_named(
    tmp_path: Path, text: str | None, given: dict[str, Any], expected: str
) -> None:
    with pytest.raises(LocalError) as wrong:
        reached(text, tmp_path, WITH_PASSWORD, **given)
    assert wrong.value.exit_code == 2
    assert all(expected in sentence for sentence in (wrong.value.fr, wrong.value.en))


def test_a_name_without_a_password_is_wrong_use_that_says_where_it_goes(tmp_path: Path) -> None:
    with pytest.raises(LocalError) as wrong:
        reached(None, tmp_path, user="acme")
    assert wrong.value.exit_code == 2
    assert PASSWORD in wrong.value.fr


def test_a_file_that_is_not_there_is_wrong_use() -> None:
    with pytest.raises(LocalError) as wrong:
        reach("k:9092", NOWHERE, Path("no-such.properties"))
    assert (wrong.value.exit_code, "no-such.properties" in wrong.value.en) == (2, True)


def test_what_a_notepad_puts_before_the_first_setting_drops_none(tmp_path: Path) -> None:
    assert reached("\ufeffsecurity.protocol=SSL\r\n", tmp_path).security["security_protocol"] == "SSL"


def test_a_password_in_the_file_is_never_passed_over(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="SASL"):
        reached("sasl.password=hunter2", tmp_path)


@pytest.mark.parametrize("line", ["sasl.password hunter2", "sasl.password:hunter2=x", "hunter2"])
def test_a_line_that_may_hold_a_password_is_not_shown(tmp_path: Path, line: str) -> None:
    with pytest.raises(LocalError) as wrong:
        reached(line, tmp_path)
    assert "hunter2" not in wrong.value.fr + wrong.value.en
    assert "ligne 1" in wrong.value.fr
