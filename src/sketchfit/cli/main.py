"""The command line: all command groups, and how errors end.

Commands parse, call and print. Arguments and recipes are checked before torch is imported; `--help` imports nothing.
"""

from __future__ import annotations

import atexit
import gc
import sys
import traceback
from types import TracebackType
from typing import Annotated

import typer

from sketchfit.cli import data, deploy, export, improve, reference, results, train, tune
from sketchfit.cli.command import Quiet, Verbose, epilog
from sketchfit.cli.groups import grouped, option_hint
from sketchfit.errors import UserError
from sketchfit.interruption import Terminated, handled_signals
from sketchfit.printing import echo, lenient_streams
from sketchfit.verbosity import verbosity

MISTAKE = 2
"""Exit status after a mistake of the user; see docs/exit-codes.md."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as in shells."""

CONTINUING = ("run", "fit", "scout", "ablate", "search", "pseudo-label", "soup", "distill", "ensemble")
"""Commands that store what is done and continue when they are started again."""

PEERS = "sketchfit.peers"
"""Imported where several processes share a training."""

GROUPS = (train, data, results, export, deploy, improve, tune, reference)

app = typer.Typer(
    cls=grouped(module.GROUP for module in GROUPS),
    no_args_is_help=True,
    epilog=epilog(("sketchfit draw data", "sketchfit run data --recipe demo")),
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in GROUPS:
    app.add_typer(module.app)


def _version(value: bool) -> None:
    if value:
        from sketchfit.version import version

        echo(f"sketchfit {version()}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, expose_value=False, help="Print the version and stop."
        ),
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """From a table of labelled drawings to an accurate classifier, and the accuracy to expect on new drawings."""


def main() -> None:
    """Run the command line; a user's mistake is printed without a traceback, with exit status 2."""
    atexit.register(gc.freeze)  # Python would search a million objects of torch when it ends, which takes seconds
    with lenient_streams(), handled_signals(last=True):
        status = 1
        try:
            status = _status()
        finally:
            if status and (peers := sys.modules.get(PEERS)):
                peers.this_process_failed()
        sys.exit(status)


def _status() -> int:
    """Run the command; return the exit status, after a message where it is not 0."""
    from sketchfit.disk import as_user_error
    from sketchfit.missing import installed_packages

    verbosity.level = "usual"
    try:
        with as_user_error(), installed_packages():
            status = app(standalone_mode=False)
        if status == INTERRUPTED:  # some versions of typer return it after Ctrl-C
            raise KeyboardInterrupt
    except UserError as error:
        _print_mistake(error)
        return MISTAKE
    except (KeyboardInterrupt, typer.Abort) as error:
        if isinstance(error.__cause__, EOFError):  # typer's name for a file that ends too early
            raise error.__cause__ from None
        echo(_stopped(), error=True)
        return INTERRUPTED
    except Terminated as error:
        peers = sys.modules.get(PEERS)
        if peers and (lost := peers.lost_process(seconds=1.0)):
            _print_mistake(lost)  # after which the launcher ended this process
        else:
            echo(_stopped(), error=True)
        return 128 + error.number
    except Exception as error:
        # The command line's own errors (no such command or option); their class has no public name.
        if not (hasattr(error, "show") and hasattr(error, "exit_code")):
            sys.excepthook = _print_error  # typer sets another one at each call
            raise
        error.show()
        echo(option_hint(getattr(error, "option_name", "")), error=True, end="")
        return int(error.exit_code)
    return status if isinstance(status, int) else 0


def _print_mistake(error: UserError) -> None:
    """Print what is wrong and what to do, without secrets, unless another process prints it."""
    from sketchfit.redact import redact

    if getattr(error, "silent", False):
        return
    if verbosity.verbose:
        echo(redact("".join(traceback.format_exception(error))), error=True, end="")
    for problem in error.problems:
        echo(redact(f"error: {problem}"), error=True)
    if error.hint:
        echo(redact(error.hint), error=True)


def _print_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of an error that is not the user's, without secrets."""
    from sketchfit.redact import redact

    echo(redact("".join(traceback.format_exception(kind, error, trace))), error=True, end="")


def _stopped() -> str:
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if not any(name in CONTINUING for name in names[:1]):
        return "stopped"
    without = " without --fresh" if "--fresh" in sys.argv else ""
    return f"stopped; the same command{without} continues from here"


if __name__ == "__main__":
    main()
