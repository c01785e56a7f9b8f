"""Commands that list what there is: recipes and options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sketchfit.cli.cache import cache_app
from sketchfit.cli.options import Overrides
from sketchfit.printing import echo

GROUP = "Reference"
app = typer.Typer()
recipes_app = typer.Typer(help="List the shipped recipes, or show one.", invoke_without_command=True)
app.add_typer(recipes_app, name="recipes", rich_help_panel=GROUP)
app.add_typer(cache_app, name="cache", rich_help_panel=GROUP)


@app.command(rich_help_panel=GROUP)
def options(
    family: Annotated[
        str, typer.Argument(help="optimizers, schedules, losses, policies, operations, models or settings.")
    ] = "settings",
    like: Annotated[str, typer.Option(help="Only names that contain this, or match it with * and ?.")] = "*",
    markdown: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the pages docs/options into this folder instead.")
    ] = None,
) -> None:
    """List what a recipe can choose from, one line each."""
    from sketchfit.commands.option_pages import write_pages
    from sketchfit.commands.options import options as choices

    if markdown is not None:
        echo(f"{len(write_pages(markdown))} pages are in {markdown}")
        return
    found = choices(family, like)
    width = max((len(name) for name, _ in found), default=0)
    for name, text in found:
        echo(f"{name:{width}}  {text}".rstrip())


@recipes_app.callback()
def recipes(context: typer.Context) -> None:
    """List the shipped recipes, or show one."""
    if context.invoked_subcommand is None:
        list_recipes()


@recipes_app.command("list")
def list_recipes() -> None:
    """List the shipped recipes with their first line."""
    from sketchfit.config.shipped import recipe_text, shipped_recipes

    names = shipped_recipes()
    width = max(map(len, names))
    for name in names:
        echo(f"{name:{width}}  {recipe_text(name).splitlines()[0].lstrip('# ')}")


@recipes_app.command("show")
def show_recipe(
    name: Annotated[str, typer.Argument(help="A shipped recipe's name, or a YAML file.")],
    full: Annotated[bool, typer.Option("--full", help="With every default.")] = False,
    overrides: Overrides = None,
) -> None:
    """Show a recipe's file, or all its settings."""
    from sketchfit.config.load import dump_recipe, load_recipe
    from sketchfit.config.shipped import recipe_text

    if full or overrides:
        echo(dump_recipe(load_recipe(name, overrides or [])), end="")
    else:
        echo(recipe_text(name), end="")
