"""`recouvra dead-letters list|show SERVICE`: what a service set aside."""

import base64
import json
from typing import Annotated, Any

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, DataOption, UrlOption, service_url
from recouvra.cli.http import ask, pages
from recouvra.cli.terminal import heading, output, table, tell
from recouvra.local.errors import in_the_readers_language

dead_letters = typer.Typer(help="Ce qui a été mis de côté / what was set aside", no_args_is_help=True)

ServiceArgument = Annotated[str, typer.Argument(metavar="SERVICE", help="registration, contributions, reporting")]
JsonOption = Annotated[bool, typer.Option("--json", help="Pour les machines / for machines")]
FilterOption = Annotated[str | None, typer.Option(show_default=False)]


@dead_letters.command("list")
def list_letters(
    service: ServiceArgument,
    reason: FilterOption = None,
    topic: FilterOption = None,
    state: FilterOption = None,
    source: FilterOption = None,
    url: UrlOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Les lettres mortes d'un service / A service's dead letters."""
    address = service_url(service, url, data) + "/v1/dead-letters"
    query = {"reason": reason, "topic": topic, "state": state, "source": source}
    rows = [row for page in pages(address, query) for row in page["rows"]]
    if as_json:
        print(json.dumps({"rows": rows, "next": None}, ensure_ascii=False, indent=2))
        return
    if not rows:
        tell("Aucune lettre morte.", "No dead letters.")
        return
    cells = [
        (
            str(row["id"]),
            row["at"],
            f"{row['topic']} {row['partition']}:{row['offset']}",
            row["reason"],
            row["state"],
        )
        for row in rows
    ]
    headings = (
        "id",
        heading("à", "at"),
        heading("lieu", "place"),
        heading("motif", "reason"),
        heading("état", "state"),
    )
    output.print(table(headings, cells, numbers_from=len(headings)))


@dead_letters.command("show")
def show_letter(
    service: ServiceArgument,
    letter: Annotated[str, typer.Argument(metavar="ID")],
    url: UrlOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Une lettre morte, en entier / One dead letter, whole."""
    row = ask(f"{service_url(service, url, data)}/v1/dead-letters/{_segment(letter)}").json()
    if as_json:
        print(json.dumps(row, ensure_ascii=False, indent=2))
        return
    lines = [
        ("id", str(row["id"])),
        (heading("lieu", "place"), f"{row['topic']} {row['partition']}:{row['offset']}"),
        (heading("à", "at"), row["at"]),
        (heading("motif", "reason"), row["reason"]),
        (heading("état", "state"), row["state"]),
        ("", _sentence(row)),
        (heading("clé", "key"), _readable(row["key"])),
        *((name, _readable(value)) for name, value in row["headers"]),
        (heading("valeur", "value"), _readable(row["value"])),
    ]
    output.print(table(("", ""), lines, numbers_from=2))


def _segment(identifier: str) -> str:
    from urllib.parse import quote

    return quote(identifier, safe="")


def _sentence(row: dict[str, Any]) -> str:
    return in_the_readers_language(row["message"]["fr"], row["message"]["en"])


def _readable(content: str | None) -> str:
    """Base64 as text; bytes that are none, and what a terminal would obey, are escaped."""
    if content is None:
        return "∅"
    text = base64.b64decode(content).decode(errors="backslashreplace")
    return "".join(sign if sign.isprintable() or sign == "\n" else repr(sign)[1:-1] for sign in text)
