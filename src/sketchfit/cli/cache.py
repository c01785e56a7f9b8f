"""Commands about the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sketchfit.cli.command import command
from sketchfit.cli.groups import Commands

cache_app = typer.Typer(
    name="cache", help="List what the cache holds, or delete parts of it.", cls=Commands, no_args_is_help=True
)

Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="Folder of the cache, as in data.cache; by default $SKETCHFIT_CACHE or the user's."),
]


@command(cache_app, "", "sketchfit cache list", name="list", by_several=True)
def list_parts(folder: Folder = None) -> None:
    """List image stores, features, copies of remote data and so on, with size and last use."""
    from sketchfit.commands.cache import list_cache

    list_cache(folder)


@command(cache_app, "", "sketchfit cache clear --older-than 7d", name="clear")
def clear(
    folder: Folder = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Only stores, features, maps, audits, measurements, remote (copies of remote data) or unfinished.",
        ),
    ] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="7d", help="Only what was not used for so long.")
    ] = None,
) -> None:
    """Delete what no process uses; it is made again when it is needed."""
    from sketchfit.commands.cache import clear_cache

    clear_cache(folder, kind or (), older_than)
