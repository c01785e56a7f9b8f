"""Runs the notebooks of the documentation, each in a fresh folder, and writes them with their outputs.

    python -m tools.run_notebooks [--out build/notebooks] docs/notebooks/*.ipynb

They are stored without outputs. Needs nbclient and ipykernel. Exits with status 1 where a cell fails, or where a
kernel ends before all cells have run, for example for lack of memory.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

LIMIT = 300
"""Seconds that a cell may take."""


def run_notebook(source: Path, folder: Path) -> str:
    """Run a notebook in `folder`, which is made, and write it there with its outputs.

    Args:
        source: the notebook.
        folder: in which its cells run; what is there is deleted.

    Returns:
        The error of a cell, or that the kernel ended, with the cell; "" where all cells succeeded.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    nbformat: Any = import_module("nbformat")  # its functions have no types
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    notebook = nbformat.read(source, as_version=4)
    client = NotebookClient(
        notebook, timeout=LIMIT, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    failure = ""
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError) as error:
        failure = str(error)
    except DeadKernelError:
        failure = f"{source}: the kernel ended in cell {_reached(notebook)}; is there enough memory?"
    except Exception as error:  # of the kernel's start, and of its connection
        failure = f"{source}: the notebook cannot be run: {error}"
    nbformat.write(notebook, folder / source.name)
    return failure


def _reached(notebook: Any) -> int:
    """Return the number of the last code cell that was started, from 1."""
    started = ["execution" in cell.metadata for cell in notebook.cells if cell.cell_type == "code"]
    return max((number for number, was in enumerate(started, 1) if was), default=0)


def main() -> int:
    """Run the notebooks; 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("build/notebooks"))
    given = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if missing := [str(one) for one in given.notebooks if not one.is_file()]:
        parser.error(f"no such notebook: {', '.join(missing)}")
    failed = 0
    for source in given.notebooks:
        start = time.monotonic()
        failure = run_notebook(source, given.out / source.stem)
        failed += bool(failure)
        print(failure or f"{source}: all cells succeeded in {time.monotonic() - start:.0f} s", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
