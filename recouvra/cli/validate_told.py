"""What `recouvra validate --json` says: everything, in the words of the published language."""

import json
from typing import Any

from recouvra.contracts.codes import Message
from recouvra.law.finding import worded
from recouvra.vendor.checking import Checked, CheckedLine, Checking, Terms
from recouvra.vendor.faults import Fault, Filing, Place

ONLY_THE_SERVER = Message(
    fr="Seul le serveur sait : si le cotisant est affilié, si chaque numéro est connu et employé chez lui, et ce qui a "
    "déjà été déclaré (la répétition POST /v1/declarations/dry-run le dit).",
    en="Only the server knows: whether the payer is affiliated, whether each number is known and employed there, and "
    "what was declared before (the dry run, POST /v1/declarations/dry-run, tells).",
)


def told(name: str, filing: Filing, checking: Checking, terms: Terms) -> dict[str, Any]:
    """The whole result as JSON: `is_fine`, `faults`, `declarations` (answer, anomalies, lines with dues), `notes`.

    `at` is where something stands: `line` of the file or row of the sheet, `column` its heading, `field` the JSON
    Pointer. Amounts are whole francs, null where nobody can say.
    """
    return {
        "file": name,
        "form": filing.form,
        "payer_kind": terms.payer_kind,
        "is_fine": checking.is_fine,
        "faults": [_fault(fault) for fault in checking.faults],
        "declarations": [_declaration(checked) for checked in checking.declarations],
        "notes": [note.model_dump() for note in filing.notes],
        "only_the_server_knows": ONLY_THE_SERVER.model_dump(),
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "at": _at(fault.place),
        "code": fault.reason.value,
        "received": _plain(fault.received),
        "expected": fault.expected.model_dump() if fault.expected else None,
        "message": fault.message.model_dump(),
    }


def _declaration(checked: Checked) -> dict[str, Any]:
    return {
        "declaration_id": checked.declaration_id,
        "payer_id": checked.payer_id,
        "period": checked.period,
        "outcome": checked.outcome,
        "parts": sorted(checked.parts),
        "parts_lacking": checked.parts_lacking,
        "lines_received": checked.lines_received,
        "lines_accepted": checked.lines_accepted,
        "lines_rejected": checked.lines_rejected,
        "insured_share_xof": checked.insured_share_xof,
        "payer_share_xof": checked.payer_share_xof,
        "assessed_xof": checked.assessed_xof,
        "due_on": checked.due_on.isoformat() if checked.due_on else None,
        "anomalies": [
            {**worded(finding).model_dump(mode="json"), "at": _at(place)} for finding, place in checked.findings
        ],
        "lines": [_line(line) for line in checked.lines],
    }


def _line(line: CheckedLine) -> dict[str, Any]:
    return {
        "at": _at(line.place),
        "line_no": line.line_no,
        "insured_number": line.insured_number,
        "base_xof": line.base_xof,
        "refused": line.is_refused,
        "strange_number": line.is_strange,
        "base_used_xof": line.base_used_xof,
        "insured_share_xof": line.insured_share_xof,
        "payer_share_xof": line.payer_share_xof,
    }


def _at(place: Place) -> dict[str, Any]:
    return {"line": place.line, "column": place.column, "field": place.field}


def _plain(value: object) -> Any:
    """What stood there, as JSON; a date of a spreadsheet as text."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError):
        return str(value)
