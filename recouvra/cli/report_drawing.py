"""A report's answer as a table for people: keys to the left, figures readable, nulls as a dash, the total last."""

from collections.abc import Mapping, Sequence
from typing import Any

from recouvra.cli.terminal import francs, heading, notes, output, percent, table
from recouvra.local.errors import in_the_readers_language

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
    "channel": ("Moyen", "Channel"),
    "month": ("Mois", "Month"),
    "topic": ("Sujet", "Topic"),
    "event_id": ("Fait", "Fact"),
    "rule": ("Règle", "Rule"),
    "known_at": ("Connu à", "Known at"),
}
_AMOUNTS = {
    "payers": ("Cotisants", "Payers"),
    "assessed_xof": ("Constaté\nFCFA", "Assessed\nXOF"),
    "received_xof": ("Reçu\nFCFA", "Received\nXOF"),
    "outstanding_xof": ("Reste dû\nFCFA", "Outstanding\nXOF"),
    "collection_rate": ("Taux de\nrecouvrement", "Collection\nrate"),
    "amount_xof": ("Montant\nFCFA", "Amount\nXOF"),
    "credit_xof": ("En crédit\nFCFA", "In credit\nXOF"),
    "suspense_xof": ("En attente\nFCFA", "In suspense\nXOF"),
    "total_xof": ("Total\nFCFA", "Total\nXOF"),
    "due_on": ("Échéance", "Due on"),
    "filed_on": ("Déclaré le", "Filed on"),
    "paid_on": ("Payé le", "Paid on"),
}
_CARE_AND_PEOPLE = {
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
_DUE_DAYS = {
    "expected": ("Attendues", "Expected"),
    "filed": ("Reçues", "Filed"),
    "filed_on_time": ("À temps", "On time"),
    "on_time_filing_rate": ("Déclaré\nà temps", "Filed\non time"),
    "payers_with_dues": ("Avec\ndû", "With\ndues"),
    "paid_on_time": ("Payées\nà temps", "Paid\non time"),
    "on_time_payment_rate_by_number": ("À temps,\nen nombre", "On time,\nby number"),
    "due_xof": ("Dû\nFCFA", "Due\nXOF"),
    "paid_on_time_xof": ("Payé à temps\nFCFA", "Paid on time\nXOF"),
    "on_time_payment_rate_by_value": ("À temps,\nen valeur", "On time,\nby value"),
    **{f"unpaid_rate_{days}": (f"Reste\n+{days} j", f"Unpaid\n+{days} d") for days in (0, 30, 90)},
    **{f"rate_{days}": (f"Reçu\n+{days} j", f"Received\n+{days} d") for days in (0, 30, 60, 90, 180, 365)},
    "arrears_xof": ("Arriérés\nFCFA", "Arrears\nXOF"),
    **{
        f"days_{age}_xof": (f"{days} j\nFCFA", f"{days} d\nXOF")
        for age, days in [
            ("1_30", "1–30"),
            ("31_90", "31–90"),
            ("91_180", "91–180"),
            ("181_365", "181–365"),
            ("over_365", "> 365"),
        ]
    },
    "older_than_12_months_share": ("Plus de\n12 mois", "Over 12\nmonths"),
    "arrears_to_collections": ("Arriérés ÷\nreçu de l'année", "Arrears ÷\nyear's receipts"),
}
_BRIDGE = {
    "assessed_from_xof": ("Constaté au début, FCFA", "Assessed at first, XOF"),
    "declared_xof": ("+ déclaré", "+ declared"),
    "replaced_xof": ("+ remplacé", "+ replaced"),
    "estimated_xof": ("+ taxé d'office", "+ estimated"),
    "adjusted_xof": ("+ régularisé", "+ adjusted"),
    "assessed_to_xof": ("= constaté à la fin", "= assessed at last"),
    "received_from_xof": ("Reçu au début, FCFA", "Received at first, XOF"),
    "receipts_xof": ("+ entré", "+ receipts"),
    "taken_back_xof": ("+ repris", "+ taken back"),
    "received_to_xof": ("= reçu à la fin", "= received at last"),
    "rate_from": ("Taux au début", "Rate at first"),
    "rate_to": ("Taux à la fin", "Rate at last"),
}
_FRESHNESS = {
    "last_fact_at": ("Dernier fait", "Last fact"),
    "lag_seconds": ("Retard\nsecondes", "Lag\nseconds"),
    "lag_records": ("Retard\nmessages", "Lag\nrecords"),
    "dead_letters": ("Mis de côté", "Dead letters"),
}
_COLUMNS = _AMOUNTS | _CARE_AND_PEOPLE | _DUE_DAYS | _BRIDGE | _FRESHNESS
_TEXTS = (*_KEYS, "due_on", "filed_on", "paid_on", "last_fact_at", "dead_letters")


def draw(answer: Mapping[str, Any]) -> None:
    """Print an answer of a report of rows as a table, its total last."""
    rows, total = answer["rows"], answer["total"]
    names = list(rows[0]) if rows else list(total)
    print_table(names, rows, total if not rows or any(name in _KEYS for name in names) else None)
    say_as_of(answer)


def draw_upright(answer: Mapping[str, Any]) -> None:
    """Print an answer of one row without keys, a figure a line."""
    lines = [[_title(name), _cell(name, value)] for name, value in answer["total"].items()]
    output.print(table(["", ""], lines, numbers_from=1))
    say_as_of(answer)


def print_table(names: Sequence[str], rows: Sequence[Mapping[str, Any]], total: Mapping[str, Any] | None) -> None:
    """Print these columns of some rows, keys first."""
    keys = [name for name in names if name in _KEYS]
    columns = keys + [name for name in names if name not in _KEYS]
    cells = [[_cell(name, row.get(name)) for name in columns] for row in rows]
    if total is not None:
        summed = [_cell(name, total[name]) if name in total else "" for name in columns]
        if keys:
            summed[0] = "Total"
        cells.append(summed)
    drawn = table([_title(name) for name in columns], cells, numbers_from=len(keys), total=bool(keys and total))
    output.print(drawn)


def say_as_of(answer: Mapping[str, Any]) -> None:
    """Tell as of which instant the figures are."""
    notes.print(in_the_readers_language(f"Au {answer['as_of']}", f"As of {answer['as_of']}"), markup=False)


def _title(name: str) -> str:
    return heading(*(_KEYS | _COLUMNS).get(name, (name, name)))


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name.endswith("_xof"):
        return francs(int(value))
    return percent(value) if isinstance(value, str) and name not in _TEXTS else str(value)
