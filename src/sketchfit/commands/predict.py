"""Labels for new images from a finished run: all its networks, views, weights and calibration."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.config.load import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.image_sources import read_images
from sketchfit.data.store import open_store
from sketchfit.data.stores import store_settings
from sketchfit.data.table import Split
from sketchfit.distillation.distill import read_student
from sketchfit.errors import UserError
from sketchfit.files import read_json
from sketchfit.inference.calibration import Calibrator, Temperature
from sketchfit.inference.ensembling.rule import Rule
from sketchfit.inference.oof import read_rows
from sketchfit.inference.predictor import Predictor
from sketchfit.inference.tta import IDENTITY, count_pictures, parse_views
from sketchfit.inference.views import Mode, merge_views
from sketchfit.models.saved_network import load_network
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.run import Run
from sketchfit.stages.calibrate import conformal_sets, read_calibrator
from sketchfit.stages.combine import combine_folds, read_rule
from sketchfit.training.engine import make_engine
from sketchfit.training.fold import with_prior


@dataclass(frozen=True)
class _Views:
    """Where a member's networks lie, what they see of a drawing, and what the one trained on all rows counts."""

    folder: str
    names: list[str]
    mode: Mode
    refit: str | None = None
    refit_weight: float = 1.0


def predict(
    run: str | Path,
    images: Sequence[str | Path] | str | Path,
    *,
    image_column: str | None = None,
    sets: float | None = None,
    distilled: bool = False,
) -> pd.DataFrame:
    """Label images.

    Args:
        run: a run's folder.
        images: image files, folders (all images below), or tables.
        image_column: column of a table that names the image.
        sets: coverage of prediction sets, above 0, below 1; the column `set` then holds the classes that together are
            right with this probability, for images that are drawn as the training ones are.
        distilled: by the run's distilled student alone, as it is: whole pictures, uncalibrated.

    Returns:
        A row an image, in the order given: `image`, `label` (what the training table calls the class), `name`,
        `probability`, `top5` (`name:probability` of the five most probable, `;` between), `error` (why an image could
        not be read; all classes are then equally probable; empty otherwise).

    Raises:
        UserError: no finished run there, no student, or no such image; sets of a student.
    """
    folder = RunFolder(Path(run))
    Run.open(folder.path)  # so that a folder without a run is named before images are read
    if sets is not None and not 0 < sets < 1:
        raise UserError(f"the coverage of sets lies between 0 and 1, and is {sets:g}", "For example: --sets 0.95")
    if sets is not None and distilled:
        raise UserError("sets are calibrated for the whole run's answers", "Leave out --sets, or --distilled.")
    sources = [images] if isinstance(images, (str, Path)) else images
    root, split = read_images([Path(source) for source in sources], image_column)
    state = read_json(folder.state)
    prob, errors = _probabilities(folder, root, split, len(state["class_names"]), distilled)
    frame = _frame(split, prob, errors, state["class_names"], state["class_targets"])
    if sets is not None:
        frame["set"] = _set_texts(folder, prob, sets, state["class_names"])
    return frame


def _probabilities(
    folder: RunFolder, root: Path, split: Split, classes: int, distilled: bool
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Probabilities as the run makes those of its test rows: the same views, ensemble and calibration; or those of
    its distilled student."""
    recipe = Run.open(folder.path).recipe
    engine = make_engine(recipe.compute)
    members = read_student(folder) if distilled else _answering(folder, member_recipes(recipe))
    rule, merging, views, calibrator = _plain(list(members)) if distilled else _inference(folder, list(members))
    by_member: list[NDArray[np.float32]] = []
    errors: tuple[str, ...] = ()
    for member, member_recipe in members.items():
        networks = sorted(path.parent for path in folder.fold(views[member].folder, 0).parent.glob("fold*/done.json"))
        if not networks:
            raise UserError(
                f"{folder.path} holds no trained network of member {member}", "Let `sketchfit run` finish first."
            )
        if (whole := views[member].refit) is not None:
            networks.append(folder.fold(whole, 0))
        with tempfile.TemporaryDirectory(prefix="sketchfit-") as cache:
            store = open_store(root, split.paths, store_settings(member_recipe), Path(cache))
            errors, rows = store.errors, np.flatnonzero(store.readable)
            found = []
            for path in networks:
                network = load_network(path, member_recipe, classes)
                names = views[member].names
                wanted = parse_views(names)
                pictures = len(rows) * count_pictures(wanted)
                prob_by_view = Predictor.of(network, member_recipe, engine.device, images=pictures).views(
                    store, rows, wanted
                )
                found.append(merge_views([prob_by_view[name] for name in names], views[member].mode))
            prior = np.full(classes, 1 / classes, dtype=np.float32)
            weights = [1.0] * len(found)
            if views[member].refit is not None:
                weights[-1] = views[member].refit_weight
            by_member.append(with_prior(combine_folds(found, merging, weights), store.readable, prior))
            del store  # the memory map must be gone before its folder is
    prob = calibrator.apply(rule.combine(by_member)).astype(np.float32)
    return with_prior(prob[rows], np.array([not error for error in errors]), prior), errors


def _answering(folder: RunFolder, members: dict[str, Recipe]) -> dict[str, Recipe]:
    """The members that answer; others went into a soup that answers under the first one's name."""
    views = folder.ensemble / "views.json"
    named = read_json(views) if views.is_file() else members
    return {member: recipe for member, recipe in members.items() if member in named}


def _inference(folder: RunFolder, members: list[str]) -> tuple[Rule, str, dict[str, _Views], Calibrator]:
    """The rule, how folds are merged, views and their mode by member, and the calibrator that the run chose.

    A network that was trained on all rows has chosen nothing: it answers with the whole picture, as it is.
    """
    if (folder.ensemble / "sources.json").is_file():
        raise UserError(
            f"{folder.path} is an ensemble of runs and has no networks of its own", "Predict with the runs it names."
        )
    if not (folder.ensemble / "weights.json").is_file():
        return _plain(members)
    rule, merging = read_rule(folder.ensemble / "weights.json", members)
    chosen = read_json(folder.ensemble / "views.json")
    views = {
        member: _Views(found["folder"], found["names"], found["mode"], *(found["refit"] or (None, 1.0)))
        for member, found in chosen.items()
    }
    return rule, merging, views, read_calibrator(folder.ensemble / "calibration.json")


def _plain(members: list[str]) -> tuple[Rule, str, dict[str, _Views], Calibrator]:
    """The mean of all networks, by the whole picture, as it is."""
    equal = Rule(np.full(len(members), 1 / len(members)))
    return equal, "soft", {member: _Views(member, [IDENTITY], "mean-prob") for member in members}, Temperature()


def _set_texts(folder: RunFolder, prob: NDArray[np.float32], coverage: float, names: Sequence[str]) -> list[str]:
    """The classes of each row's prediction set, most probable first, `;` between."""
    section = Run.open(folder.path).recipe.calibration
    if not (folder.ensemble / "oof.npz").is_file():
        raise UserError(f"{folder.path} has no out-of-fold rows to calibrate sets on", "Sets need a run with folds.")
    with np.load(folder.ensemble / "oof.npz", allow_pickle=False) as file:
        row, oof = file["row"], file["prob"]
    inside = conformal_sets(oof, read_rows(folder.folds, row), coverage, section.set_score).sets(prob)
    order = np.argsort(-prob, axis=1, kind="stable")
    return [";".join(names[i] for i in line if inside[row, i]) for row, line in enumerate(order)]


def _frame(
    split: Split, prob: NDArray[np.float32], errors: Sequence[str], names: Sequence[str], targets: Sequence[int]
) -> pd.DataFrame:
    order = np.argsort(-prob, axis=1, kind="stable")[:, :5]
    best = order[:, 0]
    return pd.DataFrame(
        {
            "image": list(split.names),
            "label": [targets[index] for index in best],
            "name": [names[index] for index in best],
            "probability": [f"{prob[row, index]:.6f}" for row, index in enumerate(best)],
            "top5": [";".join(f"{names[i]}:{prob[row, i]:.4f}" for i in top) for row, top in enumerate(order)],
            "error": list(errors),
        }
    )
