"""How the dashboard writes figures, what it calls things, and who may look at it with a browser."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
import pytest_asyncio

from recouvra.chassis.settings import Settings
from recouvra.contracts.codes import FormCode
from recouvra.contracts.contribution_assessed import ContributionAssessed
from recouvra.contracts.event import CareKind, Channel, PayerKind, ProviderKind
from recouvra.contracts.form_liquidated import FormLiquidated
from recouvra.contracts.titles import CODES, COLUMNS, KEYS
from services.openapi import documents
from services.reporting.app import build
from services.reporting.pages.fresh import warnings
from services.reporting.pages.links import address
from services.reporting.pages.writing import day, instant, number, percent, period, span, written

BROWSER = {"accept": "text/html,*/*;q=0.8"}


def test_an_amount_is_grouped_by_narrow_spaces_to_the_franc() -> None:
    shown = [number(value).replace("\u202f", "_") for value in (0, 999, 1_000, -1_234_567, 10**18 + 1)]
    assert shown == ["0", "999", "1_000", "\u22121_234_567", "1_000_000_000_000_000_001"]


def test_a_rate_is_shown_with_all_its_decimals_and_none_more() -> None:
    rates = ("0.8750", "1.0000", "0.0001", "12.3456", "-0.5000", None)
    shown = [percent(rate, "fr").replace("\u202f", "_") for rate in rates]
    assert shown == ["87,50_%", "100,00_%", "0,01_%", "1_234,56_%", "\u221250,00_%", "–"]
    assert percent("0.8754", "en") == "87.54%"


def test_days_and_months_are_written_in_each_language() -> None:
    assert (period("2026-02", "fr"), period("2026-02", "en")) == ("févr.\u00a02026", "Feb\u00a02026")
    assert day(date(2026, 3, 1), "fr").split("\u00a0") == ["1er", "mars", "2026"]
    assert day(date(2026, 3, 1), "en").split("\u00a0") == ["1", "March", "2026"]
    assert instant("2026-03-31T23:59:59.999999Z", "fr").split() == ["31", "mars", "2026", "à", "23:59:59", "UTC"]
    shown = [span(seconds, "en").replace("\u00a0", " ") for seconds in (0.0, 119, 120, 7_200, 200_000)]
    assert shown == ["0 seconds", "119 seconds", "2 minutes", "2 hours", "2 days"]


def test_a_text_that_is_no_code_is_shown_as_it_is() -> None:
    assert written("name", "0.5000", "fr") == "0.5000"
    assert written("payer_kind", "state", "en") == "State"
    assert written("declaration_id", "D-1", "fr") == "D-1"


def test_an_address_says_what_is_asked_and_nothing_else() -> None:
    assert address("/payers", {"region": None, "territory": "", "name": "a&b=<c>", "group_by": ["x", "y"]}) == (
        "/payers?name=a%26b%3D%3Cc%3E&group_by=x&group_by=y"
    )


def test_every_field_of_every_report_has_a_title_in_both_languages() -> None:
    document = json.loads(documents()["reporting.json"])
    named = set[str]()
    for path, operations in document["paths"].items():
        answer = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        properties = answer.get("application/json", {}).get("schema", {}).get("properties", {})
        if "rows" in properties and path.startswith("/v1/") and "total" in properties:
            named |= set(properties["rows"]["items"]["properties"])
    assert len(named) > 50
    assert named - (KEYS | COLUMNS).keys() == set()


def test_every_code_that_a_row_can_hold_has_a_name() -> None:
    held: dict[str, Any] = {
        "payer_kind": get_args(PayerKind),
        "channel": get_args(Channel),
        "provider_kind": get_args(ProviderKind),
        "care_kind": get_args(CareKind),
        "reason": [code.value for code in FormCode],
        "outcome": get_args(FormLiquidated.model_fields["outcome"].annotation),
        "basis": get_args(ContributionAssessed.model_fields["basis"].annotation),
    }
    assert {name: set(codes) for name, codes in CODES.items()} == {name: set(codes) for name, codes in held.items()}
    assert all(fr and en for codes in CODES.values() for fr, en in codes.values())


def _fresh(**changes: Any) -> dict[str, Any]:
    topic = {"topic": "contribution-assessed", "last_fact_at": "2026-03-31T11:59:00Z", "lag_seconds": 0,
             "lag_records": 0, "dead_letters": 0}  # fmt: skip
    sound = {"at": "2026-03-31T11:00:00Z", "broken": [], "unchecked": []}
    whole = {"complete_up_to": "2026-03-31T11:59:30Z", "topics": [topic], "verified": {"contributions": sound}}
    return whole | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"complete_up_to": None}, []),
        ({"complete_up_to": "2026-03-31T11:00:00Z"}, ["60\u00a0minutes"]),
        ({"topics": [{"last_fact_at": None, "lag_records": None, "dead_letters": None}]}, ["Kafka", "s"]),
        ({"topics": [{"last_fact_at": None, "lag_records": 1_200, "dead_letters": 0}]}, ["1\u202f200"]),
        ({"topics": [{"last_fact_at": None, "lag_records": 0, "dead_letters": 7},
                     {"last_fact_at": None, "lag_records": None, "dead_letters": "unreachable"}]}, [": 7."]),
        ({"verified": {"registration": "unreachable"}}, ["registration"]),
        ({"verified": {"contributions": {"at": None, "broken": ["money-conserved"], "unchecked": []}}},
         ["money-conserved", "contributions"]),
        ({"verified": {"contributions": {"at": "2026-03-31T11:00:00Z", "broken": [], "unchecked": ["x"]}}},
         ["contributions"]),
    ],
)  # fmt: skip
def test_what_a_reader_must_know_before_believing_a_figure_is_said(changes: Any, said: list[str]) -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    told = [warnings(_fresh(**changes), now, lang) for lang in ("fr", "en")]
    assert [len(sentences) for sentences in told] == [len(said)] * 2
    assert all(part in sentence for sentences in told for part, sentence in zip(said, sentences, strict=True))


@pytest_asyncio.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The service where tokens are asked for, its database away."""
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"r-secret": {"name": "awa", "role": "reader"},
                                  "a-secret": {"name": "binta", "role": "administrator"},
                                  "d-secret": {"name": "paie", "role": "declarer"}}))  # fmt: skip
    settings = Settings("127.0.0.1:9", "postgresql://nobody@127.0.0.1:9/nothing", tokens_file=tokens)
    transport = httpx.ASGITransport(build(settings).create_api(settings), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://r") as client:
        yield client


def _basic(password: str, name: str = "awa") -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


async def test_without_a_token_a_browser_is_told_in_both_languages_what_to_do(guarded: httpx.AsyncClient) -> None:
    for path in ("/", "/payers", "/payers/A", "/freshness"):
        answer = await guarded.get(path, headers=BROWSER)
        assert answer.status_code == 401
        assert answer.headers.get_list("www-authenticate") == ["Bearer", 'Basic realm="Recouvra", charset="UTF-8"']
        assert "le mot de passe est le jeton" in answer.text
        assert "the password is the token" in answer.text
        assert "script" not in answer.text


@pytest.mark.parametrize("name", ["awa", "", "anyone"])
async def test_a_token_as_a_password_opens_what_is_read(guarded: httpx.AsyncClient, name: str) -> None:
    for path in ("/payers", "/v1/payers"):
        answer = await guarded.get(path, headers=BROWSER | _basic("r-secret", name))
        assert answer.status_code == 503, path  # whoever may ask hears that the database is away
    page = await guarded.get("/payers", headers=BROWSER | _basic("r-secret", name))
    assert "La base de données ne répond pas" in page.text


async def test_a_page_tells_a_parameter_that_is_none_by_the_name_that_was_asked(guarded: httpx.AsyncClient) -> None:
    page = await guarded.get("/payers", params={"a/b~c": "1"}, headers=BROWSER | _basic("r-secret"))
    assert (page.status_code, "<code>a/b~c</code>" in page.text) == (422, True)


@pytest.mark.parametrize("password", ["", "wrong", "anonymous", "r-secret:", "é"])
async def test_a_wrong_password_opens_nothing(guarded: httpx.AsyncClient, password: str) -> None:
    assert (await guarded.get("/payers", headers=BROWSER | _basic(password))).status_code == 401


async def test_a_declarers_token_reads_no_page_and_a_browser_is_asked_for_another(guarded: httpx.AsyncClient) -> None:
    asked_again = await guarded.get("/payers", headers=BROWSER | _basic("d-secret"))
    assert asked_again.status_code == 401
    assert [said.partition(" ")[0] for said in asked_again.headers.get_list("www-authenticate")] == ["Bearer", "Basic"]
    assert (await guarded.get("/v1/payers", headers={"authorization": "Bearer d-secret"})).status_code == 403


async def test_what_is_no_basic_credential_opens_nothing(guarded: httpx.AsyncClient) -> None:
    for said in ("Basic", "Basic !!!", "Basic r-secret", "Basic " + base64.b64encode(b"r-secret").decode()):
        assert (await guarded.get("/payers", headers=BROWSER | {"authorization": said})).status_code == 401


async def test_a_password_never_acts_since_a_browser_adds_it_to_what_another_site_sends(
    guarded: httpx.AsyncClient,
) -> None:
    for act in ("replay", "discard"):
        answer = await guarded.post(f"/v1/dead-letters/1/{act}", headers=_basic("a-secret"))
        assert (answer.status_code, answer.headers.get_list("www-authenticate")) == (401, ["Bearer"])
        foreign = _basic("a-secret") | {"origin": "http://evil.example"}
        assert (await guarded.post(f"/v1/dead-letters/1/{act}", headers=foreign)).status_code == 403


async def test_no_page_is_in_the_document_for_programs() -> None:
    assert [path for path in json.loads(documents()["reporting.json"])["paths"] if "/v1" not in path] == [
        "/livez", "/metrics", "/readyz",
    ]  # fmt: skip
