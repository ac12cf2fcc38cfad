"""`recouvra report …`: a report of the reporting service, in the terminal."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, DataOption, UrlOption, service_url
from recouvra.cli.http import ask, pages
from recouvra.cli.terminal import francs, heading, notes, output, percent, table, wrong_use
from recouvra.local.errors import in_the_readers_language

report = typer.Typer(help="Un rapport dans le terminal / a report in the terminal", no_args_is_help=True)

_HEADINGS = {
    "payer_kind": ("Type de cotisant", "Payer kind"),
    "region": ("Région", "Region"),
    "territory_code": ("Territoire", "Territory"),
    "payer_id": ("Cotisant", "Payer"),
    "period": ("Période", "Period"),
    "payers": ("Cotisants", "Payers"),
    "assessed_xof": ("Constaté\nFCFA", "Assessed\nXOF"),
    "received_xof": ("Reçu\nFCFA", "Received\nXOF"),
    "outstanding_xof": ("Reste dû\nFCFA", "Outstanding\nXOF"),
    "collection_rate": ("Taux de\nrecouvrement", "Collection\nrate"),
}
_KEYS = ("payer_kind", "region", "territory_code", "payer_id", "period")

_option = typer.Option


@report.callback()
def _reports() -> None:
    """Un rapport dans le terminal / a report in the terminal."""


@report.command("collection-rates")
def collection_rates(
    group_by: Annotated[
        list[str] | None,
        _option(help="payer_kind, region, territory, payer, period ; répétable / repeatable", show_default=False),
    ] = None,
    as_of: Annotated[str | None, _option(help="Tel que connu à… / as known at…", show_default=False)] = None,
    payer_kind: Annotated[str | None, _option(show_default=False)] = None,
    region: Annotated[str | None, _option(show_default=False)] = None,
    territory: Annotated[str | None, _option(show_default=False)] = None,
    payer_id: Annotated[str | None, _option(show_default=False)] = None,
    period_from: Annotated[str | None, _option(show_default=False)] = None,
    period_to: Annotated[str | None, _option(show_default=False)] = None,
    url: UrlOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: Annotated[bool, _option("--json", help="Pour les machines / for machines")] = False,
    as_csv: Annotated[bool, _option("--csv", help="Pour un tableur / for a spreadsheet")] = False,
) -> None:
    """Constaté, reçu, reste dû et taux / Assessed, received, outstanding and the rate."""
    if as_json and as_csv:
        raise wrong_use("Choisissez --json ou --csv, pas les deux.", "Choose --json or --csv, not both.")
    address = service_url("reporting", url, data) + "/v1/collection-rates"
    query = {
        "group_by": group_by or [],
        "as_of": as_of,
        "payer_kind": payer_kind,
        "region": region,
        "territory": territory,
        "payer_id": payer_id,
        "period_from": period_from,
        "period_to": period_to,
    }
    if as_csv:
        print(ask(address, query | {"format": "csv"}).text, end="")
        return
    answer = _whole(list(pages(address, query)))
    if as_json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        draw(answer)


def _whole(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """One answer from its pages: a cursor keeps its `as_of`, so they fit together."""
    return answers[0] | {"rows": [row for page in answers for row in page["rows"]], "next": None}


def draw(answer: dict[str, Any]) -> None:
    """Print an answer of `/v1/collection-rates` as a table, its total last."""
    rows, total = answer["rows"], answer["total"]
    names = list(rows[0]) if rows else list(total)
    keys = [name for name in names if name in _KEYS]
    columns = keys + [name for name in names if name not in _KEYS]
    cells = [[_cell(name)(row.get(name)) for name in columns] for row in rows]
    if keys or not rows:
        summed = [_cell(name)(total.get(name)) if name in total else "" for name in columns]
        if keys:
            summed[0] = "Total"
        cells.append(summed)
    headings = [heading(*_HEADINGS.get(name, (name, name))) for name in columns]
    output.print(table(headings, cells, numbers_from=len(keys), total=bool(keys)))
    notes.print(in_the_readers_language(f"Au {answer['as_of']}", f"As of {answer['as_of']}"), markup=False)


def _cell(name: str) -> Callable[[Any], str]:
    if name.endswith("_xof"):
        return lambda value: francs(int(value))
    if name.endswith("_rate"):
        return lambda value: percent(None if value is None else str(Decimal(value)))
    return lambda value: "–" if value is None else str(value)
