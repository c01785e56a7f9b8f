"""The command line: all command groups, and how errors end.

Commands parse, call and print. Arguments and recipes are checked before torch is imported; `--help` imports nothing.
"""

from __future__ import annotations

import sys
import traceback
from types import TracebackType
from typing import Any

import typer
from typer.core import TyperGroup

from sketchfit.cli import data, deploy, export, improve, reference, results, train, tune
from sketchfit.interruption import Terminated, handled_signals
from sketchfit.printing import echo, lenient_streams

INTERRUPTED = 130
"""Exit status after Ctrl-C, as in shells."""

CONTINUING = ("run", "fit", "scout", "ablate", "pseudo-label", "soup", "distill", "ensemble")
"""Commands that store what is done and continue when they are started again."""

SHORT_HELP = 200
"""Characters of a command's first sentence: none is cut off."""


class GroupedCommands(TyperGroup):
    """Lists commands in `--help` by their group, in the order in which the groups were added."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section per group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.commands[name]
            line = (name, command.get_short_help_str(SHORT_HELP))
            groups.setdefault(str(getattr(command, "rich_help_panel", None) or "Commands"), []).append(line)
        for group in dict.fromkeys(module.GROUP for module in GROUPS):
            with formatter.section(group):
                formatter.write_dl(groups[group])


GROUPS = (train, data, results, export, deploy, improve, tune, reference)

app = typer.Typer(
    help="From a table of labelled drawings to the best classifier that can honestly be claimed for them.",
    cls=GroupedCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in GROUPS:
    app.add_typer(module.app)


def main() -> None:
    """Run the command line; a user's mistake is printed without a traceback, with exit status 2."""
    with lenient_streams(), handled_signals(last=True):
        sys.exit(_status())


def _status() -> int:
    """Run the command; return the exit status, after a message where it is not 0."""
    from sketchfit.disk import as_user_error
    from sketchfit.errors import UserError
    from sketchfit.missing import installed_packages
    from sketchfit.redact import redact

    try:
        with as_user_error(), installed_packages():
            status = app(standalone_mode=False)
        if status == INTERRUPTED:  # some versions of typer return it after Ctrl-C
            raise KeyboardInterrupt
    except UserError as error:
        for problem in error.problems:
            echo(redact(f"error: {problem}"), error=True)
        if error.hint:
            echo(redact(error.hint), error=True)
        return 2
    except (KeyboardInterrupt, typer.Abort) as error:
        if isinstance(error.__cause__, EOFError):  # typer's name for a file that ends too early
            raise error.__cause__ from None
        echo(_stopped(), error=True)
        return INTERRUPTED
    except Terminated as error:
        echo(_stopped(), error=True)
        return 128 + error.number
    except Exception as error:
        # The command line's own errors (no such command or option); their class has no public name.
        if not (hasattr(error, "show") and hasattr(error, "exit_code")):
            sys.excepthook = _print_error  # typer sets another one at each call
            raise
        error.show()
        return int(error.exit_code)
    return status if isinstance(status, int) else 0


def _print_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of an error that is not the user's, without secrets."""
    from sketchfit.redact import redact

    echo(redact("".join(traceback.format_exception(kind, error, trace))), error=True, end="")


def _stopped() -> str:
    if not any(argument in CONTINUING for argument in sys.argv[1:2]):
        return "stopped"
    without = " without --fresh" if "--fresh" in sys.argv else ""
    return f"stopped; the same command{without} continues from here"


if __name__ == "__main__":
    main()
