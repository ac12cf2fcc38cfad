"""The territories of Mali that codes name: regions, the district of Bamako, their cercles and communes."""

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Territory(NamedTuple):
    """A territory by its code: 2 digits a region or the district, 4 a cercle, 7 a commune."""

    territory_code: str
    level: str
    name: str


@cache
def territories() -> tuple[Territory, ...]:
    """Every territory of the list, in the order of their codes."""
    text = files(__package__).joinpath("territories.csv").read_text(encoding="utf-8")
    return tuple(Territory(**row) for row in csv.DictReader(text.splitlines()))


def regions() -> tuple[Territory, ...]:
    """The 19 regions and the district of Bamako."""
    return tuple(territory for territory in territories() if len(territory.territory_code) == 2)


def within(region: str) -> tuple[Territory, ...]:
    """What lies in a region or the district: its cercles and communes."""
    return tuple(t for t in territories() if t.territory_code.startswith(region) and t.territory_code != region)


def region_name(code: str) -> str:
    """A region's name, or its code where no region has it."""
    return next((region.name for region in regions() if region.territory_code == code), code)
