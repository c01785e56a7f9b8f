"""`state.json`: what kind of folder it is, and the facts of the table that it was made on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from sketchfit.runs.artefact import Artefact

Kind = Literal["run", "fit", "ensemble"]

KINDS: dict[Kind, str] = {
    "run": "a run (made by `sketchfit run`)",
    "fit": "a network trained on all rows (made by `sketchfit fit`)",
    "ensemble": "an ensemble of runs (made by `sketchfit ensemble`)",
}
"""What messages call each kind."""

RUN_FILES = frozenset({"state.json", "recipe.yaml"})
"""Names of files in each folder of a run."""


class State(Artefact):
    """The facts of a run's table, and what made the folder.

    Attributes:
        version: of the folder's format, under the key `format`; `version` in the file is sketchfit's.
        made_by: version of sketchfit.
        kind: None in folders that were made before kinds were written down.
        data: folder that image paths are relative to, absolute.
        source: what the tables were read from: a folder or a table.
        table_id: digest of the tables; runs with the same one can be combined.
        class_names, class_labels: C names for display, and what the label column of the user's table calls each class.
        rows: number of training and test rows.
        test_names: what the test table calls each image.
    """

    PLACE = "state.json"
    VERSION: ClassVar[int] = 4
    made_by: str = ""
    kind: Kind | None = None
    data: Path
    source: Path
    table_id: str
    class_names: tuple[str, ...]
    class_labels: tuple[str, ...]
    rows: dict[Literal["train", "test"], int] = Field(default={})
    test_names: tuple[str, ...] = ()

    @classmethod
    def _as_keys(cls, content: Any) -> dict[str, Any]:
        keys = dict(content)
        made_by, form = keys.pop("version", ""), keys.pop("format", 1)
        return {"source": keys.get("data"), **keys, "made_by": made_by, "version": form}

    @classmethod
    def _upgraded(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Before format 3 the labels were integers, `class_targets`."""
        if "class_targets" not in content:
            return content
        return {"class_labels": [str(target) for target in content["class_targets"]], **content}

    def _as_json(self, content: dict[str, Any]) -> Any:
        form, made_by = content.pop("version"), content.pop("made_by")
        return {"version": made_by, "format": form, **content}
