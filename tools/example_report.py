"""Makes the example of the documentation: the pages of a small run on real drawings, with all notes open.

    python -m tools.example_report DATA --weights FILE [--out docs/example]

DATA has a `train.csv` with `class_name`, `image_path` and `target`, and the images in `train/`. The drawings in
docs/example were rendered from the Quick, Draw! data set (Google, CC BY 4.0); a quarter of them is the test set.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tools.page_sources import digest, templates, write_record

CLASSES = (
    *("cat", "dog", "tiger", "lion", "cow", "sheep", "horse", "zebra"),
    *("guitar", "violin", "cello", "bicycle", "motorbike", "cup", "mug", "moon"),
)
"""Some of them look alike."""

LEFT_OUT = ("violin/sketch_8.JPEG",)
"""Drawings that do not belong in documentation: an insult in writing."""

NAME = "sketches"
SETTINGS = (
    *("model.backbone=tf_efficientnet_lite0", "model.input_size=160", "training.kernel=blend"),
    *("folds.k=3", "compute.autotune=false", "compute.threads=2"),
    *("report.gallery=16", "report.attribution=16", "report.thumbnail=40"),
)
LINK = re.compile(r'href="([^"#:]+)"')
CREDIT = (
    '<p class="dim">The drawings were rendered from the <a href="https://quickdraw.withgoogle.com/data">Quick, Draw! '
    'data set</a> (Google, <a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>).</p>'
)


def write_tables(data: Path, folder: Path, classes: Sequence[str]) -> None:
    """Copy the drawings of some classes, every fourth of a class as a test drawing.

    Args:
        data: with `train.csv` and `train/`.
        folder: to write to.
        classes: names.
    """
    table = pd.read_csv(data / "train.csv", dtype=str)
    table = table[table["class_name"].isin(classes) & ~table["image_path"].isin(LEFT_OUT)].reset_index(drop=True)
    test = table.groupby("class_name").cumcount() % 4 == 3
    for name, part in (("train", table[~test]), ("test", table[test])):
        for path in part["image_path"]:
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(data / "train" / path, folder / name / path)
    table[~test].to_csv(folder / "train.csv", index=False)
    names = [f"{number:04d}.jpeg" for number in range(int(test.sum()))]
    for name, path in zip(names, table[test]["image_path"], strict=True):
        (folder / "test" / path).rename(folder / "test" / name)
    pd.DataFrame({"ID": range(len(names)), "image_path": names}).to_csv(folder / "test.csv", index=False)
    for empty in [one for one in (folder / "test").iterdir() if one.is_dir()]:
        empty.rmdir()


def copy_pages(run: Path, out: Path, folder: Path) -> None:
    """Copy the pages of a run, with open notes and the credit of the drawings, and the files that they link to.

    Args:
        run: its folder.
        out: the folder to write.
        folder: in which the run was started; it is left out of paths, and all linked files are texts.
    """
    shutil.rmtree(out, ignore_errors=True)
    for page in sorted(run.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        text = text.replace('<details class="reading">', '<details class="reading" open>')
        text = text.replace("<footer>", f"<footer>{CREDIT}", 1).replace(f"{folder}/", "")
        target = out / page.relative_to(run)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        for link in set(LINK.findall(text)):
            linked = page.parent / link
            if linked.is_file() and linked.suffix != ".html":
                copied = out / linked.resolve().relative_to(run.resolve())
                copied.parent.mkdir(parents=True, exist_ok=True)
                copied.write_text(linked.read_text(encoding="utf-8").replace(f"{folder}/", ""), encoding="utf-8")


def main() -> None:
    """Make the example."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/example"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        write_tables(given.data, folder / NAME, CLASSES)
        shutil.copy(given.weights, folder / given.weights.name)
        settings = [f"model.weights={given.weights.name}", *SETTINGS]
        options = [part for setting in settings for part in ("--set", setting)]
        command = [sys.executable, "-m", "sketchfit", "run", NAME, "--recipe", "cpu", "--out", f"runs/{NAME}", *options]
        subprocess.run(command, cwd=folder, env={**os.environ, "SKETCHFIT_CACHE": str(folder / "cache")}, check=True)
        copy_pages(folder / "runs" / NAME, given.out, folder)
    write_record(given.out, {"templates": digest(templates())})


if __name__ == "__main__":
    main()
