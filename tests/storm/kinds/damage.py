"""Flipped bytes and cut-off files, over every kind of file of a finished and an interrupted run and of its cache."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.storm.judge import Ending, end_of, with_results, worst
from tests.storm.results import answers_of, differences
from tests.storm.storm import Moment, Storm

ADVICE = re.compile(r"[Dd]elete (?:the (?:folder|file) )?(/[^,; ]+[^,;:. ])")
PATHS = re.compile(r"/[^,;: ]+[^,;:. ]")

WAYS = ("flip", "truncate", "flip", "empty", "flip", "noise", "delete")


def tries(storm: Storm, number: int) -> Iterator[tuple[str, Ending]]:
    """Damage one file per try: kinds of files in random order, ways of damage in turn."""
    kinds = [(moment, kind) for moment in ("finished", "interrupted") for kind in kinds_of_files(storm, moment)]
    order = [kinds[place] for place in storm.random.permutation(len(kinds))]
    for _, (moment, kind), way in zip(range(number), itertools.cycle(order), itertools.cycle(WAYS), strict=False):
        storm.begin(moment)
        files = kinds_of_files(storm, moment)[kind]
        path = storm.place.root / files[storm.integer(0, len(files) - 1)]
        what = f"{moment}, {path.relative_to(storm.place.root)}: {damage(storm, path, way)}"
        yield what, _finished(storm) if moment == "finished" else _with_advice(storm, storm.run_again())


def kinds_of_files(storm: Storm, moment: Moment) -> dict[str, list[Path]]:
    """Return the files of the run and its cache by kind: by their path without numbers and digests."""
    found: dict[str, list[Path]] = {}
    root = storm.saved / moment
    for area in ("runs", "cache"):
        for path in sorted((root / area).rglob("*")):
            if path.is_file() and path.stat().st_size:
                name = path.relative_to(root)
                found.setdefault(re.sub(r"[0-9a-f]{16,}|\d+", "#", str(name)), []).append(name)
    return found


def damage(storm: Storm, path: Path, way: str) -> str:
    """Damage a file; return what was done."""
    if way == "delete":
        path.unlink()
        return way
    content = bytearray(path.read_bytes())
    place = storm.integer(0, len(content) - 1)
    if way == "flip":
        content[place] ^= 1 << storm.integer(0, 7)
    elif way == "noise":
        content[place : place + 64] = storm.random.bytes(len(content[place : place + 64]))
    else:
        del content[0 if way == "empty" else place :]
    path.write_bytes(content)
    return way if way == "empty" else f"{way} at byte {place}"


def _with_advice(storm: Storm, ending: Ending) -> Ending:
    """Follow the advice of a refusal: delete what it names, and run the same command again."""
    if ending.verdict != "refused":
        return ending
    message = ending.why
    advice = ADVICE.search(message)
    named = Path(advice[1]) if advice else storm.place.root / "nothing"
    if not advice or not named.exists():
        named = next((path for text in PATHS.findall(message) if (path := Path(text)).is_file()), named)
    if not named.is_relative_to(storm.place.root) or not named.exists():
        return Ending("unclear", f"no advice that can be followed: {message}")
    shutil.rmtree(named) if named.is_dir() else named.unlink()
    again = storm.run_again()
    return worst(ending, again if again.verdict != "refused" else Ending("unclear", f"refused again: {again.why}"))


def _finished(storm: Storm) -> Ending:
    """Label images with a damaged run, run its command again, and label again: one of the first may find the damage.

    Results are judged by the answers: damaged weights that are neither used nor trained again show when they are.
    """
    read = storm.predict_again()
    finished = storm.run("again")
    different = differences(answers_of(storm.place.out), answers_of(storm.saved / "finished" / "runs" / "run"))
    return worst(read, _with_advice(storm, worst(with_results(end_of(finished), different), storm.predict_again())))
