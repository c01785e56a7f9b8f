"""`sketchfit distill`: continue a run with a student of its ensemble."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sketchfit.commands.continue_run import continue_run
from sketchfit.config.overrides import merge
from sketchfit.config.scope import member_sections
from sketchfit.config.yaml_files import read_yaml
from sketchfit.errors import UserError
from sketchfit.stages.products import RunResult


def distill(run_folder: str | Path, student: str = "", settings: Mapping[str, Any] | None = None) -> RunResult:
    """Distil a run's ensemble into a student.

    Args:
        run_folder: of a run.
        student: name of the member whose settings it has, or a YAML file of settings in which it differs from the
            first member; empty: that of the run's recipe.
        settings: a nested mapping of settings to change. Those that a member can have (`model`, `training`, …) are the
            student's, all others the run's.

    Returns:
        The run's result; its last step is the student's.

    Raises:
        UserError: no run there; a mistake in the settings; its tables have changed.
    """
    settings = settings or {}
    own = {name: value for name, value in settings.items() if name in member_sections()}
    shared = {name: value for name, value in settings.items() if name not in member_sections()}
    wanted: dict[str, Any] = {"enabled": True}
    file = Path(student)
    if student and (file.suffix in {".yaml", ".yml"} or file.is_file()):
        wanted["member"], own = "", merge(_read(file), own)
    elif student:
        wanted["member"] = student
    # Settings of an earlier student are replaced: merged with these they would make a third student.
    replaced = {"distill": {"student": None}} if own or student else {}
    if replaced:
        wanted["student"] = own
    return continue_run(run_folder, replaced, {"distill": wanted}, shared)


def _read(path: Path) -> dict[str, Any]:
    """Return the settings in a YAML file."""
    settings = read_yaml(path)
    if not isinstance(settings, dict):
        raise UserError(f"{path} must be a mapping of settings in which the student differs from the first member")
    return settings
