"""Numbers, days and codes as a reader of French or of English writes them; no figure is rounded here."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from recouvra.contracts.territories import territories
from recouvra.contracts.titles import CODES, COLUMNS, KEYS

Lang = Literal["fr", "en"]
Value = str | int | float | date | None

NONE = "–"
_NARROW = "\u202f"
_FIXED = "\u00a0"
_MINUS = "\u2212"
_MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
}
_SHORT = {
    "fr": "janv. févr. mars avril mai juin juil. août sept. oct. nov. déc.",
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
}
_SPANS = ((86_400, ("jours", "days")), (3_600, ("heures", "hours")), (60, ("minutes", "minutes")))
_RATES = ("_rate", "_share", "rate_", "_rate_", "_to_collections")
_TERRITORIES = {one.territory_code: one.name for one in territories()}


def number(value: int) -> str:
    """A whole number, in groups of three digits."""
    return f"{value:,}".replace(",", _NARROW).replace("-", _MINUS)


def percent(rate: str | None, lang: Lang) -> str:
    """A rate of four decimals as a percentage of two: exact."""
    if rate is None:
        return NONE
    told = f"{Decimal(rate) * 100:,.2f}".replace(",", _NARROW).replace("-", _MINUS)
    return f"{told.replace('.', ',')}{_NARROW}%" if lang == "fr" else f"{told}%"


def period(code: str, lang: Lang) -> str:
    """A calendar month: `2026-03` is "mars 2026"; what is none stays as it is."""
    year, _, month = code.partition("-")
    return f"{_SHORT[lang].split()[int(month) - 1]}{_FIXED}{year}" if month.isdigit() else code


def day(value: date, lang: Lang) -> str:
    """A day in full."""
    first = "1er" if lang == "fr" and value.day == 1 else str(value.day)
    return f"{first}{_FIXED}{_MONTHS[lang].split()[value.month - 1]}{_FIXED}{value.year}"


def instant(text: str, lang: Lang) -> str:
    """An instant in UTC, which is the time of Mali, to the second."""
    at = datetime.fromisoformat(text)
    return f"{day(at, lang)}{', ' if lang == 'en' else ' à '}{at:%H:%M:%S}{_FIXED}UTC"


def span(seconds: float, lang: Lang) -> str:
    """How long something has been, in its greatest unit."""
    for length, names in _SPANS:
        if seconds >= 2 * length:
            return f"{int(seconds // length)}{_FIXED}{names[lang == 'en']}"
    return f"{int(seconds)}{_FIXED}{('secondes', 'seconds')[lang == 'en']}"


def title(name: str, lang: Lang) -> tuple[str, str]:
    """What a field is called, and the unit of its figures."""
    told, _, unit = (KEYS | COLUMNS).get(name, (name, name))[lang == "en"].partition("\n")
    if unit in ("FCFA", "XOF"):
        return told, f"F{_FIXED}CFA"
    return f"{told} {unit}".rstrip().replace("FCFA", f"F{_FIXED}CFA").replace("XOF", f"F{_FIXED}CFA"), ""


def code(name: str, value: str, lang: Lang) -> str:
    """What a code of a field is called; a code without a name is itself."""
    told = CODES.get(name, {}).get(value)
    return value if told is None else told[lang == "en"][:1].upper() + told[lang == "en"][1:]


def territory(value: str) -> str:
    """A region's, a cercle's or a commune's name; empty where the list has none."""
    return _TERRITORIES.get(value, "")


def is_rate(name: str) -> bool:
    """Whether a field holds a rate: a decimal string, shown as a percentage."""
    return any(part in name for part in _RATES)


def written(name: str, value: Value, lang: Lang) -> str:
    """A field's value as text."""
    match value:
        case None:
            return NONE
        case datetime():
            return instant(value.isoformat(), lang)
        case date():
            return day(value, lang)
        case int():
            return number(value)
        case float():
            return span(value, lang)
    if is_rate(name):
        return percent(value, lang)
    if name in ("period", "month"):
        return period(value, lang)
    if name.endswith("_at"):
        return instant(value, lang)
    return code(name, value, lang)
