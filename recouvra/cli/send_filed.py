"""A payroll's file on its way to `payroll-declared`: read and checked whole, as `recouvra validate` does it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recouvra.cli.given import content_of
from recouvra.cli.send_records import Ready, Sending, record_of
from recouvra.cli.terminal import wrong_use
from recouvra.local.errors import LocalError, readers_language

if TYPE_CHECKING:
    from recouvra.vendor.checking import Checking
    from recouvra.vendor.headings import Said

_SHOWN = 20


def filed(
    file: Path, sending: Sending, said: Said, sheet: str | None, *, anyway: bool, as_json: bool
) -> Sequence[Ready]:
    """The records of a file of declarations (JSON, CSV, XLSX), each of at most 1,000 lines, in its order.

    `anyway`: a declaration that would be rejected goes all the same. Raises LocalError, once it has shown what is
    wrong, where the file holds something that would not be read, or such a declaration.
    """
    from recouvra.cli.validate_shown import Shown
    from recouvra.cli.validate_told import told
    from recouvra.vendor.checking import Terms, check
    from recouvra.vendor.files import form_of, read_filing

    content = content_of(file)
    form = form_of(content, file.name)
    if form == "json" and said.given():
        option = min(said.given()).replace("_", "-")
        raise wrong_use(
            f"{file} est du JSON, et dit tout lui-même : ôtez --{option}.",
            f"{file} is JSON and says everything itself: leave out --{option}.",
        )
    filing = read_filing(content, form, said, sheet=sheet, long=True)
    terms = Terms(sending.at)
    checking = check(filing, terms)
    if checking.faults or (not anyway and _rejected(checking)):
        if as_json:
            print(json.dumps(told(file.name, filing, checking, terms), ensure_ascii=False))
        else:
            Shown(readers_language() or "fr", _SHOWN).draw(file.name, filing, checking, terms)
        raise _refused(file, checking)
    return [Ready(record_of(part.event, sending, envelope=part.envelope), part.event) for part in filing.parts]


def _rejected(checking: Checking) -> list[str]:
    return [one.declaration_id for one in checking.declarations if one.outcome == "rejected"]


def _refused(file: Path, checking: Checking) -> LocalError:
    if checking.faults:
        count = len(checking.faults)
        return LocalError(
            f"{file} : {count} faute(s). Rien n'a été publié.", f"{file}: {count} fault(s). Nothing was published."
        )
    named = ", ".join(_rejected(checking)[:_SHOWN])
    return LocalError(
        f"{file} : {named} serait rejetée, et son identifiant perdu. Rien n'a été publié (--anyway l'envoie quand "
        "même).",
        f"{file}: {named} would be rejected, and its identifier be lost. Nothing was published (--anyway sends it all "
        "the same).",
    )
