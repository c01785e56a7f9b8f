"""Go on with a finished run under changed settings of what comes after training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from sketchfit.files import read_json
from sketchfit.pipeline.folder import RunFolder
from sketchfit.pipeline.run import run
from sketchfit.pipeline.submit import run_recipe
from sketchfit.pipeline.summary import RunResult


def go_on(run_folder: str | Path, overrides: Sequence[str]) -> RunResult:
    """Run again in a run's folder, on its own tables and recipe, with these settings changed.

    Args:
        run_folder: of a run; its networks are not trained again.
        overrides: `key=value` texts.

    Raises:
        UserError: no run there; its tables have changed; or a setting that decides what its networks are.
    """
    folder = RunFolder(Path(run_folder))
    run_recipe(folder)  # names a folder that is no run
    recipe = yaml.safe_load(folder.recipe.read_text(encoding="utf-8"))
    return run(read_json(folder.state)["source"], recipe, overrides, folder.path)
