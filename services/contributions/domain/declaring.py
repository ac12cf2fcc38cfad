"""Declarations read: parts gathered, completed, answered, and brought to effect."""

from dataclasses import dataclass

from recouvra.contracts.payroll_declared import PayrollDeclared
from recouvra.contracts.reading import Received
from recouvra.law.declared import closed_by
from services.contributions.domain import answers
from services.contributions.domain.account import Account
from services.contributions.domain.changes import Changes
from services.contributions.domain.declaration import Answer, Declaration, Part, State
from services.contributions.domain.dues import assess
from services.contributions.domain.effect import Effect, Keyed, conflict, repeat
from services.contributions.domain.employment import PayerOf
from services.contributions.domain.judging import came_to_effect, judge, own_fault


@dataclass(slots=True)
class Desk:
    """Where one payer's declarations are taken in: its account, whom it employs, and the Book's changes."""

    account: Account
    payer_of: PayerOf
    changes: Changes

    def take_in(self, event: PayrollDeclared, received: Received) -> Effect:
        """Takes in one part; the last one that was missing completes its declaration. Source: DEF-021, DEF-027."""
        declaration = self.account.declarations.get(event.declaration_id)
        if declaration is None:
            declaration = Declaration(event.declaration_id, event.period, event.parts, event.replaces)
            self.account.declarations[event.declaration_id] = declaration
            self.changes.new_declarations.add((self.account.key, event.declaration_id))
        elif event.part in declaration.parts:
            return repeat(received, declaration.parts[event.part].content)
        elif declaration.state is not State.INCOMPLETE:
            return conflict(received)
        read_no = len(declaration.parts) + 1
        declaration.parts[event.part] = Part.sent_as(event, received.envelope.time, received.content, read_no)
        self._changed(declaration)
        self.changes.parts.add((self.account.key, event.declaration_id, event.part))
        effect = Effect(touched=[self.account])
        if read_no == declaration.parts_announced:
            effect.facts = self.complete(declaration)
        return effect

    def complete(self, declaration: Declaration) -> list[Keyed]:
        """Completes a declaration that has all its parts; the last fact that comes back is the answer to it.

        Before the payer is affiliated it is kept, and answered `pending`. Source: DEF-021, DEF-023.
        """
        self.account.completed_count += 1
        declaration.completed_no = self.account.completed_count
        facts = self._close_incomplete(declaration)
        if self.account.affiliation is not None:
            return facts + self._bring_to_effect(declaration)
        answer = answers.pending(declaration, self.account.key)
        return [*facts, self._answer(declaration, State.PENDING, answer)]

    def resume(self) -> list[Keyed]:
        """Brings what is pending to effect, in the order of completion, now that the payer is affiliated.

        Source: DEF-021, DEF-023.
        """
        waiting = [one for one in self.account.declarations.values() if one.state is State.PENDING]
        facts: list[Keyed] = []
        for declaration in sorted(waiting, key=lambda one: one.completed_no or 0):
            facts += self._bring_to_effect(declaration)
        return facts

    def _close_incomplete(self, declaration: Declaration) -> list[Keyed]:
        """Closes the incomplete declaration that a complete one names, be the payer affiliated or not.

        A replacement that is itself worthless closes nothing. Source: DEF-021.
        """
        old = self.account.declarations.get(declaration.replaces) if declaration.replaces else None
        if old is None or old.state is not State.INCOMPLETE or old is declaration or old.period != declaration.period:
            return []
        affiliation = self.account.affiliation
        if own_fault(declaration, affiliation.payer_kind if affiliation else None) is not None:
            return []
        old.replaced_by = declaration.declaration_id
        finding = closed_by(old.declaration_id, declaration.declaration_id)
        return [self._answer(old, State.REJECTED, answers.rejected(old, finding))]

    def _bring_to_effect(self, declaration: Declaration) -> list[Keyed]:
        """Accepts or rejects a complete declaration of an affiliated payer. Source: DEF-021, DEF-024, DEF-025."""
        verdict = judge(self.account, declaration, self.payer_of)
        if verdict.pair is None:
            return [self._answer(declaration, State.REJECTED, verdict.answer)]
        if verdict.replaced is not None:
            verdict.replaced.replaced_by = declaration.declaration_id
            self._changed(verdict.replaced)
        came_to_effect(self.account, declaration, verdict.replaced)
        answered = self._answer(declaration, State.ACCEPTED, verdict.answer)
        assessed = assess(self.account, declaration, verdict.answer, verdict.replaced, verdict.pair, self.changes)
        payer_id = self.account.key
        # Who was told of in this batch may be told of again in it, and then leads to another payer alone.
        told = self.changes.insured and self.changes.insured.intersection(declaration.insured_numbers())
        self.changes.careers.update((number, payer_id) for number in verdict.strangers.union(told))
        self.changes.doubled.update(
            (payer_id, declaration.period, earlier, declaration.declaration_id) for earlier in verdict.doubled
        )
        return [(payer_id, assessed), answered]

    def _answer(self, declaration: Declaration, state: State, answer: Answer) -> Keyed:
        declaration.state, declaration.answer = state, answer
        self._changed(declaration)
        self.changes.answers.add((self.account.key, declaration.declaration_id))
        return self.account.key, answers.answered(self.account.key, declaration, answer)

    def _changed(self, declaration: Declaration) -> None:
        self.changes.declarations.add((self.account.key, declaration.declaration_id))
