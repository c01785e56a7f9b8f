"""The bar in which drawings of a page are selected, and labels corrected: its data, its command, its HTML.

The decisions are kept by the browser. They leave the page as a CSV file that `--exclude` and `--relabel` read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from sketchfit.config.data import DataSection
from sketchfit.config.load import load_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.data.own_tables import LABEL_ISSUES
from sketchfit.data.review import EXCLUDE, decision_texts, earlier_decisions, image_texts
from sketchfit.errors import UserError
from sketchfit.reporting.kit.commands import new_folder, shown_path
from sketchfit.reporting.kit.page import embedded_json, flat_settings, render
from sketchfit.reporting.site.run_facts import options_of
from sketchfit.runs.artefacts import RunPlan
from sketchfit.runs.run import Run
from sketchfit.shell import quoted

FILE = None
"""Place of the review file in a command; the page puts its name there."""


@dataclass(frozen=True)
class ReviewTarget:
    """What is reviewed: a run, or a data set before any.

    Attributes:
        name: of the run or the data set, for the file's name.
        key: under which the browser keeps the decisions: of the run and its tables.
        command: words of the command that trains with the decisions; `FILE` where the review file is named.
        section: `data:` of the recipe; its review files are decisions of earlier reviews.
    """

    name: str
    key: str
    command: tuple[str | None, ...]
    section: DataSection = field(default_factory=DataSection)


@dataclass(frozen=True)
class ReviewedRows:
    """The training rows that can be reviewed.

    Attributes:
        paths: N image files, as in the table.
        label: int64 [N].
        names, labels: C names of classes, and what the label column calls them.
        suggested: image to the index of the class that is probably right; None: its own class is.
    """

    paths: tuple[str, ...]
    label: NDArray[np.int64]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    suggested: Mapping[str, int | None] = field(default_factory=dict)


def review_of_run(run: Run) -> ReviewTarget:
    """Return what a review of a run's drawings needs; its command repeats the run with the same settings."""
    home = run.home
    words = ["sketchfit", "run", shown_path(run.table.source)]
    if run.kind == "run":
        words += ["--recipe", shown_path(home / run.folder.recipe.name), *_deadline(run)]
    command = (*words, *_review_options(), "--out", shown_path(new_folder(home, "reviewed")))
    return ReviewTarget(home.name, f"{home.name}:{run.table.table_id}", command, run.recipe.data)


def review_of_data(source: Path, recipe: Recipe, table_id: str) -> ReviewTarget:
    """Return what a review of a data set needs.

    Args:
        source: the data folder or table.
        recipe: whose tables were read; what it changes in the default of `data:` becomes `--set` options.
        table_id: digest of the tables.
    """
    changed = _changed(load_recipe("cpu").data, recipe.data)
    command = ("sketchfit", "run", shown_path(source), *changed, *_review_options())
    name = source.resolve().stem
    return ReviewTarget(name, f"{name}:{table_id}", command, recipe.data)


def review_bar(target: ReviewTarget, rows: ReviewedRows) -> Markup:
    """Render the bar with its data and scripts."""
    return render("review", review=embedded_json(review_data(target, rows)))


def review_data(target: ReviewTarget, rows: ReviewedRows) -> dict[str, Any]:
    """Return what the script of the bar needs."""
    earlier, missing = _earlier(target.section, rows)
    return {
        "key": target.key,
        "file": f"review-{_file_stem(target.name)}.csv",
        "command": [word if word is FILE else quoted(word) for word in target.command],
        "columns": LABEL_ISSUES,
        "exclude": EXCLUDE,
        "names": rows.names,
        "labels": rows.labels,
        "texts": decision_texts(rows.labels, rows.names),
        "counts": np.bincount(rows.label, minlength=len(rows.names)),
        "images": image_texts(rows.paths),
        "suggested": dict(rows.suggested),
        "earlier": list(earlier.items()),
        "missing": missing,
    }


def _review_options() -> tuple[str | None, ...]:
    return ("--exclude", FILE, "--relabel", FILE)


def _deadline(run: Run) -> list[str]:
    """Return the options of a run with a deadline: the same time, and the candidates of its command."""
    plan = RunPlan.find(run.path)
    if plan is None:
        return []
    time = ["--quality", plan.quality] if plan.quality else ["--time", f"{plan.requested:.0f}s"]
    command = run.environment.command if run.environment else ""
    named = [word for value in options_of(command, "--candidates") for word in ("--candidates", value)]
    allowed = "--allow-noncommercial"
    return [*time, *named, *([allowed] if allowed in command else [])]


def _changed(before: DataSection, after: DataSection) -> list[str]:
    old = dict(flat_settings(before.model_dump(mode="json"), "data."))
    new = flat_settings(after.model_dump(mode="json", exclude={"exclude", "relabel", "cache"}), "data.")
    return [word for key, value in new if old[key] != value for word in ("--set", f"{key}={value}")]


def _earlier(section: DataSection, rows: ReviewedRows) -> tuple[dict[str, int | str], str]:
    """Return the decisions of earlier reviews by image, and why they are unknown, else nothing.

    A new file takes the place of the earlier one in the recipe, so it must have these decisions too.
    """
    try:
        decisions = earlier_decisions(section, rows.labels, rows.names)
    except (UserError, OSError) as error:
        return {}, str(error).splitlines()[0]
    known = set(rows.paths)
    by_name: dict[str, list[str]] = {}
    for path in rows.paths if any(image not in known for image in decisions) else ():
        by_name.setdefault(path.rpartition("/")[2], []).append(path)

    def path_of(image: str) -> str:
        """Return the path of an image that the file calls by the name in its table, which ends the path."""
        if image in known:
            return image
        fitting = [path for path in by_name.get(image.rpartition("/")[2], ()) if path.endswith(f"/{image}")]
        return fitting[0] if len(fitting) == 1 else image

    return {path_of(image): EXCLUDE if index is None else index for image, index in decisions.items()}, ""


def _file_stem(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "labels"
