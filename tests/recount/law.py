"""The law as the oracle reads it: literals typed in from the register, exact integers throughout."""

from __future__ import annotations

FIRST_PERIOD = "2010-11"  # LAW-001, LAW-010
INSURED, EMPLOYER = 0, 1
# LAW-010, in hundredths of a percent of the base: (insured, payer)
RATES = {
    "private_employer": (306, 350),
    "state": (306, 448),
    "local_authority": (306, 448),
    "pension_body": (75, 0),
    "self_employed": (656, 0),
}
FLOORS = (("2016-01", 40_000), ("2015-01", 35_000), ("2004-08", 28_460))  # LAW-012, by the period's first day
CLASSES = ((150_000, 125_000), (450_000, 400_000), (750_000, 675_000), (1_500_000, 900_000))  # LAW-013
TOP_CLASS = 1_000_000
CARE_TENTHS = {"ambulatory": 7, "hospital": 8}  # LAW-050, of the fund
FLOORED = ("state", "local_authority", "private_employer")


def floor_of(period: str) -> int:
    """Return the monthly minimum wage of a period's first day (LAW-012)."""
    return next(floor for start, floor in FLOORS if period >= start)


def is_below_floor(kind: str, base: int, period: str) -> bool:
    """Tell whether a declared base is raised to the floor (DEF-003)."""
    return kind in FLOORED and 0 < base < floor_of(period)


def base_used(kind: str, base: int, period: str) -> int:
    """Return the base that the rates apply to (DEF-003)."""
    if kind == "self_employed":
        return next((amount for bound, amount in CLASSES if base <= bound), TOP_CLASS)
    return floor_of(period) if is_below_floor(kind, base, period) else base


def shares(kind: str, base: int, period: str) -> tuple[int, int]:
    """Return the insured's and the payer's share of a declared base, each half-up to the franc (DEF-001)."""
    used = base_used(kind, base, period)
    insured, payer = ((used * rate + 5_000) // 10_000 for rate in RATES[kind])
    return insured, payer


def due_on(frequency: str, period: str) -> str:
    """Return the due day of a period by the filer's frequency (DEF-020)."""
    year, month = int(period[:4]), int(period[5:])
    last = month if frequency == "monthly" else (month + 2) // 3 * 3
    return f"{year + last // 12:04d}-{last % 12 + 1:02d}-15"


def region_of(territory_code: str) -> str:
    """Return the two digits of a territory's region."""
    return territory_code[:2]


def fund_share(care_kind: str, accepted_xof: int) -> int:
    """Return what the fund pays of what was accepted, half-up to the franc (DEF-030)."""
    return (accepted_xof * CARE_TENTHS[care_kind] + 5) // 10
