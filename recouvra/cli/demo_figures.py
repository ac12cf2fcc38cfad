"""The demonstration's last page: rates, money, care, what waits, what was refused and why."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from recouvra.cli.terminal import francs, output, percent, table
from recouvra.contracts.titles import KINDS, OUTCOMES
from recouvra.local.errors import in_the_readers_language

if TYPE_CHECKING:
    from recouvra.local.demonstration.figures import Figures, Left

_HEADINGS = (
    ("Cotisants", "Payers"),
    ("Constaté", "Assessed"),
    ("Reçu", "Received"),
    ("Reste dû", "Outstanding"),
    ("Taux", "Rate"),
)
_PLACES = (
    ("affecté à des périodes", "placed on periods", "received_xof"),
    ("en crédit", "in credit", "credit_xof"),
    ("en attente d'affectation", "in suspense", "suspense_xof"),
    ("Total", "Total", "total_xof"),
)
_OUTCOMES = {
    "accepted": ("acceptées", "accepted"),
    "accepted_with_anomalies": ("acceptées avec remarques", "accepted with anomalies"),
    "pending": ("en attente du cotisant", "pending"),
    "rejected": ("rejetées", "rejected"),
}
WAITING = {
    "hires": ("embauches", "hires"),
    "pending": ("déclarations", "declarations"),
    "incomplete": ("déclarations incomplètes", "incomplete declarations"),
    "reversal": ("annulations", "reversals"),
    "suspense": ("paiements", "payments"),
    "forms": ("feuilles de soins", "care forms"),
}


def show_figures(figures: "Figures") -> None:
    """Print everything within 80 columns, in the reader's language, else in both."""
    _title("Taux de recouvrement par région", "Collection rates by region")
    _draw_rates(figures.by_region, _region)
    _title("Taux de recouvrement par type de cotisant", "Collection rates by payer kind")
    _draw_rates(figures.by_kind, lambda row: in_the_readers_language(*KINDS[row["payer_kind"]]))
    _show_money(figures)
    _show_care(figures)
    _show_answers(figures)
    _title("Ce qui attend, et quoi", "What waits, and for what")
    _draw_left(figures.waiting, lambda left: in_one_line(*WAITING[left.what]))
    _title(
        "Mis de côté : enregistrements illisibles ou contradictoires", "Set aside: unreadable or contradictory records"
    )
    _draw_left(figures.set_aside, lambda left: f"{left.service}\n{left.what}")
    output.print(f"\n{in_one_line('Tel que connu au', 'as known at')} {figures.by_kind['as_of']}", style="dim")


def _region(row: dict[str, Any]) -> str:
    from recouvra.contracts.territories import region_name

    return f"{row['region']} {region_name(row['region'])}"


def _draw_rates(answer: dict[str, Any], name: Callable[[dict[str, Any]], str]) -> None:
    """Print one row each, the total last."""
    headings = [in_the_readers_language(*heading) for heading in _HEADINGS]
    rows = [(name(row), *_amounts(row)) for row in answer["rows"]]
    output.print(
        table(["FCFA / XOF", *headings], [*rows, ("Total", *_amounts(answer["total"]))], numbers_from=1, total=True)
    )


def _amounts(row: dict[str, Any]) -> tuple[str, ...]:
    amounts = (francs(row[key]) for key in ("assessed_xof", "received_xof", "outstanding_xof"))
    return str(row["payers"]), *amounts, percent(row["collection_rate"])


def _show_money(figures: "Figures") -> None:
    _title("Où est l'argent", "Where the money is")
    total = figures.money["total"]
    rows = [(in_one_line(fr, en), francs(total[key])) for fr, en, key in _PLACES]
    output.print(table(("", "FCFA / XOF"), rows, numbers_from=1, total=True))


def _show_care(figures: "Figures") -> None:
    """Print the care forms by outcome, how long they took, and why some were refused."""
    _title("Feuilles de soins", "Care forms")
    headings = (
        "",
        _stacked("feuilles", "forms"),
        _stacked("demandé", "claimed"),
        _stacked("part caisse", "fund's share"),
        _stacked("médiane j", "median days"),
        _stacked("à terme", "within term"),
    )
    rows = [(in_one_line(*OUTCOMES[row["outcome"]]), *_of_care(row)) for row in figures.care["rows"]]
    output.print(table(headings, [*rows, ("Total", *_of_care(figures.care["total"]))], numbers_from=1, total=True))
    why = [
        f"{row['reason']} {row['forms']} ({in_one_line(*OUTCOMES[row['outcome']])})"
        for row in figures.care_reasons["rows"]
        if row["reason"]
    ]
    output.print(" · ".join(why), style="dim")
    insured = francs(figures.registered["total"]["insured"])
    output.print(f"{in_one_line('Personnes immatriculées', 'people registered')} : {insured}")


def _of_care(row: dict[str, Any]) -> tuple[str, ...]:
    days = row["delay_p50_days"]
    return (
        francs(row["forms"]),
        francs(row["claimed_xof"]),
        francs(row["fund_share_xof"]),
        "–" if days is None else str(days),
        percent(row["within_term_share"]),
    )


def _show_answers(figures: "Figures") -> None:
    """Print how declarations were answered, and the codes of those that were rejected or remarked upon."""
    _title("Réponses aux déclarations", "Answers to declarations")
    rows = [(in_one_line(*_OUTCOMES[name]), francs(figures.answered.get(name, 0))) for name in _OUTCOMES]
    rows.append(("Total", francs(sum(figures.answered.values()))))
    output.print(table(("", ""), rows, numbers_from=1, total=True))
    _title("Déclarations rejetées, par code", "Rejected declarations, by code")
    _draw_left(figures.rejected, lambda left: left.what)
    _title("Remarques sur les lignes acceptées ou refusées seules", "Anomalies of lines, accepted or refused alone")
    _draw_left(figures.remarks, lambda left: left.what)


def _draw_left(many: Sequence["Left"], name: Callable[["Left"], str]) -> None:
    """Print one row each: what, how many, the first of them, and beneath it what is the matter."""
    rows = [
        (name(left), francs(left.count), f"{left.example}\n{_brief(left.why['fr'], left.why['en'])}") for left in many
    ]
    drawn = table(("", "", in_one_line("par exemple", "for example")), rows, numbers_from=3)
    drawn.columns[1].justify = "right"
    output.print(drawn)


def _brief(fr: str, en: str) -> str:
    """The first sentence, which says what is wrong; what to do about it is told where the thing itself is shown."""
    return in_the_readers_language(*(f"{said.partition('. ')[0].rstrip('.')}." for said in (fr, en)))


def _title(fr: str, en: str) -> None:
    output.print(f"\n[bold]{in_one_line(fr, en)}[/bold]")


def _stacked(fr: str, en: str) -> str:
    return in_the_readers_language(fr, en)


def in_one_line(fr: str, en: str) -> str:
    """Both languages on one line where the reader's is not known."""
    return " / ".join(dict.fromkeys(in_the_readers_language(fr, en).splitlines()))
