"""What `recouvra validate` shows to a person: faults, each declaration with its dues, and what nobody can say here."""

from collections.abc import Sequence

from rich.markup import escape

from recouvra.cli.terminal import francs, output, table
from recouvra.cli.validate_told import ONLY_THE_SERVER
from recouvra.contracts.codes import Message
from recouvra.contracts.sentences import shown, typeset
from recouvra.law.finding import worded
from recouvra.vendor.checking import Checked, CheckedLine, Checking, Terms
from recouvra.vendor.faults import Fault, Filing, Place

_LONGEST = 40
_OUTCOMES = {
    "accepted": Message(fr="acceptée", en="accepted"),
    "accepted_with_anomalies": Message(fr="acceptée, avec des anomalies à regarder", en="accepted, with anomalies"),
    "rejected": Message(fr="rejetée en entier", en="rejected as a whole"),
    "incomplete": Message(fr="incomplète : sans effet avant toutes ses parties", en="incomplete: no effect yet"),
}


class Shown:
    """The pages of one result, in one language, each list cut after so many rows."""

    def __init__(self, language: str, most: int) -> None:
        self._french, self._most = language == "fr", most

    def draw(self, name: str, filing: Filing, checking: Checking, terms: Terms) -> None:
        """Prints all of it."""
        self._say(f"{name} ({filing.form.upper()})", style="bold")
        for note in filing.notes:
            self._say(self._of(note))
        self._faults(checking.faults)
        for checked in checking.declarations:
            self._declaration(checked, terms)
        if checking.declarations and terms.payer_kind is None:
            self._say(
                self._in(
                    "Sans --payer-kind, ni plancher (SMIG) ni montants dus ne peuvent être calculés.",
                    "Without --payer-kind neither the floor (SMIG) nor dues can be reckoned.",
                )
            )
        self._say("")
        self._say(self._of(ONLY_THE_SERVER))
        self._say(self._verdict(checking), style="bold green" if checking.is_fine else "bold red")

    def _verdict(self, checking: Checking) -> str:
        if not checking.is_fine:
            return self._in("À corriger avant l'envoi.", "To be corrected before it is sent.")
        if any(one.findings or any(line.is_strange for line in one.lines) for one in checking.declarations):
            return self._in(
                "Rien n'empêche l'envoi ; regardez ce qui est signalé.", "Nothing stops it; look at what is told."
            )
        return self._in("Rien à corriger.", "Nothing to correct.")

    def _faults(self, faults: Sequence[Fault]) -> None:
        if not faults:
            return
        self._say("")
        self._say(
            self._in(
                f"{_many(len(faults))} faute(s) : ce qui est fautif ne serait pas lu.",
                f"{_many(len(faults))} fault(s): what is faulty would not be read.",
            ),
            style="bold red",
        )
        rows = [
            (
                self._place(fault.place),
                fault.reason.value,
                self._value(fault.received),
                self._of(fault.expected or fault.message),
            )
            for fault in faults[: self._most]
        ]
        self._table(self._headings(), rows, len(faults))

    def _declaration(self, checked: Checked, terms: Terms) -> None:
        self._say("")
        self._say(
            self._in(
                f"Déclaration {checked.declaration_id}, cotisant {checked.payer_id}, {checked.period} : ",
                f"Declaration {checked.declaration_id}, payer {checked.payer_id}, {checked.period}: ",
            )
            + self._of(_OUTCOMES[checked.outcome]),
            style="bold",
        )
        if checked.outcome == "incomplete":
            lacking = checked.parts_lacking
            named = ", ".join(map(str, lacking[: self._most or 1])) + (" …" if len(lacking) > self._most else "")
            self._say(self._in(f"Parties absentes du fichier : {named}.", f"Parts that the file lacks: {named}."))
            return
        if checked.findings:
            rows = [
                (
                    self._place(place),
                    finding.code.value,
                    self._value(finding.received),
                    self._value(finding.expected),
                    self._of(worded(finding).message),
                )
                for finding, place in checked.findings[: self._most]
            ]
            headings = (
                *self._headings(),
                self._in("Ce qui en est fait, et que faire", "What is made of it, and what to do"),
            )
            self._table(headings, rows, len(checked.findings))
        self._say(
            self._in(
                f"Lignes : {_many(checked.lines_received)} reçues, {_many(checked.lines_accepted)} acceptées, "
                f"{_many(checked.lines_rejected)} refusées.",
                f"Lines: {_many(checked.lines_received)} received, {_many(checked.lines_accepted)} accepted, "
                f"{_many(checked.lines_rejected)} refused.",
            )
        )
        self._strange([line for line in checked.lines if line.is_strange])
        if terms.payer_kind is not None and checked.outcome != "rejected":
            self._dues(checked)

    def _strange(self, lines: Sequence[CheckedLine]) -> None:
        if lines:
            named = ", ".join(f"{line.insured_number} ({self._where(line.place)})" for line in lines[: self._most])
            self._say(
                self._in(
                    f"{_many(len(lines))} numéro(s) que personne n'a : ni les 12 chiffres, ni leur clé. Ils seraient "
                    f"acceptés, et inconnus (unknown-insured). {named}",
                    f"{_many(len(lines))} number(s) that nobody has: not the 12 digits with their key. They would be "
                    f"accepted, and unknown (unknown-insured). {named}",
                )
                + (" …" if len(lines) > self._most else "")
            )

    def _dues(self, checked: Checked) -> None:
        headings = (
            self._in("Où", "Where"),
            self._in("Ligne", "Line"),
            self._in("Assuré", "Insured"),
            self._in("Assiette", "Base"),
            self._in("Retenue", "Used"),
            self._in("Part assuré", "Insured share"),
            self._in("Part employeur", "Payer share"),
            self._in("Dû", "Due"),
        )
        rows = [
            (
                self._where(line.place),
                str(line.line_no),
                line.insured_number,
                francs(line.base_xof),
                *(
                    francs(amount) if amount is not None else self._in("refusée", "refused")
                    for amount in (line.base_used_xof, line.insured_share_xof, line.payer_share_xof, line.due_xof)
                ),
            )
            for line in checked.lines[: self._most]
        ]
        if rows:
            output.print(table(headings, rows, numbers_from=3))
        self._left(len(rows), len(checked.lines))
        due_on = checked.due_on.isoformat() if checked.due_on else None
        self._say(
            self._in(
                f"Dû : {francs(checked.assessed_xof or 0)} F (part des assurés {francs(checked.insured_share_xof or 0)}"
                f" F, part de l'employeur {francs(checked.payer_share_xof or 0)} F)"
                + (f", échéance {due_on}." if due_on else "."),
                f"Due: {francs(checked.assessed_xof or 0)} F (insured share {francs(checked.insured_share_xof or 0)} F,"
                f" payer share {francs(checked.payer_share_xof or 0)} F)" + (f", due on {due_on}." if due_on else "."),
            ),
            style="bold",
        )

    def _headings(self) -> tuple[str, ...]:
        return (
            self._in("Où", "Where"),
            "Code",
            self._in("Reçu", "Received"),
            self._in("Attendu", "Expected"),
        )

    def _table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], count: int) -> None:
        if rows:
            output.print(table(headings, [[escape(cell) for cell in row] for row in rows], numbers_from=len(headings)))
        self._left(len(rows), count)

    def _left(self, told: int, count: int) -> None:
        if count > told:
            left = _many(count - told)
            self._say(self._in(f"… et {left} de plus (--json les a toutes).", f"… and {left} more (--json has all)."))

    def _place(self, place: Place) -> str:
        where = [self._where(place)] if place.line is not None else []
        if place.column is not None:
            where.append(self._in(f"colonne {place.column}", f"column {place.column}"))
        elif place.field:
            where.append(place.field)
        return ", ".join(where) or self._in("le fichier", "the file")

    def _where(self, place: Place) -> str:
        if place.line is None:
            return place.field
        return self._in(f"ligne {place.line}", f"line {place.line}")

    def _value(self, value: object) -> str:
        if value is None:
            return "–"
        if isinstance(value, int) and not isinstance(value, bool):
            return self._of(Message(**shown(value)._asdict()))
        text = "".join(one if one.isprintable() else "·" for one in str(value))
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

    def _say(self, text: str, style: str | None = None) -> None:
        output.print(text, style=style, markup=False, soft_wrap=True)

    def _of(self, message: Message) -> str:
        return message.fr if self._french else message.en

    def _in(self, fr: str, en: str) -> str:
        return typeset(fr) if self._french else en


def _many(count: int) -> str:
    return francs(count)
