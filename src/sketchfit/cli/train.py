"""Commands that train: a run with folds, or one network on all rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sketchfit.cli.command import command
from sketchfit.cli.options import (
    Data,
    DeviceRecipe,
    Exclude,
    FollowLinks,
    Fresh,
    Holdout,
    ImageColumn,
    LabelColumn,
    Out,
    Overrides,
    Relabel,
    Strict,
    check_arguments,
    holdout_settings,
    review_settings,
    table_settings,
)
from sketchfit.cli.time_options import AllowNoncommercial, Candidates, Quality, Time, Until, Wish
from sketchfit.imports import quick_imports

GROUP = "Train"
app = typer.Typer()


@command(app, GROUP, "sketchfit run data --out runs/first", "sketchfit run data --time 18m")
def run(
    data: Data,
    recipe: DeviceRecipe = "auto",
    overrides: Overrides = None,
    out: Out = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    follow_links: FollowLinks = False,
    holdout: Holdout = None,
    exclude: Exclude = None,
    relabel: Relabel = None,
    strict: Strict = False,
    fresh: Fresh = False,
    time: Time = None,
    until: Until = None,
    quality: Quality = None,
    candidates: Candidates = None,
    allow_noncommercial: AllowNoncommercial = False,
) -> None:
    """Train on tables and images, and write submission.csv and a report. The same command continues a run."""
    columns, reviews = table_settings(image_column, label_column, follow_links), review_settings(exclude, relabel)
    settings = [*columns, *reviews, *holdout_settings(holdout), *(overrides or [])]
    wish = Wish(time, until, quality, tuple(candidates or ()), allow_noncommercial)
    goal = wish.goal()
    check_arguments(data, recipe, settings)
    if goal is not None:
        with quick_imports():
            from sketchfit.commands.choose_recipe import choose_recipe
            from sketchfit.commands.run_in_time import run_in_time

        strictly = ["data.missing=error"] if strict else []
        run_in_time(data, goal, choose_recipe(recipe, settings), [*settings, *strictly], out, fresh=fresh)
        return
    with quick_imports():
        from sketchfit.commands.choose_recipe import choose_recipe
        from sketchfit.commands.run import run as run_stages

    run_stages(data, choose_recipe(recipe, settings), settings, out, strict=strict, fresh=fresh)


@command(app, GROUP, "sketchfit plan data --time 2h")
def plan(
    data: Data,
    recipe: DeviceRecipe = "auto",
    overrides: Overrides = None,
    out: Out = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    follow_links: FollowLinks = False,
    holdout: Holdout = None,
    exclude: Exclude = None,
    relabel: Relabel = None,
    time: Time = None,
    until: Until = None,
    quality: Quality = None,
    candidates: Candidates = None,
    allow_noncommercial: AllowNoncommercial = False,
) -> None:
    """Print what a run with this time would do, and the accuracy to expect; nothing is trained."""
    columns, reviews = table_settings(image_column, label_column, follow_links), review_settings(exclude, relabel)
    settings = [*columns, *reviews, *holdout_settings(holdout), *(overrides or [])]
    wish = Wish(time, until, quality, tuple(candidates or ()), allow_noncommercial)
    goal = wish.needed()
    check_arguments(data, recipe, settings)
    with quick_imports():
        from sketchfit.commands.choose_recipe import choose_recipe
        from sketchfit.commands.plan import plan as print_plan

    print_plan(data, goal, choose_recipe(recipe, settings), settings, out)


@command(app, GROUP, "sketchfit check data --recipe cpu")
def check(
    data: Data,
    recipe: DeviceRecipe = "auto",
    overrides: Overrides = None,
    out: Out = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    follow_links: FollowLinks = False,
    holdout: Holdout = None,
    exclude: Exclude = None,
    relabel: Relabel = None,
) -> None:
    """Check a run without starting it: recipe, tables, a trial step of each network, memory, disk, time."""
    columns, reviews = table_settings(image_column, label_column, follow_links), review_settings(exclude, relabel)
    settings = [*columns, *reviews, *holdout_settings(holdout), *(overrides or [])]
    check_arguments(data, recipe, settings)
    with quick_imports():
        from sketchfit.commands.check import check as check_only
        from sketchfit.commands.choose_recipe import choose_recipe

    check_only(data, choose_recipe(recipe, settings), settings, out)


@command(app, GROUP, "sketchfit fit data --out runs/all-rows")
def fit(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the trained network.")],
    recipe: DeviceRecipe = "auto",
    overrides: Overrides = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    follow_links: FollowLinks = False,
    strict: Strict = False,
    fresh: Fresh = False,
) -> None:
    """Train one network on all rows, without folds; no accuracy is claimed for it."""
    settings = [*table_settings(image_column, label_column, follow_links), *(overrides or [])]
    check_arguments(data, recipe, settings)
    with quick_imports():
        from sketchfit.commands.choose_recipe import choose_recipe
        from sketchfit.commands.fit import fit as fit_network

    fit_network(data, choose_recipe(recipe, settings), settings, out, strict=strict, fresh=fresh)
