"""Where the made payers lie and what they are called: the State's services, authorities of each region, trades."""

from random import Random
from typing import NamedTuple

from recouvra.contracts.territories import Territory, regions, within
from recouvra.local.demonstration.inbound import dice

BAMAKO = "20"
_EMPLOYERS = 139
_SELF_EMPLOYED = 60
_LARGE_TOWNS = (BAMAKO, BAMAKO, BAMAKO, "03", "04", "02")
"""Where employers crowd, beyond the few that every region has."""

_MINISTRIES = (
    "Éducation nationale", "Santé", "Enseignement supérieur", "Sécurité", "Justice", "Économie et finances",
    "Agriculture", "Élevage et pêche", "Mines", "Énergie et eau", "Transports", "Équipement", "Environnement",
    "Administration territoriale", "Affaires étrangères", "Communication", "Culture", "Jeunesse et sports",
    "Travail et fonction publique", "Urbanisme et habitat",
)  # fmt: skip
TRADES = (
    "Boulangerie", "Entreprise de bâtiment", "Transporteur", "Clinique", "Hôtel", "Mine d'or", "École privée",
    "Commerce de gros", "Société de gardiennage", "Huilerie", "Imprimerie", "Banque",
)  # fmt: skip


class Place(NamedTuple):
    """A payer's name and its territory."""

    name: str
    territory_code: str


def ministries() -> tuple[Place, ...]:
    """The State pays by its ministries, all from the capital."""
    return tuple(Place(f"Ministère (fictif), {name}", BAMAKO) for name in _MINISTRIES)


_COUNCILS = {
    "region": "Conseil régional (fictif)",
    "district": "Conseil du district (fictif)",
    "cercle": "Conseil de cercle (fictif)",
    "commune": "Commune (fictive)",
}


def authorities() -> tuple[Place, ...]:
    """In every region, and in the district, its council and those of three cercles or communes."""
    return tuple(
        Place(f"{_COUNCILS[territory.level]}, {territory.name}", territory.territory_code)
        for region in regions()
        for territory in (region, *dice("authorities", region.territory_code).sample(within(region.territory_code), 3))
    )


def firms() -> tuple[Place, ...]:
    """Three employers in every region, the rest in and around the large towns."""
    roll = dice("firms")
    where = [region.territory_code for region in regions() for _ in range(3)]
    where += [roll.choice(_LARGE_TOWNS) for _ in range(_EMPLOYERS - len(where))]
    return tuple(
        Place(f"{TRADES[number % len(TRADES)]} (fictif), {town.name}", town.territory_code)
        for number, town in enumerate(_towns(where, roll))
    )


def headquarters() -> tuple[Place, ...]:
    """The one pension body."""
    return (Place("Caisse de retraite (fictive)", BAMAKO),)


def solo() -> tuple[Place, ...]:
    """Self-employed people, most of them in the large towns."""
    roll = dice("self-employed")
    where = [roll.choice((*_LARGE_TOWNS, "01", "05", "15", "16")) for _ in range(_SELF_EMPLOYED)]
    return tuple(
        Place(f"Indépendant fictif {number}, {town.name}", town.territory_code)
        for number, town in enumerate(_towns(where, roll), 1)
    )


def _towns(where: list[str], roll: Random) -> list[Territory]:
    return [roll.choice(within(region)) for region in where]
