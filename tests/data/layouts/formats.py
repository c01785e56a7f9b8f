"""Formats and encodings of tables."""

from __future__ import annotations

import gzip

import pandas as pd

from tests.data.layouts.tree import TEST, Case, Expected, Tree, below, default_keys, image, stems
from tests.data.malformed import CLASSES


def _pair(tree: Tree, suffix: str, **options: object) -> Expected:
    """A training and a test table in one format."""
    tree.table(f"train{suffix}", ("image_path", "label"), below(tree.train("train/{k}.png"), "train"), **options)
    names = [name.removeprefix("test/") for name in tree.test()]
    tree.table(f"test{suffix}", ("image_path",), [(name,) for name in names], **options)
    return Expected(default_keys(names))


def _list(tree: Tree, separator: str, packed: bool = False) -> Expected:
    lines = "".join(f"{path}{separator}{name}\n" for path, name in tree.train("images/{k}.png"))
    tests = "".join(f"{path}\n" for path in tree.test("images/t{n}.png"))
    for name, text in (("train", lines), ("test", tests)):
        content = text.encode()
        (tree.root / f"{name}.txt{'.gz' if packed else ''}").write_bytes(gzip.compress(content) if packed else content)
    return Expected(default_keys(f"images/t{n}.png" for n in range(5)))


def _ids(tree: Tree) -> Expected:
    """IDs and labels without column names."""
    rows = below(tree.train("train/{k}.png"), "train")
    tree.table("train.csv", ("", ""), [(stems([path])[0], name) for path, name in rows], header=False)
    return Expected(default_keys(name.removeprefix("test/") for name in tree.test()))


def _encoded(tree: Tree, encoding: str, labels: tuple[str, str, str]) -> Expected:
    rows = [(path, labels[CLASSES.index(name)]) for path, name in below(tree.train("train/{k}.png"), "train")]
    tree.table("train.csv", ("image_path", "label"), rows, encoding=encoding)
    names = [name.removeprefix("test/") for name in tree.test()]
    tree.table(
        "sample_submission.csv", ("image_path", "label"), [(name, labels[0]) for name in names], encoding=encoding
    )
    return Expected([(name,) for name in names], ("image_path", "label"), labels=labels, encoding=encoding)


def _sample(tree: Tree, delimiter: str, line_end: str) -> Expected:
    tree.table("train.csv", ("image_path", "label"), below(tree.train("train/{k}.png"), "train"))
    names = [name.removeprefix("test/") for name in tree.test()]
    options = {"sep": delimiter, "lineterminator": line_end}
    tree.table("sample_submission.csv", ("image_path", "label"), [(name, "cat") for name in names], **options)
    return Expected([(name,) for name in names], ("image_path", "label"), delimiter=delimiter, line_end=line_end)


def _images_inside(tree: Tree) -> Expected:
    """Tables of `datasets`: images in the cells, in two files."""
    rows = [
        {"image": {"bytes": image(100 * c + n), "path": f"{c}{n}.png"}, "label": c} for c in range(3) for n in range(4)
    ]
    tests = [{"image": {"bytes": image(number), "path": f"t{number}.png"}} for number in range(TEST, TEST + 5)]
    (tree.root / "data").mkdir(parents=True)
    for name, part in (
        ("train-00000-of-00002", rows[:5]),
        ("train-00001-of-00002", rows[5:]),
        ("test-00000-of-00001", tests),
    ):
        pd.DataFrame(part).to_parquet(tree.root / "data" / f"{name}.parquet")
    names = [f"test-00000-of-00001.parquet#{n}" for n in range(1, 6)]
    return Expected(default_keys(names), labels=("0", "1", "2"))


KOREAN, WESTERN, RUSSIAN = ("가방", "나무", "사과"), ("Brewer’s duck", "café", "naïve"), ("вагон", "дерево", "яблоко")

FORMATS = (
    Case("`train.tsv`, `test.tsv`", "tabs", lambda tree: _pair(tree, ".tsv")),
    Case("`train.csv` with `;`", "the delimiter that is most frequent", lambda tree: _pair(tree, ".csv", sep=";")),
    Case("`train.psv`, `test.psv`", "bars", lambda tree: _pair(tree, ".psv", sep="|")),
    Case(
        "`train.csv.gz`, `test.csv.gz`", "compressed (also `.bz2`, `.xz`, `.zip`)", lambda tree: _pair(tree, ".csv.gz")
    ),
    Case("`train.xlsx`, `test.xlsx`", "Excel workbooks", lambda tree: _pair(tree, ".xlsx")),
    Case("`train.json`, `test.json`", "JSON records", lambda tree: _pair(tree, ".json")),
    Case("`train.jsonl`, `test.jsonl`", "JSON lines", lambda tree: _pair(tree, ".jsonl")),
    Case("`train.parquet`, `test.parquet`", "Parquet", lambda tree: _pair(tree, ".parquet")),
    Case(
        "`data/train-00000-of-00002.parquet`, …, `data/test-00000-of-00001.parquet`",
        "Hugging Face's Parquet with the images in it, in several files",
        _images_inside,
    ),
    Case(
        "`train.txt` with `images/1.png apple`", "a list without column names, by blanks", lambda tree: _list(tree, " ")
    ),
    Case(
        "`train.txt` with `images/1.png,apple`", "a list without column names, by commas", lambda tree: _list(tree, ",")
    ),
    Case("`train.csv` with `1,apple`", "IDs without column names", _ids),
    Case("`train.csv` in UTF-8 with a mark", "written by Excel", lambda tree: _encoded(tree, "utf-8-sig", KOREAN)),
    Case("`train.csv` in UTF-16", "with a mark", lambda tree: _encoded(tree, "utf-16", KOREAN)),
    Case(
        "`train.csv` in cp949",
        "Korean, detected for all tables together (noted)",
        lambda tree: _encoded(tree, "cp949", KOREAN),
    ),
    Case("`train.csv` in cp1252", "Western, detected", lambda tree: _encoded(tree, "cp1252", WESTERN)),
    Case("`train.csv` in cp1251", "Cyrillic, detected", lambda tree: _encoded(tree, "cp1251", RUSSIAN)),
    Case(
        "`sample_submission.csv` with `;` and CR LF",
        "the submission is written in the same form",
        lambda tree: _sample(tree, ";", "\r\n"),
    ),
)
