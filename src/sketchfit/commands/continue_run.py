"""Go on with a finished run under changed settings of what comes after training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from sketchfit.commands.run import run
from sketchfit.config.scope import member_sections
from sketchfit.errors import UserError
from sketchfit.runs.run import Run
from sketchfit.stages.summary import RunResult


def continue_run(run_folder: str | Path, overrides: Sequence[str]) -> RunResult:
    """Run again in a run's folder, on its own tables and recipe, with these settings changed.

    Args:
        run_folder: of a run; its networks are not trained again.
        overrides: `key=value` texts.

    Raises:
        UserError: no run there; its tables have changed; or a setting that decides what its networks are.
    """
    opened = Run.open(run_folder, kind="run")
    return run(opened.table.source, opened.recipe.model_dump(mode="json"), overrides, opened.path)


def continue_distilling(run_folder: str | Path, student: str = "", overrides: Sequence[str] = ()) -> RunResult:
    """Distil a run's ensemble into a student.

    Args:
        run_folder: of a run.
        student: name of the member that it is made like, or a YAML file of settings in which it differs from the
            first one; empty: as the run's recipe says.
        overrides: `key=value` texts. Those of training (`model.backbone=…`) are the student's, all others the run's.

    Returns:
        The run's result; its last step is the student's.

    Raises:
        UserError: no run there; a mistake in the settings; its tables have changed.
    """
    own = [f"distill.student.{text}" for text in overrides if _section(text) in member_sections()]
    shared = [text for text in overrides if _section(text) not in member_sections()]
    file = Path(student)
    if student and (file.suffix in {".yaml", ".yml"} or file.is_file()):
        own, shared = [f"distill.student={_flow(file)}", *own], ["distill.member=''", *shared]
    elif student:
        shared = [f"distill.member={student}", *shared]
    # Settings of a student replace those of the one before: laid on them they would make a third.
    cleared = ["distill.student=null", "distill.student={}"] if own or student else []
    return continue_run(run_folder, ["distill.enabled=true", *cleared, *own, *shared])


def _section(override: str) -> str:
    return override.partition("=")[0].partition(".")[0].strip()


def _flow(path: Path) -> str:
    """A YAML file of settings on one line."""
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{path} can't be read: {error}") from error
    if not isinstance(settings, dict):
        raise UserError(f"{path} must be a mapping of settings in which the student differs from the first member")
    return str(yaml.safe_dump(settings, default_flow_style=True, width=float("inf"))).strip()
