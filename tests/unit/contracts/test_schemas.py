"""The exported schemas say what the models say, and do not drift."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from recouvra.contracts import export
from recouvra.contracts.json_schema import event_schema
from recouvra.contracts.topics import EVENTS, INBOUND, READS, WRITES
from tests.unit.contracts.samples import SAMPLES
from tests.unit.contracts.test_fuzz import mutated

SCHEMAS = {topic: event_schema(event_class) for topic, event_class in EVENTS.items()}
CHECKED = {
    topic: Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for topic, schema in SCHEMAS.items()
}


def fits_model(topic: str, value: Any) -> bool:
    """Whether pydantic takes a value."""
    try:
        EVENTS[topic].model_validate_json(json.dumps(value))
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("topic", EVENTS)
def test_a_schema_is_sound_and_takes_the_sample(topic: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[topic])
    assert CHECKED[topic].is_valid(SAMPLES[topic])
    assert CHECKED[topic].is_valid(SAMPLES[topic] | {"unknown": 1})


@pytest.mark.parametrize("topic", EVENTS)
def test_every_field_is_described_to_a_vendor(topic: str) -> None:
    schema = SCHEMAS[topic]
    for model in [schema, *schema.get("$defs", {}).values()]:
        assert model["description"]
        for name, field in model.get("properties", {}).items():
            assert field.get("description"), f"{topic}: {name}"


@given(st.sampled_from(sorted(EVENTS)), st.data())
@settings(deadline=None, max_examples=500)
def test_schema_and_model_take_the_same_values(topic: str, data: st.DataObject) -> None:
    value = mutated(data, SAMPLES[topic])
    text = json.dumps(value)
    # What JSON Schema cannot say (see event_schema), and Python's `$`, which lets a last line feed pass.
    beyond = re.search(r'\d\.0\b|\de[+-]?\d|\\ud[89a-f]|NaN|Infinity|\\n"', text, re.IGNORECASE)
    if beyond or (topic == "payroll-declared" and isinstance(value, dict) and value.get("part") != 1):
        return
    assert CHECKED[topic].is_valid(value) == fits_model(topic, value), text


@pytest.mark.parametrize(
    ("change", "sound"),
    [
        ({"payer_id": None, "reference": None}, False),
        ({"payer_id": None}, True),
        ({"reference": None}, True),
        ({"amount_xof": 0}, False),
        ({"amount_xof": 10**12 + 1}, False),
    ],
)
def test_the_schema_of_a_payment_knows_its_rules(change: dict[str, Any], sound: bool) -> None:
    value = SAMPLES["payment-reported"] | change
    assert CHECKED["payment-reported"].is_valid(value) is fits_model("payment-reported", value) is sound


def test_the_files_in_the_tree_are_those_of_the_models() -> None:
    assert export.drifted() == []
    assert export.documents() == export.documents()


def test_check_names_what_drifted_and_writing_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export.main([], tmp_path) == 0
    assert export.main(["--check"], tmp_path) == 0
    (tmp_path / "schemas/payment-held.v1.json").write_text("{}")
    (tmp_path / "schemas/old.v1.json").write_text("{}")
    (tmp_path / "asyncapi.json").unlink()
    capsys.readouterr()
    assert export.main(["--check"], tmp_path) == 1
    told = capsys.readouterr().err
    assert all(name in told for name in ("schemas/payment-held.v1.json", "schemas/old.v1.json", "asyncapi.json"))
    assert "payroll" not in told
    export.write(tmp_path)
    assert export.drifted(tmp_path) == []


def test_the_asyncapi_document_holds_together() -> None:
    document = json.loads(export.documents()["asyncapi.json"])
    assert document["asyncapi"] == "3.0.0"
    assert list(document["channels"]) == list(EVENTS)
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', export.documents()["asyncapi.json"]):
        place = document
        for step in reference.split("/"):
            place = place[step]
    operations = {
        (one["tags"][0]["name"], one["action"], one["channel"]["$ref"]) for one in document["operations"].values()
    }
    for service in READS:
        assert {ref for who, action, ref in operations if (who, action) == (service, "receive")} == {
            f"#/channels/{topic}" for topic in READS[service]
        }
        assert {ref for who, action, ref in operations if (who, action) == (service, "send")} == {
            f"#/channels/{topic}" for topic in WRITES[service]
        }
    assert {ref for who, action, ref in operations if (who, action) == ("upstream", "send")} == {
        f"#/channels/{topic}" for topic in INBOUND
    }
