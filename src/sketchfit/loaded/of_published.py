"""The model of a network that was published with `sketchfit push`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sketchfit.bundle.predictions import set_rule
from sketchfit.bundle.unknown_rule import unknown_test
from sketchfit.config.parse import parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.config.views import IDENTITY
from sketchfit.hub.published import PublishedNetwork
from sketchfit.inference.calibration import Temperature
from sketchfit.inference.ensembling.rule import Rule
from sketchfit.inference.run_predictor import MemberNetworks, RunPredictor
from sketchfit.inference.run_unknown import RunUnknown
from sketchfit.loaded.classes import ClassTexts
from sketchfit.loaded.of_run import device_named
from sketchfit.loaded.run_model import RunModel, RunRules
from sketchfit.runs.artefacts import MemberViews
from sketchfit.runs.networks import NetworkFolder
from sketchfit.wording import counted


def published_model(folder: Path, *, device: str | None = None, keep: bool = True) -> RunModel:
    """Return the model of a published network; it is loaded when it is first used.

    Args:
        folder: with `sketchfit.json` and `model.safetensors`.
        device: see `load`.
        keep: see `RunModel`.

    Raises:
        UserError: a file is missing or damaged, timm has no such architecture, or there is no such device.
    """
    stated = PublishedNetwork.read(folder)
    classes = ClassTexts(stated.labels, stated.names)
    predictor = published_predictor(folder, stated)
    test = None if stated.unknown is None else unknown_test(stated.unknown)
    rules = RunRules(
        lambda coverage: set_rule(stated.sets, coverage).sets,
        None if test is None else lambda: RunUnknown(test, predictor, counted(len(test.known), "image")),
    )
    return RunModel(predictor, classes, None if device is None else device_named(device), rules, keep)


def published_predictor(folder: Path, stated: PublishedNetwork) -> RunPredictor:
    """Return what predicts with a published network: the entire image, with its temperature."""
    views = MemberViews(folder=stated.network.name, names=(IDENTITY,), mode="mean-prob")
    member = MemberNetworks(recipe_of(stated, folder), (NetworkFolder(folder),), (1.0,), views)
    return RunPredictor((member,), Rule(np.ones(1)), "soft", Temperature(stated.temperature), len(stated.labels))


def recipe_of(stated: PublishedNetwork, folder: Path) -> Recipe:
    """Return the settings on which predictions depend.

    Raises:
        UserError: they are no valid settings.
    """
    images = stated.preprocessing
    settings: dict[str, Any] = {
        "model": {
            "backbone": stated.network.architecture,
            "pretrained": False,
            "input_size": images.size,
            "args": stated.arguments,
        },
        "data": {
            "resize": images.resize,
            "size": images.stored,
            "channels": images.channels,
            "max_pixels": images.max_pixels,
        },
    }
    return parse_recipe(settings, str(folder / stated.PLACE))
