"""`recouvra report …`: a report of the reporting service, in the terminal."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, DataOption, UrlOption, service_url
from recouvra.cli.http import Query, ask, pages
from recouvra.cli.terminal import francs, heading, notes, output, percent, table, wrong_use
from recouvra.local.errors import in_the_readers_language

report = typer.Typer(help="Un rapport dans le terminal / a report in the terminal", no_args_is_help=True)

_KEYS = {
    "payer_kind": ("Type de cotisant", "Payer kind"),
    "region": ("Région", "Region"),
    "territory_code": ("Territoire", "Territory"),
    "payer_id": ("Cotisant", "Payer"),
    "name": ("Nom", "Name"),
    "period": ("Période", "Period"),
    "provider_kind": ("Prestataire", "Provider kind"),
    "care_kind": ("Soins", "Care"),
    "reason": ("Motif", "Reason"),
    "outcome": ("Suite donnée", "Outcome"),
    "month": ("Mois", "Month"),
}
_COLUMNS = {
    "payers": ("Cotisants", "Payers"),
    "assessed_xof": ("Constaté\nFCFA", "Assessed\nXOF"),
    "received_xof": ("Reçu\nFCFA", "Received\nXOF"),
    "outstanding_xof": ("Reste dû\nFCFA", "Outstanding\nXOF"),
    "collection_rate": ("Taux de\nrecouvrement", "Collection\nrate"),
    "forms": ("Feuilles", "Forms"),
    "claimed_xof": ("Demandé\nFCFA", "Claimed\nXOF"),
    "accepted_xof": ("Admis\nFCFA", "Accepted\nXOF"),
    "fund_share_xof": ("Part du fonds\nFCFA", "Fund's share\nXOF"),
    "co_payment_xof": ("Ticket modérateur\nFCFA", "Co-payment\nXOF"),
    "delay_p50_days": ("Délai médian\njours", "Median delay\ndays"),
    "delay_p90_days": ("Délai, 9 sur 10\njours", "Delay, 9 of 10\ndays"),
    "within_term_share": ("Dans le\ndélai", "Within\nterm"),
    "insured": ("Assurés", "Insured"),
    "dependants": ("Ayants droit", "Dependants"),
}

_option = typer.Option
_Text = Annotated[str | None, _option(show_default=False)]
_AsOf = Annotated[str | None, _option(help="Tel que connu à… / as known at…", show_default=False)]
_AsJson = Annotated[bool, _option("--json", help="Pour les machines / for machines")]
_AsCsv = Annotated[bool, _option("--csv", help="Pour un tableur / for a spreadsheet")]


@report.callback()
def _reports() -> None:
    """Un rapport dans le terminal / a report in the terminal."""


@report.command("collection-rates")
def collection_rates(
    group_by: Annotated[
        list[str] | None,
        _option(help="payer_kind, region, territory, payer, period ; répétable / repeatable", show_default=False),
    ] = None,
    as_of: _AsOf = None,
    payer_kind: _Text = None,
    region: _Text = None,
    territory: _Text = None,
    payer_id: _Text = None,
    period_from: _Text = None,
    period_to: _Text = None,
    url: UrlOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: _AsJson = False,
    as_csv: _AsCsv = False,
) -> None:
    """Constaté, reçu, reste dû et taux / Assessed, received, outstanding and the rate."""
    query = _of_payers(as_of, payer_kind, region, territory, payer_id) | {
        "group_by": group_by or [],
        "period_from": period_from,
        "period_to": period_to,
    }
    _tell("collection-rates", query, url, data, as_json, as_csv)


@report.command("payers")
def payers(
    as_of: _AsOf = None,
    payer_kind: _Text = None,
    region: _Text = None,
    territory: _Text = None,
    payer_id: _Text = None,
    period_from: _Text = None,
    period_to: _Text = None,
    url: UrlOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: _AsJson = False,
    as_csv: _AsCsv = False,
) -> None:
    """Qui doit le plus / Who owes most."""
    query = _of_payers(as_of, payer_kind, region, territory, payer_id)
    _tell("payers", query | {"period_from": period_from, "period_to": period_to}, url, data, as_json, as_csv)


@report.command("liquidation")
def liquidation(
    group_by: Annotated[
        list[str] | None,
        _option(
            help="provider_kind, care_kind, reason, payer_kind, region, territory, payer ; répétable / repeatable",
            show_default=False,
        ),
    ] = None,
    as_of: _AsOf = None,
    payer_kind: _Text = None,
    region: _Text = None,
    territory: _Text = None,
    payer_id: _Text = None,
    url: UrlOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: _AsJson = False,
    as_csv: _AsCsv = False,
) -> None:
    """Feuilles de soins : montants et délais / Care forms: amounts and delays."""
    query = _of_payers(as_of, payer_kind, region, territory, payer_id) | {"group_by": group_by or []}
    _tell("liquidation", query, url, data, as_json, as_csv)


@report.command("registrations")
def registrations(
    group_by: Annotated[
        list[str] | None,
        _option(help="payer_kind, region, territory, payer ; répétable / repeatable", show_default=False),
    ] = None,
    as_of: _AsOf = None,
    payer_kind: _Text = None,
    region: _Text = None,
    territory: _Text = None,
    payer_id: _Text = None,
    url: UrlOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: _AsJson = False,
    as_csv: _AsCsv = False,
) -> None:
    """Immatriculations par mois / Registrations by month."""
    query = _of_payers(as_of, payer_kind, region, territory, payer_id) | {"group_by": group_by or []}
    _tell("registrations", query, url, data, as_json, as_csv)


def _of_payers(
    as_of: str | None, payer_kind: str | None, region: str | None, territory: str | None, payer_id: str | None
) -> dict[str, str | list[str] | None]:
    return {
        "as_of": as_of,
        "payer_kind": payer_kind,
        "region": region,
        "territory": territory,
        "payer_id": payer_id,
    }


def _tell(name: str, query: Query, url: str | None, data: Path, as_json: bool, as_csv: bool) -> None:
    """Print the whole report, as asked for."""
    if as_json and as_csv:
        raise wrong_use("Choisissez --json ou --csv, pas les deux.", "Choose --json or --csv, not both.")
    address = service_url("reporting", url, data) + f"/v1/{name}"
    if as_csv:
        print(ask(address, {**query, "format": "csv"}).text, end="")
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
    """Print an answer of a report of rows as a table, its total last."""
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
    headings = [heading(*(_KEYS | _COLUMNS).get(name, (name, name))) for name in columns]
    output.print(table(headings, cells, numbers_from=len(keys), total=bool(keys)))
    notes.print(in_the_readers_language(f"Au {answer['as_of']}", f"As of {answer['as_of']}"), markup=False)


def _cell(name: str) -> Callable[[Any], str]:
    if name.endswith("_xof"):
        return lambda value: francs(int(value))
    if name.endswith(("_rate", "_share")):
        return lambda value: percent(None if value is None else str(Decimal(value)))
    return lambda value: "–" if value is None else str(value)
