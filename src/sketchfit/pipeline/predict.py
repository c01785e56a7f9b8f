"""Labels for new images from a finished run: the mean over all its networks."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from sketchfit.config.load import member_recipes, parse_recipe
from sketchfit.data.readers import read_images
from sketchfit.data.store import open_store
from sketchfit.data.table import Split
from sketchfit.errors import UserError
from sketchfit.files import read_json
from sketchfit.pipeline.folder import RunFolder
from sketchfit.pipeline.members import load_network, predict_rows, with_prior
from sketchfit.pipeline.prepare import store_settings
from sketchfit.training.engine import make_engine


def predict(
    run: str | Path, images: Sequence[str | Path] | str | Path, *, image_column: str | None = None
) -> pd.DataFrame:
    """Label images.

    Args:
        run: a run's folder.
        images: image files, folders (all images below), or tables.
        image_column: column of a table that names the image.

    Returns:
        A row an image, in the order given: `image`, `label` (what the training table calls the class), `name`,
        `probability`, `top5` (`name:probability` of the five most probable, `;` between), `error` (why an image could
        not be read; all classes are then equally probable; empty otherwise).

    Raises:
        UserError: no finished run there, or no such image.
    """
    folder = RunFolder(Path(run))
    if not folder.state.is_file() or not folder.recipe.is_file():
        raise UserError(f"{run} holds no run", "Give the folder that `sketchfit run` wrote.")
    sources = [images] if isinstance(images, (str, Path)) else images
    root, split = read_images([Path(source) for source in sources], image_column)
    state = read_json(folder.state)
    prob, errors = _probabilities(folder, root, split, len(state["class_names"]))
    return _frame(split, prob, errors, state["class_names"], state["class_targets"])


def _probabilities(
    folder: RunFolder, root: Path, split: Split, classes: int
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    recipe = parse_recipe(yaml.safe_load(folder.recipe.read_text(encoding="utf-8")), str(folder.recipe))
    engine = make_engine(recipe.compute)
    by_member: list[NDArray[np.float32]] = []
    errors: tuple[str, ...] = ()
    for member, member_recipe in member_recipes(recipe).items():
        folds = sorted(path.parent for path in folder.path.glob(f"members/{member}/fold*/done.json"))
        if not folds:
            raise UserError(
                f"{folder.path} holds no trained network of member {member}", "Let `sketchfit run` finish first."
            )
        with tempfile.TemporaryDirectory(prefix="sketchfit-") as cache:
            store = open_store(root, split.paths, store_settings(member_recipe), Path(cache))
            errors, rows = store.errors, np.flatnonzero(store.readable)
            found = []
            for fold in folds:
                network = load_network(fold, member_recipe, classes)
                network.model.to(engine.device)
                found.append(predict_rows(network, member_recipe, store, rows, classes, engine))
            prior = np.full(classes, 1 / classes, dtype=np.float32)
            by_member.append(with_prior(np.mean(found, axis=0), store.readable, prior))
            del store  # the memory map must be gone before its folder is
    return np.mean(by_member, axis=0), errors


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
