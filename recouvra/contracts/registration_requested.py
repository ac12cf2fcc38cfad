"""`registration-requested`: payroll and personnel systems announce a hire."""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from recouvra.contracts.event import Category, Contract, Day, Event, Identifier, Name, Sex

Nina = Annotated[str, StringConstraints(pattern=r"^[0-9]{14}[A-Z]$")]
"""The national identification number: 14 digits and a capital letter."""


class Person(Contract):
    """Who is hired. Personal data: it stays in registration and travels no further."""

    family_name: Name = Field(description="Family name.")
    given_names: Name = Field(description="Given names, in the order of the identity papers.")
    birth_date: Day = Field(description="Birth date.")
    sex: Sex = Field(description="Sex, as on the identity papers.")
    nina: Nina | None = Field(
        default=None, description="National identification number: with it the same person is recognised anywhere."
    )


class RegistrationRequested(Event):
    """A payer hired a person, who gets an insured number or keeps theirs; answered on `registration-answered`."""

    topic: ClassVar[str] = "registration-requested"
    key_fields: ClassVar[tuple[str, ...]] = ("payer_id",)

    request_id: Identifier = Field(description="The request, unique for its payer; the answer repeats it.")
    payer_id: Identifier = Field(description="The payer that hires; also the record's key.")
    person: Person = Field(description="Who is hired.")
    hired_on: Day = Field(description="First day of work; at most 31 days after `ce_time`.")
    category: Category = Field(description="In what capacity the person contributes.")
