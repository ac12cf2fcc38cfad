"""`recouvra validate FILE`: a payroll's file checked offline by the server's own rules, before anything is sent."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from recouvra.cli.given import content_of, time_of
from recouvra.cli.terminal import notes, wrong_use
from recouvra.local.errors import readers_language

if TYPE_CHECKING:
    from recouvra.vendor.checking import Terms

_KIND = (
    "state, local_authority, private_employer, pension_body, self_employed : sans lui, pas de montants dus / no dues"
)
_READING = {"fr": "Lecture et vérification", "en": "Reading and checking"}
_BESIDE = "à défaut de colonne / where the table has no column"


def validate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSON, JSON lines, CSV ou / or XLSX", show_default=False)
    ],
    payer_kind: Annotated[str | None, typer.Option(help=_KIND, show_default=False)] = None,
    frequency: Annotated[
        str | None, typer.Option(help="monthly, quarterly : pour l'échéance / for the due day", show_default=False)
    ] = None,
    declaration_id: Annotated[str | None, typer.Option(help=_BESIDE, show_default=False)] = None,
    payer_id: Annotated[str | None, typer.Option(help=_BESIDE, show_default=False)] = None,
    period: Annotated[str | None, typer.Option(help=_BESIDE, show_default=False)] = None,
    replaces: Annotated[str | None, typer.Option(help=_BESIDE, show_default=False)] = None,
    total_lines: Annotated[int | None, typer.Option(help=_BESIDE, show_default=False)] = None,
    total_base_xof: Annotated[int | None, typer.Option(help=_BESIDE, show_default=False)] = None,
    sheet: Annotated[
        str | None, typer.Option(help="La feuille / the worksheet", show_default="première / first")
    ] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole",
            help="Une valeur JSON peut tenir toutes les lignes, que send et POST découpent / "
            "a JSON value may hold all lines, which send and POST cut into parts",
        ),
    ] = False,
    time: Annotated[
        str | None,
        typer.Option(help="Quand ce sera envoyé / when it is sent (RFC 3339)", show_default="maintenant / now"),
    ] = None,
    show: Annotated[
        int, typer.Option(min=0, help="Combien de lignes de chaque liste / how many rows of each list")
    ] = 20,
    lang: Annotated[str | None, typer.Option(help="fr, en", show_default="LANG, sinon / else fr")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Tout, pour les machines / all of it, for machines")] = False,
) -> int:
    """Vérifie un fichier sans réseau, par les règles du serveur / Check a file offline, by the server's own rules.

    Code 0 : rien à corriger ; 1 : des fautes, une déclaration rejetée ou incomplète, une ligne refusée / exit code 0:
    nothing to correct; 1: faults, a declaration rejected or incomplete, a line refused.
    """
    from recouvra.cli.validate_shown import Shown
    from recouvra.cli.validate_told import told
    from recouvra.vendor.checking import check
    from recouvra.vendor.files import form_of, read_filing
    from recouvra.vendor.headings import Said

    language = _one_of("--lang", lang, ("fr", "en")) or readers_language() or "fr"
    terms = _terms(payer_kind, frequency, time)
    said = Said(declaration_id, payer_id, period, replaces, total_lines, total_base_xof)
    content = content_of(file)
    form = form_of(content, file.name)
    if form == "json" and said.given():
        raise wrong_use(
            f"{file} est du JSON, et dit tout lui-même : ôtez --{min(said.given()).replace('_', '-')}.",
            f"{file} is JSON and says everything itself: leave out --{min(said.given()).replace('_', '-')}.",
        )
    with notes.status(_READING[language]):  # a large workbook takes a while
        filing = read_filing(content, form, said, sheet=sheet, long=whole)
        checking = check(filing, terms)
    if as_json:
        print(json.dumps(told(file.name, filing, checking, terms), ensure_ascii=False))
    else:
        Shown(language, show).draw(file.name, filing, checking, terms)
    return 0 if checking.is_fine else 1


def _terms(payer_kind: str | None, frequency: str | None, time: str | None) -> "Terms":
    from recouvra.contracts.event import FilingFrequency, PayerKind
    from recouvra.vendor.checking import Terms

    _one_of("--payer-kind", payer_kind, get_args(PayerKind))
    _one_of("--frequency", frequency, get_args(FilingFrequency))
    kind: Any = payer_kind
    filing: Any = frequency
    return Terms(time_of(time), kind, filing)


def _one_of(option: str, value: str | None, admitted: tuple[str, ...]) -> str | None:
    if value is not None and value not in admitted:
        raise wrong_use(
            f"{option} {value} : choisissez parmi {', '.join(admitted)}.",
            f"{option} {value}: choose one of {', '.join(admitted)}.",
        )
    return value
