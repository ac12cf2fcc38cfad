"""The contracts as pages: all that the documents say, in both languages, in one file that fetches and sends nothing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from recouvra.chassis.settings import Settings
from recouvra.contracts.asyncapi import asyncapi_document
from recouvra.contracts.export import ROOM
from recouvra.contracts.pages.faces import PLAIN_SUCCESS
from recouvra.contracts.pages.french import FRENCH, french, unwrapped
from recouvra.contracts.topics import EVENTS
from services import openapi
from services.pages import FOLDER, documents, drifted, main, write

PAGES = documents()
EVERY = pytest.mark.parametrize("name", PAGES)
_VOID = {"meta", "br"}


class Seen(HTMLParser):
    """What stands in a page: its tags with their attributes, its text, and what was never closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.opened: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag, with what it is given."""
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """What is closed is what was opened last."""
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text between two tags."""
        self.texts.append(data)

    def values(self, attribute: str) -> list[str]:
        """What an attribute says, wherever it is given."""
        return [value for _, given in self.tags if (value := given.get(attribute))]


@EVERY
def test_a_page_fetches_nothing_runs_nothing_and_sends_nothing(name: str) -> None:
    seen = Seen(PAGES[name])
    assert seen.opened == []
    assert not {tag for tag, _ in seen.tags} & {"script", "link", "form", "input", "button", "iframe", "img", "object"}
    assert not [attribute for _, given in seen.tags for attribute in given if attribute.startswith("on")]
    assert seen.values("src") == []
    assert [place for place in seen.values("href") if ":" in place.split("#")[0]] == []
    assert "url(" not in PAGES[name]
    assert "@import" not in PAGES[name]


@EVERY
def test_every_link_of_a_page_leads_somewhere(name: str) -> None:
    seen = Seen(PAGES[name])
    anchors = seen.values("id")
    assert len(set(anchors)) == len(anchors)
    inside = {place[1:] for place in seen.values("href") if place.startswith("#")}
    assert inside <= set(anchors)
    outside = [place for place in seen.values("href") if not place.startswith("#")]
    assert outside
    assert [place for place in outside if not (FOLDER / place).resolve().is_file()] == []


def described(document: Any) -> set[str]:
    """Every description in a document."""
    match document:
        case dict():
            own = {value for name, value in document.items() if name == "description" and isinstance(value, str)}
            return own.union(*map(described, document.values()))
        case list():
            return set[str]().union(*map(described, document))
    return set()


def test_everything_that_events_and_addresses_say_in_english_is_said_in_french_and_nothing_besides() -> None:
    said = described(asyncapi_document()["components"]["schemas"])
    said |= {
        one
        for text in openapi.documents().values()
        for one in described(json.loads(text))
        if " / " not in one and one != PLAIN_SUCCESS
    }
    assert {unwrapped(one) for one in said} == FRENCH.keys()
    assert [english for english, told in FRENCH.items() if not told or told == english] == []


def test_the_french_of_a_sentence_names_the_same_fields_statuses_and_rules() -> None:
    marks = re.compile(r"`+[^`<]+`+|\b[2-5]\d\d\b|(?:DEF|LAW)-\d+")
    differ = [
        english for english, told in FRENCH.items() if sorted(marks.findall(told)) != sorted(marks.findall(english))
    ]
    assert differ == []


def test_a_sentence_without_french_is_no_page() -> None:
    with pytest.raises(KeyError):
        french("A sentence that nobody translated.")


def test_the_page_of_events_holds_every_field_and_every_schema() -> None:
    seen = Seen(PAGES["events.html"])
    text = "".join(seen.texts)
    schemas = asyncapi_document()["components"]["schemas"]
    for topic, event_class in EVENTS.items():
        assert topic in seen.values("id")
        assert (ROOM / "schemas" / f"{topic}.v1.json").read_text("utf-8") in seen.texts
        assert set(schemas[event_class.__name__]["properties"]) <= set(re.findall(r"\w+", text))
        assert event_class.event_type() in text
    assert all(part in text for part in ("lines[].base_xof", "person.birth_date", "totals.lines"))


@pytest.mark.parametrize("name", openapi.documents())
def test_the_page_of_a_service_holds_every_address_and_every_schema(name: str) -> None:
    seen, document = Seen(PAGES[name.replace(".json", ".html")]), json.loads(openapi.documents()[name])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert f"{method}{path}" in seen.values("id")
            assert {one["name"] for one in operation.get("parameters", ())} <= set(seen.texts)
            assert set(operation["responses"]) <= set(seen.texts)
    assert document["components"]["schemas"].keys() <= set(seen.values("id"))


@pytest.mark.parametrize("build", openapi.BUILT)
def test_no_service_has_an_address_under_which_a_page_could_publish_an_event(build: Any) -> None:
    settings = Settings("127.0.0.1:9", "postgresql://nobody@127.0.0.1:9/nothing")
    paths = [getattr(route, "path", "") for route in build(settings).create_api(settings).routes]
    assert "/openapi.json" in paths
    assert [path for path in paths if "asyncapi" in path or path.rstrip("/").endswith("/try")] == []


def test_a_page_changed_missing_or_of_no_service_is_named(tmp_path: Path) -> None:
    assert write(tmp_path) == sorted(PAGES)
    (tmp_path / "events.html").write_text("<html>")
    (tmp_path / "reporting.html").unlink()
    (tmp_path / "nobody.html").write_text("<html>")
    assert drifted(tmp_path) == ["events.html", "nobody.html", "reporting.html"]
    assert main(["--check"], tmp_path) == 1
