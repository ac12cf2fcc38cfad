"""`recouvra dead-letters list|show|replay|discard SERVICE`: what a service set aside, and its mending (DEF-036)."""

import base64
import json
from typing import Annotated, Any

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, DataOption, UrlOption, service_url
from recouvra.cli.http import act, ask, pages
from recouvra.cli.terminal import heading, output, table, tell, wrong_use
from recouvra.local.errors import in_the_readers_language

dead_letters = typer.Typer(help="Ce qui a été mis de côté / what was set aside", no_args_is_help=True)

ServiceArgument = Annotated[
    str, typer.Argument(metavar="SERVICE", help="registration, contributions, liquidation, reporting")
]
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
        *((done["at"], f"{done['who']}: {done['act']} {done['reason'] or ''}".rstrip()) for done in row["acts"]),
    ]
    output.print(table(("", ""), lines, numbers_from=2))


@dead_letters.command("replay")
def replay_letters(
    service: ServiceArgument,
    letters: Annotated[list[str] | None, typer.Argument(metavar="ID…", show_default=False)] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Toutes celles qui attendent, selon les filtres / all that wait, by filters")
    ] = False,
    reason: FilterOption = None,
    topic: FilterOption = None,
    source: FilterOption = None,
    url: UrlOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: JsonOption = False,
) -> int:
    """Relire des lettres mortes, une fois leur cause corrigée / Replay dead letters, once their cause is mended.

    Code 1 si l'une reste refusée / exit code 1 where one is refused still.
    """
    address = service_url(service, url, data) + "/v1/dead-letters"
    if bool(letters) == every:
        raise wrong_use("Donnez des numéros, ou --all.", "Give numbers, or --all.")
    if every:
        query = {"reason": reason, "topic": topic, "source": source, "state": "waiting"}
        letters = [str(row["id"]) for page in pages(address, query) for row in page["rows"]]
    rows = [act(f"{address}/{_segment(letter)}/replay", {}).json() for letter in letters or ()]
    refused = [row for row in rows if row["state"] != "replayed"]
    if as_json:
        print(json.dumps({"rows": rows}, ensure_ascii=False, indent=2))
    else:
        for row in refused:
            tell(f"{row['id']} : {row['reason']}. {row['message']['fr']}", f"{row['id']}: {row['message']['en']}")
        done = len(rows) - len(refused)
        tell(f"Relues : {done}, encore refusées : {len(refused)}.", f"Replayed: {done}, refused still: {len(refused)}.")
    return 1 if refused else 0


@dead_letters.command("discard")
def discard_letters(
    service: ServiceArgument,
    letters: Annotated[list[str], typer.Argument(metavar="ID…")],
    reason: Annotated[str, typer.Option("--reason", help="Pourquoi ; cela reste écrit / why; it is kept")],
    url: UrlOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Écarter des lettres mortes qui n'auront jamais d'effet / Discard dead letters that will never have an effect."""
    address = service_url(service, url, data) + "/v1/dead-letters"
    rows = [act(f"{address}/{_segment(letter)}/discard", {"reason": reason}).json() for letter in letters]
    if as_json:
        print(json.dumps({"rows": rows}, ensure_ascii=False, indent=2))
        return
    tell(f"Écartées : {len(rows)}.", f"Discarded: {len(rows)}.")


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
