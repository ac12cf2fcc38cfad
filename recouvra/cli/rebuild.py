"""`recouvra rebuild SERVICE`: a service's read models made again from the topics, and put in the place of the old."""

import os
from typing import Annotated

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, DataOption
from recouvra.cli.run_service import environment_of


def rebuild(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="reporting")],
    check: Annotated[bool, typer.Option("--check", help="Compare sans échanger / compare, swap nothing")] = False,
    data: DataOption = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Pour les machines / for machines")] = False,
) -> None:
    """Refait les tables des rapports depuis les sujets, sans arrêt / Make the reports' tables again from the topics.

    Celles qui servent servent jusqu'à l'échange, d'un coup. Tuée, elle reprend quand on la relance.

    Those that serve go on until the swap, all at once. Killed, it goes on where it stood when it is run again.

    Code 1 : pas finie, ou --check a trouvé des différences / exit code 1: not ended, or --check found differences.
    """
    from recouvra.local.roles import command

    environment = environment_of(service, "rebuild", data)
    options = [*(["--check"] if check else []), *(["--json"] if as_json else [])]
    # In its place, not as its child: whoever kills the one kills the other.
    words = [*command(service, "--rebuild"), *options]
    os.execve(words[0], words, environment)
