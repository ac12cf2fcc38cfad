"""What the demonstration shows at its end: figures, what waits, what was refused; all as the services tell it."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recouvra.contracts.codes import Reason
from recouvra.local.demonstration.services import Services
from recouvra.local.demonstration.topics import Topics

Report = dict[str, Any]
Sentence = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Left:
    """So many of one kind, and one of them, always the same: `what` is a code, `why` a sentence in both languages."""

    service: str
    what: str
    count: int
    example: str
    why: Sentence


@dataclass(frozen=True, slots=True)
class Figures:
    """Answers of reporting, all of one instant; what waits, what was set aside, what was answered.

    `answered` counts declarations by outcome; `rejected` and `remarks` are the codes of those that were rejected, and
    of those that were accepted all the same.
    """

    by_kind: Report
    by_region: Report
    money: Report
    care: Report
    care_reasons: Report
    registered: Report
    waiting: tuple[Left, ...]
    set_aside: tuple[Left, ...]
    answered: Mapping[str, int]
    rejected: tuple[Left, ...]
    remarks: tuple[Left, ...]


async def read_figures(services: Services, topics: Topics) -> Figures:
    """The figures as the services know them now; raises LocalError where one does not answer."""
    by_kind = await services.ask("reporting", "/v1/collection-rates", group_by="payer_kind")

    async def report(path: str, **query: str) -> Report:
        found: Report = await services.ask("reporting", path, as_of=by_kind["as_of"], limit="500", **query)
        return found

    answers = await topics.declaration_answers()
    return Figures(
        by_kind=by_kind,
        by_region=await report("/v1/collection-rates", group_by="region"),
        money=await report("/v1/money"),
        care=await report("/v1/liquidation"),
        care_reasons=await report("/v1/liquidation", group_by="reason"),
        registered=await report("/v1/registrations"),
        waiting=tuple([left for left in await _waiting(services, topics) if left.count]),
        set_aside=tuple(await _set_aside(services)),
        answered=_counted(answer["outcome"] for answer in answers),
        rejected=tuple(_by_code(answers, ("rejected",))),
        remarks=tuple(_by_code(answers, ("accepted", "accepted_with_anomalies"))),
    )


async def _waiting(services: Services, topics: Topics) -> list[Left]:
    """What has not yet had its effect, oldest first of each kind."""
    return [
        await _pending_hires(topics),
        *[await _waiting_in_contributions(services, kind) for kind in ("pending", "incomplete", "reversal")],
        await _suspense(services),
        await _waiting_forms(services),
    ]


async def _pending_hires(topics: Topics) -> Left:
    pending = [(key, one) for key, one in (await topics.answers()).items() if one.outcome == "pending"]
    if not pending:
        return Left("registration", "hires", 0, "", {})
    (payer_id, request_id), answer = min(pending, key=lambda one: one[0])
    return Left(
        "registration", "hires", len(pending), f"{payer_id} {request_id}", answer.anomalies[0].message.model_dump()
    )


async def _waiting_in_contributions(services: Services, kind: str) -> Left:
    page = await services.ask("contributions", "/v1/waiting", kind=kind, limit="1")
    count = page[f"{kind}_count"]
    if not count:
        return Left("contributions", kind, 0, "", {})
    row = page["rows"][0]
    if kind == "reversal":
        return Left("contributions", kind, count, f"{row['payment_id']} → {row['reverses']}", row["lacks"])
    example = f"{row['payer_id']} {row['declaration_id']}"
    if kind == "incomplete":
        lacking = ", ".join(map(str, row["parts_lacking"]))
        example += f" ({lacking} / {row['parts']})"
    return Left("contributions", kind, count, example, row["lacks"])


async def _suspense(services: Services) -> Left:
    page = await services.ask("contributions", "/v1/suspense", limit="1")
    example = page["rows"][0]["record_key"] if page["rows"] else ""
    why = {
        "fr": "Argent sans cotisant connu : affectez-le à un cotisant (POST /v1/suspense/…/assignment).",
        "en": "Money without a known payer: assign it to one (POST /v1/suspense/…/assignment).",
    }
    return Left("contributions", "suspense", page["count"], example, why)


async def _waiting_forms(services: Services) -> Left:
    rows = [row async for row in services.rows("liquidation", "/v1/waiting")]
    example = rows[0]["form_serial"] if rows else ""
    why = {
        "fr": "Le numéro d'assuré n'est pas connu : la feuille sera liquidée quand la personne sera immatriculée.",
        "en": "The insured number is not known: the form is liquidated once the person is registered.",
    }
    return Left("liquidation", "forms", len(rows), example, why)


async def _set_aside(services: Services) -> list[Left]:
    """The dead letters that wait, by service and reason, each with its oldest."""

    async def of_one(service: str, reason: str) -> Left | None:
        page = await services.ask(service, "/v1/dead-letters", state="waiting", reason=reason, limit="1")
        if not page["rows"]:
            return None
        first = page["rows"][0]
        return Left(service, reason, page["total"], f"{first['topic']} n° {first['id']}", first["message"])

    asked = [of_one(service, reason.value) for service in services.urls for reason in Reason]
    return [left for left in await asyncio.gather(*asked) if left is not None]


def _counted(names: Iterator[str]) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for name in names:
        counted[name] += 1
    return dict(counted)


def _by_code(answers: list[Report], outcomes: tuple[str, ...]) -> Iterator[Left]:
    """The anomalies of the declarations that ended so, by code, the commonest first.

    Of each the first by its name, in whatever order partitions were read.
    """
    found: dict[str, list[tuple[str, Sentence]]] = defaultdict(list)
    for answer in answers:
        if answer["outcome"] in outcomes:
            for anomaly in answer["anomalies"]:
                example = f"{answer['payer_id']} {answer['declaration_id']}"
                found[anomaly["code"]].append((example, anomaly["message"]))
    for code, those in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        yield Left("contributions", code, len(those), *min(those, key=lambda one: one[0]))
