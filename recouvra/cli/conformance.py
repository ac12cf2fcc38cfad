"""`recouvra conformance`: the golden scenarios played on a running stack, and which of them end as they are written."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recouvra.cli import kafka
from recouvra.cli.addresses import DEFAULT_FOLDER, BootstrapOption, DataOption
from recouvra.cli.golden.fresh import fresh, new_run
from recouvra.cli.golden.play import Play
from recouvra.cli.golden.running import on_a_running_stack
from recouvra.cli.golden.scenario import scenarios
from recouvra.cli.kafka_clients import in_a_sentence
from recouvra.cli.terminal import notes, output, progress, tell, wrong_use
from recouvra.local.errors import in_the_readers_language
from recouvra.local.folder import running_stack

if TYPE_CHECKING:
    from recouvra.cli.golden.scenario import Scenario

_option = typer.Option


def conformance(
    only: Annotated[
        list[str] | None, _option(help="Scénario, 07 ; répétable / scenario; repeatable", show_default=False)
    ] = None,
    leave_data: Annotated[
        bool,
        _option(
            "--leave-data",
            help="J'accepte que leurs données restent dans cette pile / I agree that their data stay in this stack",
        ),
    ] = False,
    wait: Annotated[
        float, _option(min=1, metavar="SECONDS", help="Patience à chaque pas / patience at each step")
    ] = 45,
    bootstrap: BootstrapOption = None,
    config: kafka.ConfigOption = None,
    security: kafka.SecurityOption = None,
    mechanism: kafka.MechanismOption = None,
    user: kafka.UserOption = None,
    ca_file: kafka.CaOption = None,
    certificate: kafka.CertificateOption = None,
    key: kafka.KeyOption = None,
    data: DataOption = DEFAULT_FOLDER,
    as_json: Annotated[bool, _option("--json", help="Pour les machines / for machines")] = False,
) -> int:
    """Joue les scénarios de référence sur une pile / Play the golden scenarios on a stack, under names of their own.

    Code 1 si l'un finit autrement qu'il n'est écrit / exit code 1 where one ends otherwise than written.
    """
    chosen = _chosen(only or [])
    reach = kafka.reach(
        bootstrap, data, config,
        protocol=security, mechanism=mechanism, user=user, ca=ca_file, certificate=certificate, key=key,
    )  # fmt: skip
    if not leave_data:
        raise _must_agree(reach.bootstrap, chosen)
    run = new_run()
    play = asyncio.run(_played(reach, services(reach.bootstrap, data), run, chosen, wait))
    if as_json:
        print(json.dumps(_as_json(reach.bootstrap, run, play), ensure_ascii=False, indent=2))
    else:
        _show(run, play)
    return 0 if len(play.right) == len(play.scenarios) else 1


def services(bootstrap: str, folder: Path) -> dict[str, str]:
    """The services' addresses as far as they are known: by environment, else the local stack's if it is this one."""
    stack = running_stack(folder)
    known: dict[str, str] = dict(stack["services"]) if stack and str(stack["kafka"]) == bootstrap else {}
    for service in ("reporting", "registration", "contributions", "liquidation"):
        if url := os.environ.get(f"RECOUVRA_{service.upper()}_URL"):
            known[service] = url.rstrip("/")
    return known


def _chosen(only: Sequence[str]) -> list[Scenario]:
    every = scenarios()
    unknown = [name for name in only if not any(scenario.folder.startswith(name) for scenario in every)]
    if unknown or not every:
        raise wrong_use(
            f"Pas de scénario {', '.join(unknown)} : il y a {every[0].folder[:2]} à {every[-1].folder[:2]}.",
            f"No scenario {', '.join(unknown)}: there are {every[0].folder[:2]} to {every[-1].folder[:2]}.",
        )
    return [scenario for scenario in every if not only or scenario.folder.startswith(tuple(only))]


def _must_agree(bootstrap: str, chosen: Sequence[Scenario]) -> Exception:
    count = sum(len(wave.records) for scenario in chosen for wave in scenario.waves)
    return wrong_use(
        f"{len(chosen)} scénarios, {count} événements, seraient publiés sur {bootstrap}, et y resteraient : cotisants, "
        "montants et lettres mortes d'essai, sous des noms en GS. Si cette pile est faite pour cela, ajoutez "
        "--leave-data.",
        f"{len(chosen)} scenarios, {count} events, would be published to {bootstrap}, and stay there: payers, amounts "
        "and dead letters of a trial, under names that begin with GS. If this stack is made for that, add "
        "--leave-data.",
    )


async def _played(
    reach: kafka.Reach, addresses: dict[str, str], run: str, chosen: Sequence[Scenario], patience: float
) -> Play:
    token = os.environ.get("RECOUVRA_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with on_a_running_stack(reach, addresses, run, patience, headers) as ground:
            play = Play(ground, [fresh(scenario, run) for scenario in chosen], patience)
            with progress() as bar:
                task = bar.add_task(in_the_readers_language("vagues", "waves"), total=None)
                await play.play(lambda done, of: bar.update(task, completed=done, total=of))
            return play
    except Exception as error:
        raise in_a_sentence(
            reach, error, f"Le jeu {run} n'est pas allé au bout.", f"Run {run} was not played to its end."
        ) from error


def _as_json(bootstrap: str, run: str, play: Play) -> dict[str, Any]:
    return {
        "bootstrap": bootstrap,
        "run": run,
        "passed": len(play.right),
        "failed": len(play.scenarios) - len(play.right),
        "unasked": play.unasked,
        "scenarios": [
            {
                "scenario": scenario.folder,
                "title": dict(zip(("fr", "en"), scenario.title, strict=True)),
                "passed": not play.faults[scenario.folder],
                "faults": play.faults[scenario.folder],
            }
            for scenario in play.scenarios
        ],
    }


def _show(run: str, play: Play) -> None:
    for scenario in play.scenarios:
        faults = play.faults[scenario.folder]
        mark = in_the_readers_language("ÉCART", "DIFFERS") if faults else "ok"
        title = in_the_readers_language(*scenario.title).replace("\n", " / ")
        output.print(f"{mark:8}{scenario.folder[:2]}  {title}", markup=False, soft_wrap=True)
        for fault in faults:
            output.print(f"            {fault}", markup=False, soft_wrap=True)
    passed, of = len(play.right), len(play.scenarios)
    tell(
        f"{passed} scénarios sur {of} finissent comme ils sont écrits (jeu {run}).",
        f"{passed} of {of} scenarios end as they are written (run {run}).",
    )
    if play.unasked:
        notes.print(_unasked(play.unasked), markup=False, soft_wrap=True)


def _unasked(count: int) -> str:
    return in_the_readers_language(
        f"{count} questions aux services n'ont pas été posées : donnez leurs adresses (RECOUVRA_REPORTING_URL, "
        "RECOUVRA_CONTRIBUTIONS_URL, RECOUVRA_REGISTRATION_URL, RECOUVRA_LIQUIDATION_URL).",
        f"{count} questions to the services were not asked: give their addresses (RECOUVRA_REPORTING_URL, "
        "RECOUVRA_CONTRIBUTIONS_URL, RECOUVRA_REGISTRATION_URL, RECOUVRA_LIQUIDATION_URL).",
    )
