"""Checks of the folders and files that a command is given, before torch is imported: what is there instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sketchfit.commands.addresses import is_address, local_place, readable_address
from sketchfit.errors import DataError, RunError, no_such_data
from sketchfit.wording import counted, listed

STATE = "state.json"
"""Of a run's folder."""

HELD = (STATE, "sketchfit.json", "bundle.json")
"""Of a run, a published network and a bundle; a test compares them with the names of those who write them."""

ARCHIVES = {".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz"}

TRAIN = "train.csv"

SHOWN = 3
"""Runs and files that are named."""


def local_data(data: str | Path) -> Path:
    """Return the place of a data set on this machine: that of a copy where it is in an object store.

    Raises:
        DataError: it cannot be a data set, or cannot be copied.
        MissingPackageError: an additional package reads such addresses.
    """
    if not str(data).strip():
        raise DataError("the data is an empty text", "Give a folder, a table or an address; `.` is the current folder.")
    place = local_place(data)
    check_data(place)
    return place


def check_data(path: Path) -> None:
    """Refuse a place that cannot be a data set.

    Raises:
        DataError: nothing is there, a run, an archive, a notebook, or an empty folder.
    """
    if not path.exists():
        hint = _of_windows(path)
        error = no_such_data(path)
        raise DataError(error.problems, hint) if hint else error
    if path.is_file():
        _check_table(path)
        return
    if (path / STATE).is_file():
        source = _source(path)
        raise DataError(
            f"{path} is a run's folder, and this command needs the data",
            f"Give the data that it was trained on: {source}" if source else "Give the folder with the images.",
        )
    if all(one.name.startswith(".") for one in path.iterdir()):
        raise DataError(f"{path} is empty", "Give the folder that contains train.csv, or one subfolder per class.")


def check_runs(paths: Iterable[Path], *, networks: bool = False) -> None:
    """Refuse places that hold no run.

    Args:
        paths: as the user gave them; addresses on the hub are not looked at.
        networks: whether a published network or a bundle is accepted too.

    Raises:
        RunError: the first one that holds none.
    """
    for path in paths:
        if str(path).startswith(("hf:/", "hf://")):
            continue
        if not any((path / name).is_file() for name in (HELD if networks else HELD[:1])):
            raise RunError(f"{path} holds no run{_why(path)}", _instead(path))


def _why(path: Path) -> str:
    if not path.exists():
        return ": it does not exist"
    return "" if path.is_dir() else ": it is a file"


def _instead(path: Path) -> str:
    """Return what to do where a place holds no run."""
    if path.is_file() and path.suffix.lower() in ARCHIVES:
        return "Unpack it first, and give the folder."
    if path.is_dir():
        if (path / TRAIN).is_file():
            return f"It is a data set. Train on it first: sketchfit run {path}"
        if inside := [str(one.parent) for one in sorted(path.glob(f"*/{STATE}"))]:
            return f"Give one of the runs in it: {listed(inside, SHOWN)}"
    if hint := _of_windows(path):
        return hint
    if runs := [str(one.parent) for one in sorted(Path("runs").glob(f"*/{STATE}"))]:
        return f"Give the folder that `sketchfit run` wrote; there is {listed(runs, SHOWN)}"
    return "Give the folder that `sketchfit run` wrote."


def check_holds_runs(folder: Path) -> None:
    """Refuse a folder without run folders in it.

    Raises:
        RunError: it has none, or does not exist.
    """
    if not folder.is_dir():
        raise RunError(f"{folder} is no folder", "Give the folder that contains run folders, `runs` by default.")
    if not any(folder.glob(f"*/{STATE}")):
        hint = f"It is a run. Give the folder above: {folder.parent}" if (folder / STATE).is_file() else ""
        raise RunError(f"{folder} holds no runs", hint or "Give the folder that contains run folders.")


def check_compared(runs: Sequence[Path], names: str | None) -> None:
    """Refuse a comparison of fewer than two runs, or other numbers of runs and names.

    Raises:
        RunError: either.
    """
    if len(runs) < 2:
        raise RunError("compare needs two runs or more", f"For example: sketchfit compare {runs[0]} runs/second")
    given = len(runs) if names is None else len(names.split(","))
    if given != len(runs):
        raise RunError(
            f"--names has {counted(given, 'name')}, and there are {counted(len(runs), 'run')}",
            "Give one name per run, separated by commas.",
        )


def check_files(paths: Iterable[Path], *, addresses: bool = False) -> None:
    """Refuse files and folders that do not exist.

    Args:
        paths: of them.
        addresses: whether addresses are accepted too, of kinds that can be read.

    Raises:
        DataError: all that do not; the first address of another kind.
    """
    paths = [path for path in paths if not (addresses and is_address(path) and readable_address(path))]
    missing = [path for path in paths if not path.exists()]
    if missing:
        problems = [problem for path in missing[:SHOWN] for problem in no_such_data(path).problems]
        more = len(missing) - len(problems)
        raise DataError(
            [*problems, *([f"{more} more do not exist"] if more > 0 else [])],
            _of_windows(missing[0]) or "Check the names; they are relative to the folder in which you are.",
        )


def _check_table(path: Path) -> None:
    within = Path(path.stem).suffix.lower()  # a packed table, such as train.csv.zip, is read
    if path.suffix.lower() in ARCHIVES and within in ("", ".tar"):
        raise DataError(f"{path} is an archive, not a data set", "Unpack it first, and give the folder.")
    if path.suffix.lower() in (".ipynb", ".py"):
        raise DataError(f"{path} is a program, not a data set", "Give the folder that contains train.csv, or a table.")


def _of_windows(path: Path) -> str:
    """Return a hint where a path is written as on Windows, and this is another system."""
    if "\\" not in str(path):
        return ""
    return f"Here folders are separated by /, for example {str(path).replace(chr(92), '/')}"


def _source(run: Path) -> str:
    """Return the data of a run; empty where its state cannot be read."""
    import json

    try:
        state = json.loads((run / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    source = state.get("source", "") if isinstance(state, dict) else ""
    return source if isinstance(source, str) else ""
