"""`recouvra topics`: create the topics."""

import asyncio
import json
from typing import Annotated

import typer

from recouvra.cli.addresses import DEFAULT_FOLDER, BootstrapOption, DataOption, broker
from recouvra.cli.terminal import output, tell


def topics(
    bootstrap: BootstrapOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Pour les machines / for machines")] = False,
) -> None:
    """Crée les sujets ; ceux qui existent restent / Create the topics; those that exist are left alone."""
    from recouvra.local.topics import create_topics

    done = asyncio.run(create_topics(broker(bootstrap, data)))
    if as_json:
        differing = {
            topic: {name: {"is": is_, "wanted": wanted} for name, (is_, wanted) in settings.items()}
            for topic, settings in done.differing.items()
        }
        output.print_json(json.dumps({"created": done.created, "present": done.present, "differing": differing}))
    else:
        for name in done.created:
            output.print(f"+ {name}", markup=False)
        for name in done.present:
            output.print(f"= {name}", markup=False)
    for topic, settings in done.differing.items():
        values = ", ".join(f"{name}={is_} ({wanted})" for name, (is_, wanted) in settings.items())
        tell(f"{topic} existe avec d'autres réglages : {values}", f"{topic} exists with other settings: {values}")
    if done.differing:
        raise typer.Exit(1)
