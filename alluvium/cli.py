"""The command line: `alluvium <noun> <verb>`. A noun's module is imported when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from alluvium.errors import AlluviumError, UsageError
from alluvium.leaving import prepare

# Typer carries its own copy of Click; this is the base of all errors of wrong usage.
BAD_USAGE: type[Exception] = typer.BadParameter.__mro__[2]

# In the order in which a newcomer needs them.
NOUNS = {
    "demo": "Land the demo data, load its history and run two nights",
    "doctor": "Check this machine and say how to mend what is missing",
    "night": "Run the DAGs of one night or of several",
    "status": "What was done last, and what is there",
    "sql": "Ask the lake in SQL, without Spark",
    "ingest": "Load landing files, check and propose contracts",
    "quarantine": "Look at rows that were refused, and drive them again",
    "identity": "Who is who: show, evaluate, resolve any table",
    "customer": "Show a golden record; bring the marts of an earlier night back",
    "segment": "Write, preview, explain and change segments",
    "audience": "Audience files: list, deliver, approve, normalise",
    "model": "List, show, promote and roll back models",
    "recommend": "Show one customer's recommendations",
    "privacy": "Erase a person, prove it, and give out what is held",
    "audit": "Check that the trail of acts is whole",
    "job": "Run one job by its name",
    "migrate": "Bring an existing lake to today's contracts and catalogue",
    "spark": "Start, stop and look at the Spark server",
    "bench": "Measure, side by side",
}


class LazyGroup(TyperGroup):
    """Knows the nouns by name, and imports one only when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [noun for noun in NOUNS if _exists(noun)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in NOUNS or not _exists(cmd_name):
            return None
        command = get_command(import_module(f"alluvium.commands.{cmd_name}").app)
        command.name, command.short_help = cmd_name, NOUNS[cmd_name]
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), 1)
            raise UsageError(
                f"There is no command {args[0]!r}",
                do=f"Did you mean `alluvium {near[0]}`?" if near else "See `alluvium --help`",
            )
        return super().resolve_command(ctx, args)


def _exists(noun: str) -> bool:
    from importlib.util import find_spec

    return find_spec(f"alluvium.commands.{noun}") is not None


app = typer.Typer(
    cls=LazyGroup,
    help="Alluvium: golden profiles, scores, recommendations, segments and audiences, every night.",
    epilog='Example: alluvium sql "select rfm_group, count(*) from gold.customer_rfm group by all"',
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)


@app.callback()
def root(
    debug: bool = typer.Option(False, "--debug", help="Show the stack trace of an error."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show details."),
) -> None:
    """Options for every command."""
    if debug:
        os.environ["ALLUVIUM_DEBUG"] = "1"
    if verbose:
        os.environ["ALLUVIUM_VERBOSE"] = "1"


def _complain(error: AlluviumError) -> int:
    from rich.markup import escape

    from alluvium.console import err
    from alluvium.privacy.redact import redact

    label = "usage" if isinstance(error, UsageError) else "error"
    err.print(f"[bold red]{label}:[/] {escape(redact(str(error)))}")
    return error.exit_code


def _run() -> int:
    result = get_command(app)(standalone_mode=False)
    return result if isinstance(result, int) else 0


def _exit_code() -> int:
    try:
        return _run()
    except AlluviumError as error:
        if os.environ.get("ALLUVIUM_DEBUG"):
            raise
        return _complain(error)
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write(
            "Interrupted; nothing half-written is visible. The same command goes on from here.\n"
        )
        return 130
    except BAD_USAGE as error:
        error.show()  # type: ignore[attr-defined]
        return 2
    except BrokenPipeError:
        return 0
    except Exception as error:
        if os.environ.get("ALLUVIUM_DEBUG"):
            raise
        from alluvium.job import explain

        unexpected = AlluviumError(
            f"{type(error).__name__}: {explain(error)}", do="`alluvium --debug ...` shows where"
        )
        return _complain(unexpected)


def main() -> None:
    """Entry point: one clear line for an error, exit codes 0, 1 and 2."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    leaving = prepare()
    leaving.code = _exit_code()
    sys.exit(leaving.code)


if __name__ == "__main__":
    main()
