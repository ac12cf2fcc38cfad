"""The made people: names, birth dates, NINA; nobody real."""

from dataclasses import dataclass, field
from datetime import date
from random import Random

from recouvra.contracts.event import Category, Sex
from recouvra.contracts.registration_requested import Person
from recouvra.law.period import first_day

_FAMILY_NAMES = """
    Traoré Coulibaly Diarra Keïta Maïga Touré Sangaré Dembélé Sidibé Diallo Koné Cissé Sissoko Doumbia Konaté Camara
    Samaké Fofana Bagayoko Haïdara Dicko Cissouma Kouyaté Diabaté Sow Bah Tangara Bouaré Théra Dao Kassogué Guindo
    Togo Ongoïba Arby Sylla Niaré Danté Magassa Berthé
"""
_GIVEN_NAMES: dict[Sex, str] = {
    "F": """
    Awa Fatoumata Mariam Kadiatou Aminata Oumou Aïssata Rokia Djénéba Assétou Hawa Safiatou Salimata Nana Bintou
    Korotoumou Ramata Maïmouna Adiaratou Tènin
""",
    "M": """
    Moussa Ibrahim Seydou Oumar Amadou Mamadou Boubacar Souleymane Abdoulaye Bakary Modibo Drissa Lassana Yacouba
    Issa Cheick Adama Sékou Youssouf Madou
""",
}
WITHOUT_NINA = 0.1


@dataclass(frozen=True, slots=True)
class Employee:
    """A person on a payer's list: hired under `request_id`, declared from a period to another, for about so much."""

    request_id: str
    person: Person
    category: Category
    hired_on: date
    base_xof: int
    first_period: str
    last_period: str

    def is_declared_for(self, period: str) -> bool:
        """Whether the payer declares the person for a period."""
        return self.first_period <= period <= self.last_period


@dataclass(slots=True)
class Population:
    """Gives birth to people, no NINA twice."""

    _ninas: set[str] = field(default_factory=set)

    def person(self, roll: Random, territory_code: str, years: tuple[int, int]) -> Person:
        """A new person, born in one of these years; one in ten has no NINA."""
        sex: Sex = roll.choice(("F", "M"))
        born = date(roll.randint(*years), roll.randint(1, 12), roll.randint(1, 28))
        given = roll.sample(_GIVEN_NAMES[sex].split(), 1 + (roll.random() < 0.2))
        nina = None
        if roll.random() >= WITHOUT_NINA:
            nina = self._nina(roll, sex, born, territory_code)
        return Person(
            family_name=roll.choice(_FAMILY_NAMES.split()),
            given_names=" ".join(given),
            birth_date=born,
            sex=sex,
            nina=nina,
        )

    def _nina(self, roll: Random, sex: Sex, born: date, territory_code: str) -> str:
        """Nationality 1, sex 1, year of birth 2, locality 7, serial 3, and a letter, whose rule is not public."""
        locality = f"{territory_code:0<4}"[:4] + "001"
        while True:
            stem = f"1{'12'[sex == 'F']}{born:%y}{locality}{roll.randrange(1000):03}"
            if stem not in self._ninas:
                self._ninas.add(stem)
                return stem + roll.choice("ABCDEFGHJKLMNPRSTUVWXYZ")


def hired_before(roll: Random, person: Person) -> date:
    """A first day of work before the register was taken over, and not as a child."""
    return date(roll.randint(max(2008, person.birth_date.year + 18), 2023), roll.randint(1, 12), roll.randint(1, 28))


def hired_in(period: str, roll: Random) -> date:
    """A first day of work in a month, early enough to be announced in it."""
    return first_day(period).replace(day=roll.randint(1, 18))
