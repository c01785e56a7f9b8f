"""Read random data sets: tables, images and folders, right ones and damaged ones. Only a `UserError` may stop a reader.

    python -m tools.fuzz_data [--minutes 10] [--seed 0]

Every batch of inputs follows from its seed; `tests/data/fuzz_seeds.txt` keeps those that found a fault, and they are
run first. Prints the number of inputs, and per fault its seed and the smallest input that hypothesis finds; the exit
status is 1 if there is a fault.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as how

from sketchfit.data.image_sources import read_images
from sketchfit.data.images import ImageError, decode
from sketchfit.data.read_settings import ReadSettings, TableNames
from sketchfit.data.readers import read_table
from sketchfit.data.review import read_exclude, read_relabel
from sketchfit.data.sheets import open_sheet
from sketchfit.data.table import Table
from sketchfit.errors import UserError
from sketchfit.inference.external import parse_external
from sketchfit.inference.submission_check import check_submission
from sketchfit.inference.submission_text import submission_text
from tools.fuzz_inputs import TABLES, Files, damaged_images, data_sets, table_files
from tools.fuzz_inputs import settings as some_settings

SEEDS = Path(__file__).resolve().parents[1] / "tests" / "data" / "fuzz_seeds.txt"
BATCH = 200
_FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
_RULES = how(deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False)
_NAMES = ("image_column", "label_column", "split_column", "train", "test")


def main() -> int:
    """Run batches until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first batch")
    parser.add_argument("--batch", type=int, default=BATCH, help="inputs per seed")
    given_arguments = parser.parse_args()
    end = time.monotonic() + 60 * given_arguments.minutes
    kept = [int(line) for line in SEEDS.read_text(encoding="utf-8").split()] if SEEDS.is_file() else []
    results: Counter[str] = Counter()
    faults: list[int] = []
    number = given_arguments.seed
    while time.monotonic() < end:
        chosen = kept.pop(0) if kept else number
        number += chosen == number
        if not run_batch(chosen, given_arguments.batch, results):
            faults.append(chosen)
    counts = ", ".join(f"{count:,} {what}" for what, count in sorted(results.items()))
    print(f"{results.total():,} inputs ({counts}); {len(faults)} faults{f', seeds {faults}' if faults else ''}")
    return 1 if faults else 0


def run_batch(number: int, inputs: int, results: Counter[str]) -> bool:
    """Run the inputs of one seed; return whether there was no fault, and print the fault otherwise."""

    @given(data_sets(), some_settings())
    def read_data_set(files: Files, settings: dict[str, Any]) -> None:
        with tempfile.TemporaryDirectory(dir=_FAST) as folder:
            results[f"data sets {check_input(Path(folder), files, settings)}"] += 1

    @given(table_files())
    def read_one_table(file: tuple[str, bytes]) -> None:
        with tempfile.TemporaryDirectory(dir=_FAST) as folder:
            path = Path(folder) / file[0]
            path.write_bytes(file[1])
            results["tables refused" if _refused(lambda: open_sheet(path)) else "tables read"] += 1

    @given(damaged_images())
    def read_one_image(content: bytes) -> None:
        results["images refused" if _refused(lambda: decode(content, max_pixels=1_000_000)) else "images read"] += 1

    good = True
    for check, times in ((read_data_set, 1), (read_one_table, 3), (read_one_image, 5)):
        try:
            seed(number)(how(_RULES, max_examples=inputs * times)(check))()
        except Exception:
            print(f"seed {number}:")
            traceback.print_exc()
            good = False
    return good


def check_input(folder: Path, files: Files, settings: dict[str, Any]) -> str:
    """Read a data set and all that can be read from its files; return `read` or `refused`.

    Raises:
        Exception: any but a `UserError` is a fault.
    """
    root = folder / "data"
    root.mkdir()
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    names = TableNames(**{name: value for name, value in settings.items() if name in _NAMES})
    others = {name: value for name, value in settings.items() if name not in _NAMES}
    for path in [path for path in files if path in TABLES and (root / path).is_file()]:
        _read_alone(root / path)
    _refused(lambda: read_images([root]))
    try:
        table = read_table(root, ReadSettings(names, **others))
    except UserError as error:
        _check_error(error)
        return "refused"
    _check_table(table, folder)
    return "read"


def _read_alone(path: Path) -> None:
    """Read a file wherever a command takes one."""
    readers: tuple[Callable[[Path], object], ...] = (read_exclude, read_relabel, read_table)
    for read in readers:
        _refused(partial(read, path))
    _refused(lambda: read_images([path]))


def _refused(read: Callable[[], object]) -> bool:
    try:
        read()
    except (ImageError, UserError) as error:
        _check_error(error)
        return True
    return False


def _check_error(error: UserError | ImageError) -> None:
    assert str(error).strip(), "an error without text"


def _check_table(table: Table, folder: Path) -> None:
    """Decode the images, and write, check and read a submission."""
    assert len(table.train) == len(table.label) > 0
    assert len(set(table.class_labels)) == table.class_count == len(table.class_names)
    for image in {*table.train.paths, *table.test.paths}:
        _refused(partial(decode, table.root / image, max_pixels=1_000_000))
    if not len(table.test):
        return
    prob = np.eye(table.class_count, dtype=np.float32)[np.arange(len(table.test)) % table.class_count]
    encoding = table.submission.encoding if table.submission else "utf-8"
    path = folder / "submission.csv"
    path.write_bytes(submission_text(table, prob).encode(encoding))
    assert check_submission(path, table) == []
    _refused(lambda: parse_external(path.read_bytes().decode(encoding), table, 0.9))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.exit(main())
