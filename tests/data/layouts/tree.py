"""The same small data set in any layout: 12 training images of 3 classes, 3 validation and 5 test images."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from tests.data.malformed import CLASSES, PER_CLASS, TEST_ROWS, drawing, encoded

VALID, TEST = 500, 1000
"""Numbers of the first validation and test drawing."""


@functools.cache
def image(number: int, kind: str = "PNG") -> bytes:
    """An image file; all kinds that are used here store the same pixels."""
    return encoded(drawing(number), kind, **({"lossless": True} if kind == "WEBP" else {}))


@dataclass(frozen=True)
class Expected:
    """What reading must give.

    Attributes:
        labels: label of each class.
        names: name of each class, if it is another.
        valid: validation rows.
        test: numbers of the test drawings, in order.
        keys: cells of the submission's rows that are not filled.
        header: column names of the submission.
        fill: the filled columns, in the sample's order: "label", or indices of classes whose probability it is.
        texts: what the submission calls each class; by default its label.
        delimiter, line_end, encoding: form of the submission.
        data: what is given to the command, relative to the root.
        unused: number of images that are in no row.
        same_pixels: whether the drawings are those of all layouts.
        settings: given to the command with `--set`.
    """

    keys: Sequence[tuple[str, ...]]
    header: tuple[str, ...] = ("ID", "image_path", "target")
    labels: tuple[str, ...] = CLASSES
    names: tuple[str, ...] | None = None
    valid: int = 0
    test: Sequence[int] = tuple(range(TEST, TEST + TEST_ROWS))
    fill: str | tuple[int, ...] = "label"
    texts: tuple[str, ...] | None = None
    delimiter: str = ","
    line_end: str = "\n"
    encoding: str = "utf-8"
    data: str = ""
    unused: int = 0
    same_pixels: bool = True
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A layout.

    Attributes:
        layout: the files, for the documentation.
        read: how they are read, for the documentation.
        build: writes the files, and returns what reading must give.
    """

    layout: str
    read: str
    build: Callable[[Tree], Expected]


@dataclass
class Tree:
    """Writes images and tables below a root."""

    root: Path
    written: dict[int, str] = field(default_factory=dict)

    def image(self, path: str, number: int, kind: str = "PNG") -> str:
        """Write one drawing."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(image(number, kind))
        self.written[number] = path
        return path

    def train(
        self, form: str = "train/{name}/{n}.png", first: int = 0, count: int = PER_CLASS
    ) -> list[tuple[str, str]]:
        """Write the training drawings class by class.

        Args:
            form: of the paths: `name` of the class, its index `c`, number `n` in the class, number `k` of all.
            first: number of the first drawing of a class; `VALID` for validation drawings.
            count: drawings per class.

        Returns:
            Path and class of each.
        """
        rows = []
        for c, name in enumerate(CLASSES):
            for n in range(count):
                path = form.format(name=name, c=c, n=n, k=c * count + n)
                rows.append((self.image(path, first + 100 * c + n), name))
        return rows

    def valid(self, form: str = "val/{name}/{n}.png") -> list[tuple[str, str]]:
        """Write a validation drawing per class."""
        return self.train(form, VALID, 1)

    def test(self, form: str = "test/{n}.png") -> list[str]:
        """Write the test drawings."""
        return [self.image(form.format(n=n), TEST + n) for n in range(TEST_ROWS)]

    def table(self, path: str, columns: Sequence[str], rows: Iterable[Sequence[object]], **options: object) -> None:
        """Write a table in the format of its suffix."""
        frame = pd.DataFrame(list(rows), columns=list(columns))
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(table_bytes(frame, path, **options))

    def sample(
        self, columns: Sequence[str], rows: Iterable[Sequence[object]], path: str = "sample_submission.csv"
    ) -> None:
        """Write a sample submission."""
        self.table(path, columns, rows)


def table_bytes(frame: pd.DataFrame, path: str, **options: object) -> bytes:
    """The content of a table file."""
    buffer = io.BytesIO()
    if path.endswith(".parquet"):
        frame.to_parquet(buffer)
    elif path.endswith(".xlsx"):
        frame.to_excel(buffer, index=False)
    elif path.endswith(".jsonl"):
        frame.to_json(buffer, orient="records", lines=True, force_ascii=False)
    elif path.endswith(".json"):
        frame.to_json(buffer, orient="records", force_ascii=False)
    else:
        given = {"index": False, "sep": "\t" if ".tsv" in path else ",", **options}
        compression = "gzip" if path.endswith(".gz") else None
        frame.to_csv(buffer, compression=compression, **given)
    return buffer.getvalue()


def default_keys(names: Iterable[str]) -> list[tuple[str, ...]]:
    """The first two columns of a submission without a sample."""
    return [(str(k), name) for k, name in enumerate(names)]


def below(rows: Iterable[tuple[str, str]], folder: str) -> list[tuple[str, str]]:
    """Paths relative to a folder, and classes."""
    return [(path.removeprefix(f"{folder}/"), name) for path, name in rows]


def stems(names: Iterable[str]) -> list[str]:
    """Names of files without folder and suffix."""
    return [Path(name).stem for name in names]
