"""What is awaited of a sending, and what was heard: the answers to it, and the refusals of its records.

A declaration is answered once all its parts were read, a hire at once; other events get no answer, only a refusal where
their record could not be taken. What was sent before under the same identity has its answer already (DEF-027): it
stands on the topic before the positions from which a sending reads. Nothing on it tells of which content it is, beyond
a declaration's period and how many lines were read: where these differ, it is none to what is sent now, which will be
refused; where they don't, whoever reads it is told that it is the earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recouvra.contracts.event import Event

_DECLARED = "payroll-declared"
ANSWERED_ON = {_DECLARED: "declaration-answered", "registration-requested": "registration-answered"}
REFUSALS = "record-refused"
_NAMED_BY = {_DECLARED: "declaration_id", "registration-requested": "request_id"}

Place = tuple[str, int, int]
"""Topic, partition and offset of a record."""

Identity = tuple[str, str]
"""Payer, and the declaration or the request of its own."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that a service set aside: what `record-refused` says, and whose record it was, where it has a name."""

    identity: Identity | None
    said: Mapping[str, Any]


@dataclass(slots=True)
class Awaited:
    """What is to be heard of one sending; `hear` takes what is published, in whatever order it comes.

    Attributes:
        parts: of each declaration the parts sent, and how many there are; of a hire one of one.
        places: whose record stands where, for those that were acknowledged.
        answers: what was answered, the latest of each.
        said: of each declaration the periods and the number of lines of the parts sent.
        earlier: whose answer stood there before this sending.
        otherwise: who was answered before, and not to what is sent now.
    """

    topic: str
    parts: dict[Identity, tuple[set[int], int]] = field(default_factory=dict)
    said: dict[Identity, tuple[set[str], int]] = field(default_factory=dict)
    places: dict[Place, Identity | None] = field(default_factory=dict)
    answers: dict[Identity, Mapping[str, Any]] = field(default_factory=dict)
    earlier: set[Identity] = field(default_factory=set)
    otherwise: set[Identity] = field(default_factory=set)
    refused: list[Refused] = field(default_factory=list)

    @classmethod
    def of(cls, topic: str, events: Iterable[Event]) -> Awaited:
        """What is awaited of these events of one topic."""
        awaited = cls(topic)
        for event in events:
            awaited.expect(event)
        return awaited

    def expect(self, event: Event) -> None:
        """Await what this event will be answered."""
        if (identity := self.identity(event)) is not None:
            sent, _ = self.parts.setdefault(identity, (set(), getattr(event, "parts", 1)))
            part = getattr(event, "part", 1)
            if part not in sent and self.topic == _DECLARED:
                periods, lines = self.said.get(identity, (set(), 0))
                self.said[identity] = (periods | {getattr(event, "period")}, lines + len(getattr(event, "lines")))  # noqa: B009
            sent.add(part)

    def identity(self, event: Event) -> Identity | None:
        """By what name an event is answered; None where it is not."""
        if self.topic not in _NAMED_BY:
            return None
        return getattr(event, "payer_id"), getattr(event, _NAMED_BY[self.topic])  # noqa: B009 (of two classes)

    @property
    def reads(self) -> tuple[str, ...]:
        """The topics on which it is to be heard."""
        return (*((ANSWERED_ON[self.topic],) if self.topic in ANSWERED_ON else ()), REFUSALS)

    @property
    def lacking(self) -> dict[Identity, list[int]]:
        """The declarations of which this sending holds not all parts, and the parts that it does not hold."""
        return {
            identity: [part for part in range(1, parts + 1) if part not in sent]
            for identity, (sent, parts) in self.parts.items()
            if len(sent) < parts
        }

    @property
    def due(self) -> set[Identity]:
        """Whose answer must come, and has not; one of whose records was refused is not waited for."""
        told = self.answers.keys() | {one.identity for one in self.refused}
        return {identity for identity, (sent, parts) in self.parts.items() if len(sent) == parts} - told

    @property
    def is_well(self) -> bool:
        """Whether everything that must be answered was, and nothing refused or rejected."""
        rejected = any(answer["outcome"] == "rejected" for answer in self.answers.values())
        return not (self.refused or self.due or rejected)

    def hear(self, topic: str, value: Mapping[str, Any], *, earlier: bool = False) -> None:
        """Take what a record of these topics says; what is not about this sending is passed over.

        `earlier`: it was published before the sending. Only an answer to what was sent before is of use then.
        """
        if topic != REFUSALS:
            identity = (str(value["payer_id"]), str(value[_NAMED_BY[self.topic]]))
            if identity not in self.parts:
                return
            if earlier and identity in self.answers and identity not in self.earlier:
                return  # what was said since stands
            if earlier and not self._may_be_to(identity, value):
                self.otherwise.add(identity)
            else:
                self.answers[identity] = value
                (self.earlier.add if earlier else self.earlier.discard)(identity)
        elif not earlier and (place := (value["topic"], value["partition"], value["offset"])) in self.places:
            self.refused.append(Refused(self.places[place], value))

    def _may_be_to(self, identity: Identity, answer: Mapping[str, Any]) -> bool:
        """Whether an earlier answer may be one to the content that is sent now; of a part of it nobody can tell."""
        sent, parts = self.parts[identity]
        if identity not in self.said or len(sent) < parts:
            return True
        periods, lines = self.said[identity]
        return answer["period"] in periods and answer["lines_received"] == lines

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "answers": [{**said, "earlier": own in self.earlier} for own, said in self.answers.items()],
            "refused": [one.said for one in self.refused],
            "unanswered": list(self._named(sorted(self.due))),
            "incomplete": [
                name | {"lacking": parts}
                for name, parts in zip(self._named(self.lacking), self.lacking.values(), strict=True)
            ],
        }

    def _named(self, identities: Iterable[Identity]) -> Iterator[dict[str, Any]]:
        name = _NAMED_BY.get(self.topic, "")
        return ({"payer_id": payer, name: own} for payer, own in identities)
