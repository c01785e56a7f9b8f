"""Hostile files as data, as parts of a run's folder and of its cache, and as names.

No code may run, no command may wait for ever or take 1 GB more than its imports, no control character may reach a
terminal, and what is not used must be named.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.storm import hostile_files as files
from tests.storm.judge import Ending, end_of
from tests.storm.places import Place, images_of
from tests.storm.process import Finished
from tests.storm.results import differences, results_of
from tests.storm.storm import Moment, Storm

LONGEST = 30.0
"""Seconds after which a command counts as hung."""

MOST_MEMORY = 1024.0
"""MB above a command that does nothing."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Hostile:
    """A hostile file and the command that meets it.

    Attributes:
        make: puts it in place; returns the name that a message must state, or "".
        command: `run`, `predict` or more arguments of `run`; `{more}` is a folder of this try.
        moment: of the run.
        same: where the command ends well, its results must be those without the file.
        check: what is wrong afterwards; "" where nothing is.
    """

    make: Callable[[Place, Path], str]
    command: str = "run"
    moment: Moment = "empty"
    same: bool = False
    check: Callable[[Place], str] = lambda _: ""


def tries(storm: Storm, number: int) -> Iterator[tuple[str, Ending]]:
    """Take the files in turn."""
    for _, (name, hostile) in zip(range(number), itertools.cycle(HOSTILE.items()), strict=False):
        place = storm.begin(hostile.moment)
        marker = place.more / "code-ran"
        named = hostile.make(place, marker)
        finished = storm.start(_arguments(storm, hostile.command), "hostile").wait(LONGEST)
        yield name, _judge(storm, hostile, named, finished, marker)


def _arguments(storm: Storm, command: str) -> list[object]:
    words: list[object] = [word.format(more=storm.place.more, data=storm.place.data) for word in command.split()]
    if words[0] == "run":
        return storm.run_arguments(*words[1:])
    return ["predict", storm.place.out, *words[1:]]


def _judge(storm: Storm, hostile: Hostile, named: str, finished: Finished, marker: Path) -> Ending:
    if marker.exists():
        return Ending("silently wrong", "code of the file ran")
    if problem := hostile.check(storm.place):
        return Ending("silently wrong", problem)
    if (more := finished.peak - storm.base) > MOST_MEMORY:
        return Ending("hung or crashed", f"{more:.0f} MB of memory")
    if control := CONTROL.search(finished.printed):
        return Ending("unclear", f"control character {control[0]!r} on the terminal")
    ending = end_of(finished)
    if ending.verdict == "refused" and named not in finished.err:
        return Ending("unclear", f"{named} is not named: {ending.why}")
    if ending.verdict != "survived":
        return ending
    if hostile.same:
        different = differences(results_of(storm.place.out), storm.expected)
        return Ending("silently wrong", f"{different[:3]} differ") if different else ending
    return ending if named in finished.printed else Ending("silently wrong", f"{named} is not named")


def _in_run(name: str, write: Callable[[Path, Path], None]) -> Callable[[Place, Path], str]:
    """Replace the first file of the run's folder or cache that matches."""

    def make(place: Place, marker: Path) -> str:
        path = min(path for area in (place.runs, place.cache) for path in area.rglob(name))
        write(path, marker)
        return path.name

    return make


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
    "a device as output": Hostile(
        _null,
        "predict {data}/test --out {more}/null",
        "finished",
        check=lambda place: "" if (place.more / "null").is_char_device() else "the device became a file",
    ),
}
"""More than the 20 of a complete storm where the last needs root."""
