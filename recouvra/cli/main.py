"""The `recouvra` command: start reading here; a verb is a file beside this one."""

import logging
import os
import sys

import typer

from recouvra.cli.backup import backup, restore
from recouvra.cli.conformance import conformance
from recouvra.cli.dead_letters import dead_letters
from recouvra.cli.demo import demo
from recouvra.cli.rebuild import rebuild
from recouvra.cli.report import report
from recouvra.cli.run_service import migrate, service
from recouvra.cli.send import send
from recouvra.cli.topics import topics
from recouvra.cli.up import up
from recouvra.cli.validate import validate
from recouvra.cli.verify import verify
from recouvra.local.errors import LocalError, in_the_readers_language

app = typer.Typer(
    help="Recouvrement des cotisations / contribution collection",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for verb in (up, demo, service, migrate, topics, validate, send, conformance, backup, restore, verify, rebuild):
    app.command()(verb)
app.add_typer(report, name="report")
app.add_typer(dead_letters, name="dead-letters")


def run() -> None:
    """Run the command that was typed; exit code 0 fine, 1 broken, 2 wrong use, each fault in one sentence."""
    # What clients log about a broker that is away is said in a sentence of ours.
    for client in ("aiokafka", "jgo"):
        logging.getLogger(client).setLevel(logging.CRITICAL)
    sys.exit(_run())


def _run() -> int:
    try:
        code = app(standalone_mode=False)
    except LocalError as error:
        return _failed(str(error), error.exit_code)
    except typer.TyperException as error:
        return _failed(_wrong_use(error.format_message()), error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has enough, as `| head` has; the interpreter must not try to flush it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, RuntimeError) as error:
        # The machine refuses (a full disk, too many files): its own words say it best.
        return _failed(f"recouvra: {error}", 1)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    return code if isinstance(code, int) else 0


def _wrong_use(said: str) -> str:
    # Without a verb the help was shown, and nothing is left to say.
    return said and in_the_readers_language(
        f"Commande incorrecte (voir --help) : {said}", f"Wrong use (see --help): {said}"
    )


def _failed(sentence: str, code: int) -> int:
    if sentence:
        print(sentence, file=sys.stderr)
    return code
