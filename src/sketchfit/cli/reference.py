"""Commands that list what there is: recipes and options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sketchfit.cli.cache import cache_app
from sketchfit.cli.command import command
from sketchfit.cli.complete import FAMILIES, families, recipe_names
from sketchfit.cli.groups import Commands
from sketchfit.cli.options import Overrides
from sketchfit.printing import echo
from sketchfit.text_tables import named_lines
from sketchfit.wording import counted

GROUP = "Reference"
app = typer.Typer()
recipes_app = typer.Typer(
    name="recipes", help="List the shipped recipes, or show one.", cls=Commands, invoke_without_command=True
)
app.add_typer(recipes_app, rich_help_panel=GROUP)
app.add_typer(cache_app, rich_help_panel=GROUP)


@command(app, GROUP, "sketchfit options losses", "sketchfit options settings --like epochs", by_several=True)
def options(
    family: Annotated[
        str,
        typer.Argument(
            help="optimizers, schedules, losses, heads, closed_forms, policies, operations, models or settings.",
            autocompletion=families,
        ),
    ] = "settings",
    like: Annotated[str, typer.Option(help="Only names that contain this, or match it with * and ?.")] = "*",
    markdown: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the pages docs/options into this folder instead.")
    ] = None,
) -> None:
    """List what a recipe can choose from, one line each."""
    if family not in FAMILIES:
        from sketchfit.errors import UserError
        from sketchfit.registry import nearest

        raise UserError(
            f"there is no family {family!r}{nearest(family, FAMILIES)}", f"Families: {', '.join(FAMILIES)}."
        )
    from sketchfit.commands.option_pages import write_pages
    from sketchfit.commands.options import options as choices

    if markdown is not None:
        echo(f"{counted(len(write_pages(markdown)), 'page is', 'pages are')} in {markdown}")
        return
    found = choices(family, like)
    _print_named(found)


@recipes_app.callback()
def recipes(context: typer.Context) -> None:
    """List the shipped recipes, or show one."""
    if context.invoked_subcommand is None:
        list_recipes()


@command(recipes_app, "", "sketchfit recipes list", name="list", by_several=True)
def list_recipes() -> None:
    """List the shipped recipes with their first line."""
    from sketchfit.config.shipped import recipe_text, shipped_recipes

    _print_named([(name, recipe_text(name).splitlines()[0].lstrip("# ")) for name in shipped_recipes()])


def _print_named(found: Sequence[tuple[str, str]]) -> None:
    """Print names with what they are."""
    for line in named_lines(found):
        echo(line)


@command(recipes_app, "", "sketchfit recipes show cpu --full > mine.yaml", name="show", by_several=True)
def show_recipe(
    name: Annotated[str, typer.Argument(help="A shipped recipe's name, or a YAML file.", autocompletion=recipe_names)],
    full: Annotated[bool, typer.Option("--full", help="With every default.")] = False,
    overrides: Overrides = None,
) -> None:
    """Show a recipe's file, or all its settings."""
    from sketchfit.config.load import load_recipe
    from sketchfit.config.shipped import recipe_text

    if full or overrides:
        echo(load_recipe(name, overrides or []).to_yaml(), end="")
    else:
        echo(recipe_text(name), end="")


@command(app, GROUP, "sketchfit version", by_several=True)
def version() -> None:
    """Print the versions of sketchfit, Python and its libraries, and the devices: for a bug report."""
    from sketchfit.cli.version import print_versions

    print_versions()
