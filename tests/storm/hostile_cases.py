"""Hostile files, and the commands that meet them."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.storm import hostile_files as files
from tests.storm.places import Place, images_of
from tests.storm.storm import Moment

OWN = "a file of the user"


@dataclass(frozen=True)
class Hostile:
    """A hostile file and the command that meets it.

    Attributes:
        make: puts it in place; returns the name that a message must state, or "".
        command: and its arguments after the first; `{more}` is a folder of this try, `{data}` that of the data.
        moment: of the run.
        same: where the command ends well, its results must be those without the file.
        check: what is wrong afterwards; "" where nothing is.
    """

    make: Callable[[Place, Path], str]
    command: str = "run"
    moment: Moment = "empty"
    same: bool = False
    check: Callable[[Place], str] = lambda _: ""


def _in_run(name: str, write: Callable[[Path, Path], None]) -> Callable[[Place, Path], str]:
    """Replace the first file of the run's folder or cache that matches."""

    def make(place: Place, marker: Path) -> str:
        path = min(path for area in (place.runs, place.cache) for path in area.rglob(name))
        path.unlink()
        write(path, marker)
        return path.name

    return make


def _link_in_run(name: str) -> Callable[[Place, Path], str]:
    """Replace a file of the run's folder by a link to a file of the user elsewhere."""

    def make(place: Place, marker: Path) -> str:
        (place.more / "own.txt").write_text(OWN)
        path = place.out / name
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(place.more / "own.txt")
        return ""

    return make


def _own_changed(place: Place) -> str:
    return "" if (place.more / "own.txt").read_text() == OWN else "a file elsewhere was overwritten through a link"


def _in_more(name: str, write: Callable[[Path, Path], None]) -> Callable[[Place, Path], str]:
    """Write a file that only the command names."""

    def make(place: Place, marker: Path) -> str:
        write(place.more / name, marker)
        return name

    return make


def _test_image(write: Callable[[Path], None]) -> Callable[[Place, Path], str]:
    """Replace the first test image."""

    def make(place: Place, marker: Path) -> str:
        path = images_of(place.data / "test")[0]
        path.unlink()
        write(path)
        return path.name

    return make


def _table(name: str, write: Callable[[Path], None]) -> Callable[[Place, Path], str]:
    """Replace `train.csv` by another table."""

    def make(place: Place, marker: Path) -> str:
        (place.data / "train.csv").unlink()
        write(place.data / name)
        return name

    return make


def _linked_table(place: Place, marker: Path) -> str:
    shutil.move(place.data / "train.csv", place.more / "outside.csv")
    (place.data / "train.csv").symlink_to(place.more / "outside.csv")
    return "train.csv"


def _linked_sample(place: Place, marker: Path) -> str:
    shutil.move(place.data / "sample_submission.csv", place.more / "outside.csv")
    (place.data / "sample_submission.csv").symlink_to(place.more / "outside.csv")
    return "sample_submission.csv"


def _path_outside(place: Place, marker: Path) -> str:
    path = place.data / "test.csv"
    lines = path.read_text().splitlines()
    lines[1] = "../../../../../../etc/passwd"
    path.write_text("\n".join(lines) + "\n")
    return "etc/passwd"


def _control_name(place: Place, marker: Path) -> str:
    image = images_of(place.data / "test")[0]
    shutil.copy(image, place.more / "red\x1b[31m\x07\x1b]0;title.png")
    shutil.copy(image, place.more / "plain.png")
    (place.more / "broken\x1b[2J.png").write_bytes(b"no image")
    return ""


def _control_class(place: Place, marker: Path) -> str:
    path = place.data / "train.csv"
    first = path.read_text().splitlines()[1].split(",")[0]
    path.write_text(path.read_text().replace(f"{first},", "=1+1\x1b[31m,"))
    return ""


def _null(place: Place, marker: Path) -> str:
    os.mknod(place.more / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    return ""


HOSTILE: dict[str, Hostile] = {
    "a pickle with code as checkpoint": Hostile(
        _in_run("last*.ckpt", files.pickled_checkpoint), moment="interrupted", same=True
    ),
    "a FIFO as test image": Hostile(_test_image(os.mkfifo)),
    "a pickle with code as weights of the run": Hostile(
        _in_run("model.safetensors", files.pickle_file), "predict {data}/test", "finished"
    ),
    "a sparse image of 300 GB": Hostile(_test_image(files.sparse)),
    "pickled probabilities": Hostile(_in_run("fold0/oof.npz", files.pickled_array), moment="finished", same=True),
    "a linked training table": Hostile(_linked_table, same=True),
    "pickled images in the cache": Hostile(_in_run("images.npy", files.pickled_array), moment="finished", same=True),
    "a YAML bomb": Hostile(
        _in_more("bomb.yaml", lambda path, _: files.yaml_bomb(path)), "run --recipe {more}/bomb.yaml"
    ),
    "a pickle with code as start weights": Hostile(
        _in_more("start.pth", files.pickled_checkpoint),
        "run --set model.weights={more}/start.pth --set model.pretrained=true",
    ),
    "a Parquet bomb": Hostile(_table("train.parquet", files.parquet_bomb)),
    "a header of 60,000 × 60,000 pixels": Hostile(
        _test_image(lambda path: files.png_with_header_only(path, 60_000, 60_000))
    ),
    "a picture just under the limit": Hostile(
        _in_more("large.png", lambda path, _: files.large_png(path, 9_990, 9_990)),
        "predict {more}/large.png",
        "finished",
    ),
    "a FIFO as training table": Hostile(_table("train.csv", os.mkfifo), same=True),
    "names with control characters": Hostile(
        _control_name, "predict {more} --out {data}/../predictions.csv", "finished"
    ),
    "a path outside the data": Hostile(_path_outside),
    "a linked sample": Hostile(_linked_sample, same=True),
    "a zip bomb as image folder": Hostile(
        _in_more("bomb.zip", lambda path, _: files.zip_bomb(path, "one.png")), "predict {more}/bomb.zip", "finished"
    ),
    "a sparse table of 300 GB": Hostile(_table("train.csv", files.sparse)),
    "a workbook of 1 GB of blanks": Hostile(_table("train.xlsx", files.excel_bomb)),
    "a class named =1+1 with a control character": Hostile(_control_class),
    "a FIFO in a received run": Hostile(
        _in_run("calibration.json", lambda path, _: os.mkfifo(path)), "predict {data}/test", "finished"
    ),
    "a link out of a received run, in the place of its report": Hostile(
        _link_in_run("report/index.html"), "report", "finished", check=_own_changed
    ),
    "a link out of a received run, in the place of its submission": Hostile(
        _link_in_run("submission.csv"), "submit", "finished", check=_own_changed
    ),
    "a link out of a received run, in the place of its writer": Hostile(
        _link_in_run(".writer.json"), moment="finished", same=True, check=_own_changed
    ),
    "sparse weights of 300 GB": Hostile(
        _in_run("model.safetensors", lambda path, _: files.sparse(path)), "predict {data}/test", "finished"
    ),
    "weights with a deep header": Hostile(
        _in_run("model.safetensors", lambda path, _: files.deep_tensors(path)), "predict {data}/test", "finished"
    ),
    "a checkpoint of 1 GB of zeros": Hostile(
        _in_run("last.ckpt", lambda path, _: files.zip_bomb(path, "archive/data.pkl")), moment="interrupted", same=True
    ),
    "a device as output": Hostile(
        _null,
        "predict {data}/test --out {more}/null",
        "finished",
        check=lambda place: "" if (place.more / "null").is_char_device() else "the device became a file",
    ),
}
"""The last needs root."""
