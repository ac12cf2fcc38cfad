"""Care forms, from what was filed to what the fund pays (DEF-030 to DEF-032)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.recount import law
from tests.recount.acts import set_aside
from tests.recount.claims import Claims
from tests.recount.people import People
from tests.recount.reading import Reading
from tests.recount.state import Form, State


def read_forms(readings: Sequence[Reading], people: People, told: Mapping[str, Sequence[Form]], state: State) -> None:
    """Fill in how each form is adjudicated, and which wait.

    What the order decides is taken from the facts `told`, where some order gives it: of the contents of one serial
    which was read first, and to whom the patient belonged then.
    """
    claims = Claims()
    by_serial: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        meeting = claims.meet(reading)
        if meeting == "conflicting":
            set_aside(reading, state)
        elif meeting == "new":
            filed = by_serial[reading.body["form_serial"]]
            if reading.content not in {earlier.content for earlier in filed}:
                claims.claim(reading)
            filed.append(reading)
    for serial, filed in by_serial.items():
        contents = list({reading.content: reading for reading in filed}.values())
        patients = ((r.body["insured_number"], r.body["submitted_on"][:7]) for r in contents)
        state.waiting_forms.update((serial, number) for number, month in patients if not people.payers(number, month))
        heads = {reading.record[:2]: reading for reading in reversed(filed)}
        found = told.get(serial, ())
        endings = [adjudicated(contents, first.content, people, found) for first in heads.values()]
        rows = next((rows for rows in endings if sorted(rows, key=str) == sorted(found, key=str)), endings[0])
        if rows:
            state.forms[serial] = tuple(sorted(rows, key=str))


def adjudicated(contents: Sequence[Reading], first: str, people: People, told: Sequence[Form]) -> list[Form]:
    """Return how the forms of one serial end if the one with the content `first` was read before the others."""
    rows, left = [], list(told)
    for reading in contents:
        payers = people.payers(reading.body["insured_number"], reading.body["submitted_on"][:7])
        if not payers:
            continue
        row = liquidated(reading, payers[-1], repeated=reading.content != first)
        meant = next(
            (one for one in left if one.payer_id in payers and replace(row, payer_id=one.payer_id) == one), row
        )
        if meant in left:
            left.remove(meant)
        rows.append(meant)
    return rows


def liquidated(reading: Reading, payer_id: str | None, *, repeated: bool) -> Form:
    """Return one form's adjudication: whole refusals first, then the lines that do not stand."""
    body = reading.body
    worth = [line["quantity"] * line["unit_price_xof"] for line in body["lines"]]
    stand = [line["quantity"] > 0 and line["unit_price_xof"] > 0 for line in body["lines"]]
    reasons: tuple[str, ...] = () if all(stand) else ("not-positive",)
    if repeated or body["care_on"] > body["submitted_on"]:
        reasons = ("duplicate-form",) if repeated else ("care-after-submission",)
        stand = [False] * len(stand)
    accepted = sum(xof for xof, stands in zip(worth, stand, strict=True) if stands)
    fund = law.fund_share(body["care_kind"], accepted)
    return Form(
        body["insured_number"],
        payer_id,
        body["provider_id"],
        body["provider_kind"],
        body["care_kind"],
        body["care_on"],
        body["submitted_on"],
        sum(worth),
        accepted,
        fund,
        accepted - fund,
        "accepted" if all(stand) else "reduced" if any(stand) else "rejected",
        reasons,
    )
