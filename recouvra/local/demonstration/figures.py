"""What the demonstration shows at its end."""

from dataclasses import dataclass
from typing import Any

from recouvra.local.demonstration.services import Services
from recouvra.local.demonstration.topics import Topics

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Aside:
    """What one service has not taken in for good: how much waits for its cause, and how much was set aside."""

    service: str
    waiting: int
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Answers of `/v1/collection-rates` and of `/v1/money`, all of one instant, and what is left aside."""

    by_kind: Report
    by_region: Report
    money: Report
    aside: tuple[Aside, ...]


async def read_figures(services: Services, topics: Topics) -> Figures:
    """The figures as reporting knows them now; raises LocalError where a service does not answer."""
    by_kind = await services.ask("reporting", "/v1/collection-rates", group_by="payer_kind")
    as_of = by_kind["as_of"]
    by_region = await services.ask("reporting", "/v1/collection-rates", group_by="region", as_of=as_of, limit="500")
    money = await services.ask("reporting", "/v1/money", as_of=as_of, limit="500")
    waiting = await services.ask("contributions", "/v1/waiting", limit="1")
    pending_hires = [answer for answer in (await topics.answers()).values() if answer.outcome == "pending"]
    waits = {
        "registration": len(pending_hires),
        "contributions": sum(waiting[f"{what}_count"] for what in ("incomplete", "pending", "reversal")),
    }
    aside = [
        Aside(name, waits.get(name, 0), (await services.gauges(name)).sum_of("recouvra_dead_letters", state="waiting"))
        for name in services.urls
    ]
    return Figures(by_kind, by_region, money, tuple(aside))
