"""`recouvra report …`: a report of the reporting service, in the terminal."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Annotated, Any
from urllib.parse import quote

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, DataOption, UrlOption, service_url
from recouvra.cli.http import Query, ask, pages
from recouvra.cli.report_drawing import draw, draw_upright, print_table, say_as_of
from recouvra.cli.terminal import output, wrong_use

report = typer.Typer(help="Un rapport dans le terminal / a report in the terminal", no_args_is_help=True)

_Text = Annotated[str | None, typer.Option(show_default=False)]
_AsOf = Annotated[str | None, typer.Option(help="Tel que connu à… / as known at…", show_default=False)]
_AsJson = Annotated[bool, typer.Option("--json", help="Pour les machines / for machines")]
_AsCsv = Annotated[bool, typer.Option("--csv", help="Pour un tableur / for a spreadsheet")]
_Instant = "Instant ou date / instant or date"

_PAYERS = dict.fromkeys(("payer_kind", "region", "territory", "payer_id"), _Text)
_PERIODS = dict.fromkeys(("period_from", "period_to"), _Text)
_OF_PAIRS = ("payer_kind", "region", "territory", "payer", "period")
_OF_PAYERS = ("payer_kind", "region", "territory", "payer")
_OF_FORMS = ("provider_kind", "care_kind", "reason", *_OF_PAYERS)


@dataclass(frozen=True)
class Report:
    """A report of rows: its name, what it tells, what it may be grouped by, and its filters as options."""

    name: str
    tells: str
    group_by: tuple[str, ...] = ()
    filters: Mapping[str, Any] | None = None
    drawn: Callable[[Mapping[str, Any]], None] = draw

    def command(self) -> Callable[..., None]:
        """A function with these options, as typer reads them from its signature."""

        def tell(**given: Any) -> None:
            url, data, as_json, as_csv = (given.pop(name) for name in ("url", "data", "as_json", "as_csv"))
            query = {"from" if name == "since" else name: value for name, value in given.items()}
            address = service_url("reporting", url, data) + f"/v1/{self.name}"
            _tell(address, query, as_json, as_csv, self.drawn)

        options = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=of)
            for name, of, default in (
                *([("group_by", _grouping(self.group_by), None)] if self.group_by else []),
                *((name, of, Parameter.empty if name == "since" else None) for name, of in self._filters().items()),
                ("url", UrlOption, None),
                ("data", DataOption, DEFAULT_FOLDER),
                ("as_json", _AsJson, False),
                ("as_csv", _AsCsv, False),
            )
        ]
        tell.__doc__ = self.tells
        tell.__annotations__ = {option.name: option.annotation for option in options}
        tell.__signature__ = Signature(options)  # type: ignore[attr-defined]
        return tell

    def _filters(self) -> Mapping[str, Any]:
        return {"as_of": _AsOf} | _PAYERS | _PERIODS if self.filters is None else self.filters


def _grouping(names: tuple[str, ...]) -> Any:
    return Annotated[
        list[str] | None, typer.Option(help=f"{', '.join(names)} ; répétable / repeatable", show_default=False)
    ]


_WITHOUT_PERIODS = {"as_of": _AsOf} | _PAYERS
_FROM_TO = {
    "since": Annotated[str, typer.Option("--from", help=_Instant, show_default=False)],
    "to": Annotated[str | None, typer.Option("--to", help=_Instant, show_default=False)],
}
REPORTS = (
    Report(
        "collection-rates",
        "Constaté, reçu, reste dû et taux / Assessed, received, outstanding and the rate.",
        _OF_PAIRS,
    ),
    Report("timeliness", "Déclaré et payé à temps / Filed and paid on time.", _OF_PAIRS),
    Report("unpaid-rates", "Restes à recouvrer après l'échéance / Unpaid rates after the due day."),
    Report("arrears", "Arriérés par âge / Arrears by age.", _OF_PAIRS),
    Report("cohorts", "Comment chaque période est payée / How each period comes in.", _OF_PAYERS),
    Report(
        "bridge",
        "Pourquoi le taux a bougé / Why the rate moved.",
        filters=_FROM_TO | _PAYERS | _PERIODS,
        drawn=draw_upright,
    ),
    Report("payers", "Qui doit le plus / Who owes most."),
    Report("money", "Encaissements par moyen et mois / Money in by channel and month.", filters=_WITHOUT_PERIODS),
    Report(
        "liquidation",
        "Feuilles de soins : montants et délais / Care forms: amounts and delays.",
        _OF_FORMS,
        _WITHOUT_PERIODS,
    ),
    Report("registrations", "Immatriculations par mois / Registrations by month.", _OF_PAYERS, _WITHOUT_PERIODS),
)
for one in REPORTS:
    report.command(one.name)(one.command())


@report.callback()
def _reports() -> None:
    """Un rapport dans le terminal / a report in the terminal."""


@report.command("payer")
def payer(
    payer_id: Annotated[str, typer.Argument(metavar="COTISANT", show_default=False)],
    as_of: _AsOf = None,
    period_from: _Text = None,
    period_to: _Text = None,
    facts: Annotated[bool, typer.Option("--facts", help="Les faits derrière / the facts behind")] = False,
    url: UrlOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: _AsJson = False,
) -> None:
    """Un cotisant, période par période / One payer, period by period."""
    query = {"as_of": as_of, "period_from": period_from, "period_to": period_to}
    answer = ask(service_url("reporting", url, data) + f"/v1/payers/{quote(payer_id, safe='')}", query).json()
    if as_json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    output.print(" · ".join(str(answer[name] or "–") for name in ("payer_id", "name", "payer_kind", "territory_code")))
    if facts:
        rows = [{"period": period["period"]} | fact for period in answer["periods"] for fact in period["facts"]]
        print_table(["period", "topic", "event_id", "rule", "known_at", "amount_xof"], rows, None)
    else:
        names = ["period", "due_on", "filed_on", "paid_on", "assessed_xof", "received_xof", "outstanding_xof"]
        print_table(names, answer["periods"], answer)
        print_table(["credit_xof", "collection_rate"], [answer], None)
    say_as_of(answer)


@report.command("freshness")
def freshness(url: UrlOption = None, data: DataOption = DEFAULT_FOLDER, as_json: _AsJson = False) -> None:
    """Jusqu'où les chiffres sont complets / How far the figures are complete."""
    answer = ask(service_url("reporting", url, data) + "/v1/freshness").json()
    if as_json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    print_table(list(answer["topics"][0]), answer["topics"], None)
    say_as_of({"as_of": answer["complete_up_to"] or "–"})


def _tell(address: str, query: Query, as_json: bool, as_csv: bool, drawn: Callable[[Mapping[str, Any]], None]) -> None:
    """Print the whole report, as asked for."""
    if as_json and as_csv:
        raise wrong_use("Choisissez --json ou --csv, pas les deux.", "Choose --json or --csv, not both.")
    if as_csv:
        print(ask(address, {**query, "format": "csv"}).text, end="")
        return
    answer = _whole(list(pages(address, query)))
    if as_json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        drawn(answer)


def _whole(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """One answer from its pages: a cursor keeps its `as_of`, so they fit together."""
    return answers[0] | {"rows": [row for page in answers for row in page["rows"]], "next": None}
