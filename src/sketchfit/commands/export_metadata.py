"""What must be known to use an exported network, as texts in its file."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import asdict

from sketchfit.config.recipe import Recipe
from sketchfit.data.stores import store_settings
from sketchfit.runs.run import Run

FITTING = {
    "pad": "padded to a square with the paper's colour",
    "stretch": "stretched to a square",
    "crop": "its middle cropped to a square",
    "ink": "cropped to its ink with a margin and padded to a square",
}
"""What `data.resize` does, in words."""


def network_metadata(run: Run, recipe: Recipe, any_batch: bool) -> dict[str, str]:
    """Return the texts for a network from prepared pictures.

    Args:
        run: that trained it.
        recipe: of its member.
        any_batch: whether it takes any number of pictures; otherwise one at a time.
    """
    table, channels = run.table, recipe.data.picture_channels
    colour = "grey" if channels == 1 else "RGB; a grey drawing repeated three times"
    size, stored, batch = recipe.model.size, store_settings(recipe).size, "N" if any_batch else "1"
    return {
        "class_names": json.dumps(table.class_names, ensure_ascii=False),
        "class_labels": json.dumps(table.class_labels, ensure_ascii=False),
        "input": f"images: uint8 [{batch}, {size}, {size}, {channels}]",
        "output": f"probabilities: float32 [{batch}, {table.class_count}]",
        "preprocessing": f"rotated upright after EXIF; put on white where it is transparent; {colour}; "
        f"{FITTING[recipe.data.resize]}, resized to {stored} px and then to {size} px. Normalisation is in the graph.",
        "architecture": recipe.model.backbone,
        "made_by": f"sketchfit {importlib.metadata.version('sketchfit')}",
    } | _claim(run)


def from_images(metadata: Mapping[str, str], any_batch: bool) -> dict[str, str]:
    """Return the texts for a network with its preprocessing, given those for prepared pictures."""
    return {
        **metadata,
        "input": f"image: uint8 [{'N' if any_batch else '1'}, height, width, 1 or 3], upright, opaque, RGB or grey",
        "preprocessing": "all of it is in the graph, except rotation after EXIF and white in place of transparency",
    }


def _claim(run: Run) -> dict[str, str]:
    """Return what the run claims, as one JSON text; nothing for a run without a claim.

    A network alone is not the answer of the run: `single_network` is the accuracy to expect of one fold's network.
    """
    if (claim := run.claim) is None:
        return {}
    found = claim.label_free.accuracy if claim.label_free else None
    content = {
        "single_network": claim.single,
        "run": asdict(claim.expected),
        "out_of_fold": asdict(claim.out_of_fold),
        "without_labels": asdict(found) if found else None,
        "alarm": claim.alarm,
        "test_rows": claim.test_rows,
    }
    return {"claim": json.dumps(content)}
