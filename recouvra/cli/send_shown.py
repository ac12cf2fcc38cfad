"""The answers to a sending as a person reads them: state, dues, every anomaly with its place and sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from recouvra.cli.send_answers import Awaited, Identity
from recouvra.cli.terminal import francs, heading, output, table, tell
from recouvra.local.errors import in_the_readers_language

_MANY = 20
"""Of more answers than this only those with something to look at are told one by one."""

_STATES = {
    "accepted": ("acceptée", "accepted"),
    "accepted_with_anomalies": ("acceptée avec des anomalies", "accepted with anomalies"),
    "pending": ("en attente de l'affiliation du cotisant", "pending until the payer is affiliated"),
    "rejected": ("rejetée", "rejected"),
    "registered": ("immatriculé", "registered"),
    "already_registered": ("déjà immatriculé", "already registered"),
    "transferred": ("passé à cet employeur", "transferred to this employer"),
}
_HIRE = {
    "pending": ("embauche en attente de l'affiliation de l'employeur", "hire pending until the payer is affiliated"),
    "rejected": ("embauche rejetée", "hire rejected"),
}


def show(awaited: Awaited, wait: float) -> None:
    """Print every answer and refusal, and tell what was not answered."""
    answers = awaited.answers
    several = len(answers) > _MANY
    for identity, said in answers.items():
        if not several or said["anomalies"] or said["outcome"] in ("pending", "rejected"):
            _show_answer(identity, said, identity in awaited.earlier)
    if several:
        _show_counts(answers.values())
    for one in awaited.refused:
        place = f"{one.said['topic']} {one.said['partition']}:{one.said['offset']}"
        whose = " ".join(one.identity) if one.identity else place
        tell(
            f"{whose} : refusé par {one.said['service']}, {one.said['reason']}. {one.said['message']['fr']}",
            f"{whose}: refused by {one.said['service']}, {one.said['reason']}. {one.said['message']['en']}",
        )
    _tell_lacking(awaited)
    for payer, own in sorted(awaited.due)[:_MANY]:
        if (payer, own) in awaited.otherwise:
            tell(
                f"{own} de {payer} : une réponse d'avant est celle d'un autre contenu ; celui-ci sera refusé. "
                "Donnez-lui un nouveau declaration_id.",
                f"{own} of {payer}: an answer from before is to another content; this one will be refused. Give it a "
                "new declaration_id.",
            )
        else:
            tell(f"{own} de {payer} : pas de réponse.", f"{own} of {payer}: no answer.")
    if due := len(awaited.due - awaited.otherwise):
        tell(
            f"{due} sans réponse après {wait:g} s. Ce qui est publié le reste : relancez la même commande sans "
            "crainte, elle retrouvera la réponse.",
            f"{due} without an answer after {wait:g} s. What was published stays so: run the same command again "
            "without fear, it will find the answer.",
        )


def _show_answer(identity: Identity, said: Mapping[str, Any], earlier: bool) -> None:
    payer, own = identity
    hire = "insured_number" in said
    state = in_the_readers_language(*((_HIRE if hire else {}).get(said["outcome"]) or _STATES[said["outcome"]]))
    told = [f"{own} · {payer}", state, *(_of_hire(said) if hire else _of_declaration(said))]
    output.print(" · ".join(told), markup=False, soft_wrap=True)
    if earlier:
        tell(
            "  (réponse donnée avant cet envoi, à ce qui portait ce nom : le même contenu n'en reçoit pas d'autre, "
            "un autre sera refusé, sur record-refused)",
            "  (answered before this sending, to what had this name then: the same content gets no other answer, "
            "another one will be refused, on record-refused)",
        )
    _show_anomalies(said)


def _of_hire(said: Mapping[str, Any]) -> list[str]:
    number = said["insured_number"]
    return [in_the_readers_language(f"numéro {number}", f"number {number}")] if number else []


def _of_declaration(said: Mapping[str, Any]) -> list[str]:
    if said["outcome"] == "pending":
        return [said["period"]]
    accepted, received, due = said["lines_accepted"], said["lines_received"], francs(said["assessed_xof"])
    told = [
        said["period"],
        in_the_readers_language(
            f"{accepted} lignes sur {received} retenues", f"{accepted} of {received} lines accepted"
        ),
    ]
    if said["due_on"]:
        told.append(in_the_readers_language(f"dû {due} FCFA le {said['due_on']}", f"{due} XOF due on {said['due_on']}"))
    return told


def _show_anomalies(said: Mapping[str, Any]) -> None:
    if not said["anomalies"]:
        return
    rows = [
        (
            "–" if one.get("line_no") is None else str(one["line_no"]),
            one["code"],
            one["field"],
            _value(one["received"]),
            _value(one["expected"]),
            in_the_readers_language(one["message"]["fr"], one["message"]["en"]),
        )
        for one in said["anomalies"]
    ]
    headings = (
        heading("ligne", "line"),
        "code",
        heading("champ", "field"),
        heading("reçu", "received"),
        heading("attendu", "expected"),
        heading("que faire", "what to do"),
    )
    output.print(table(headings, rows, numbers_from=len(headings)))
    if left := said.get("anomalies_left"):
        place = f"/v1/declarations/{said['declaration_id']}?payer_id={said['payer_id']}"
        tell(
            f"  … et {left} autres anomalies, sous {place} du service contributions.",
            f"  … and {left} more anomalies, at {place} of the service contributions.",
        )


def _value(value: object) -> str:
    return "–" if value is None else str(value)


def _show_counts(answers: Iterable[Mapping[str, Any]]) -> None:
    answers = list(answers)
    for outcome, count in Counter(str(said["outcome"]) for said in answers).most_common():
        tell(f"{count} : {_STATES[outcome][0]}", f"{count}: {_STATES[outcome][1]}")
    if any("assessed_xof" in said for said in answers):
        due = francs(sum(int(said["assessed_xof"]) for said in answers))
        tell(f"Dû en tout : {due} FCFA.", f"Due in all: {due} XOF.")


def _tell_lacking(awaited: Awaited) -> None:
    for (payer, own), parts in list(awaited.lacking.items())[:_MANY]:
        if (payer, own) not in awaited.answers:
            named = ", ".join(map(str, parts[:_MANY])) + ("…" if len(parts) > _MANY else "")
            tell(
                f"{own} de {payer} : ce fichier n'a pas les parties {named} ; la réponse vient quand toutes sont lues.",
                f"{own} of {payer}: this file lacks the parts {named}; the answer comes once all are read.",
            )
