"""Making a run's folder, or coming back to it: a folder holds one kind of run, of one recipe, on one table."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from sketchfit.config.recipe import Recipe
from sketchfit.config.scope import training_settings
from sketchfit.errors import RunError, UserError
from sketchfit.remains import REMAINS, clear_remains
from sketchfit.runs.artefacts import Sources
from sketchfit.runs.environment import environment
from sketchfit.runs.fingerprint import differing_keys
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.fresh import check_fresh, delete_run, foreign_files
from sketchfit.runs.lock import Writer, one_writer
from sketchfit.runs.marks import BY_SYSTEM, LOCK, MARK
from sketchfit.runs.recipe import read_recipe
from sketchfit.runs.state import KINDS, Kind, State
from sketchfit.version import version

ELSEWHERE = "Choose another folder with --out, or start over with --fresh."


def open_run(path: Path, recipe: Recipe, state: State, fresh: bool = False, same_rows: bool = False) -> RunFolder:
    """Make the folder of a run, or come back to it.

    Args:
        path: the folder.
        recipe: the complete recipe.
        state: the kind of the folder and the facts of the table.
        fresh: delete what the folder holds of an earlier run.
        same_rows: the training rows are known to be those of the folder, whatever has changed in the tables.

    Raises:
        UserError: it holds a run of another kind, recipe or table, or something that is no run.
    """
    run = RunFolder(path)
    if fresh and (run.state.is_file() or run.recipe.is_file()):
        delete_run(path)
    check_run_folder(run, recipe, state, same_rows)
    run.write_recipe(recipe)
    write_facts(run, state)
    return run


def check_run_folder(run: RunFolder, recipe: Recipe, state: State, same_rows: bool = False) -> None:
    """Refuse a folder that `open_run` refuses; nothing is written.

    Raises:
        UserError: as `open_run`.
    """
    check_folder(run, state.kind)
    if run.state.is_file():
        _check_same(run, recipe, state, same_rows)


def write_facts(run: RunFolder, state: State) -> None:
    """Write what a run's folder knows besides its recipe: the environment, and the kind and facts of the table."""
    clear_remains(run.path.rglob(".*.part"))
    run.write(environment())
    write_state(run, state)


def check_folder(run: RunFolder, kind: Kind | None) -> None:
    """Refuse a folder that cannot become a run's folder, or that holds one of another kind.

    Raises:
        UserError: it holds a run of another kind, or something that is no run.
    """
    path = run.path
    if run.state.is_file():
        if kind is not None:
            check_kind(run, kind)
    elif not is_empty(path) and (not run.recipe.is_file() or foreign_files(path)):
        raise RunError(f"{path} is not empty and holds no run", "Choose another folder with --out.")


def locked_run(path: Path, kind: Kind, *, fresh: bool = False) -> AbstractContextManager[None]:
    """Return the lock of a folder that may hold a run of this kind; a folder that may not is left untouched.

    Raises:
        UserError: see `check_folder` and `check_fresh`, and on entering `one_writer`.
    """
    check_folder(RunFolder(path), None if fresh else kind)
    if fresh:
        check_fresh(path)
    return one_writer(path)


def is_empty(path: Path) -> bool:
    """Return whether a folder does not exist, or holds nothing but a lock and remains of killed processes."""
    own = {LOCK, MARK, Writer.PLACE, *BY_SYSTEM}
    return not path.is_dir() or all(one.name in own or REMAINS.fullmatch(one.name) for one in path.iterdir())


def write_state(run: RunFolder, state: State) -> None:
    """Write `state.json` with this version of sketchfit."""
    run.write(state.model_copy(update={"made_by": version()}))


def kind_of(run: RunFolder) -> Kind | None:
    """Return what kind of folder it is; None where nothing was done in it yet.

    Folders that were made before kinds were written down are recognised by their files: a run writes its folds, and
    before them its audit, before anything is trained; a fit writes neither.

    Raises:
        UserError: there is no state, or it is damaged.
    """
    if (kind := State.read(run.path).kind) is not None:
        return kind
    if Sources.exists(run.path):
        return "ensemble"
    if run.folds.is_file() or run.findings.parent.is_dir():
        return "run"
    return "fit" if run.has_training() else None


def check_kind(run: RunFolder, wanted: Kind) -> None:
    """Refuse a folder of another kind.

    Raises:
        UserError: it is of another kind.
    """
    if (kind := kind_of(run)) not in (wanted, None):
        raise RunError(f"{run.path} holds {KINDS[kind]}, not {KINDS[wanted]}", "Name another folder.")


def has_same_networks(path: Path, recipe: Recipe) -> bool:
    """Return whether a folder holds a run whose networks are trained by these settings."""
    run = RunFolder(path)
    if not (run.state.is_file() and run.recipe.is_file()):
        return False
    try:
        old, new = (training_settings(one.model_dump(mode="json")) for one in (read_recipe(run.recipe), recipe))
    except UserError:
        return False
    return old == new


def _check_same(run: RunFolder, recipe: Recipe, state: State, same_rows: bool) -> None:
    if not run.has_training() or run.has_only_diverged():
        return  # nothing was trained: a recipe that failed before may be corrected
    if not same_rows and State.read(run.path).table_id != state.table_id:
        raise RunError(f"{run.path} holds a run on another table than this one", ELSEWHERE)
    if not run.recipe.is_file():
        return  # it was damaged and deleted: each network holds the digest of its settings
    old, new = (training_settings(one.model_dump(mode="json")) for one in (read_recipe(run.recipe), recipe))
    if changed := differing_keys(old, new):
        raise RunError(
            [
                f"{run.path} holds a run with another {key}: {before!r} there, {after!r} now"
                for key, before, after in changed
            ],
            ELSEWHERE,
        )
