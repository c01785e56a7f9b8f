"""The storm as a command.

    python -m tests.storm [--tries N | --all] [--kinds kills,signals,…] [--seed S] [--minutes M] [--scratch FOLDER]

Runs `sketchfit` again and again with one fault per try, and prints a table. Exit status 1 if a try ended in a way that
may not occur; the folders of such tries are kept with --keep. Linux on x86-64.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np


def main() -> int:
    given = parse()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported
    from tests.storm.process import import_everything
    from tests.storm.seccomp import available
    from tests.storm.tally import table

    if not available():
        print("the storm needs Linux on x86-64 with seccomp", file=sys.stderr)
        return 2
    threads = import_everything()
    seed = given.seed if given.seed is not None else int.from_bytes(os.urandom(4))
    print(f"seed {seed}; {threads} thread(s) before the first command", flush=True)
    if given.scratch is not None:
        given.scratch.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="storm-", dir=given.scratch))
    try:  # no TemporaryDirectory: a forked command would delete it at its end
        tries = list(storm_tries(given, scratch, seed))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(table(tries))
    for one in tries:
        if one.failed:
            print(f"{one.ending.verdict}: {one.kind}: {one.what}: {one.ending.why}")
    return int(any(one.failed for one in tries))


def parse() -> argparse.Namespace:
    from tests.storm.kinds import KINDS

    parser = argparse.ArgumentParser(
        prog="python -m tests.storm", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tries", type=int, default=2, help="of each kind")
    parser.add_argument("--all", action="store_true", help="the number of tries of a complete storm")
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"some of {','.join(KINDS)}; commas between")
    parser.add_argument("--seed", type=int, default=None, help="of all points of faults; printed where left out")
    parser.add_argument("--minutes", type=float, default=None, help="no try begins later")
    parser.add_argument("--scratch", type=Path, default=None, help="folder for what is written")
    parser.add_argument("--keep", type=Path, default=None, help="folder for what tries left that may not end so")
    found = parser.parse_args()
    found.kinds = found.kinds.split(",")
    if unknown := set(found.kinds) - set(KINDS):
        parser.error(f"--kinds: {', '.join(sorted(unknown))} is none of {', '.join(KINDS)}")
    return found


def storm_tries(given: argparse.Namespace, scratch: Path, seed: int) -> Iterator[object]:
    """Run the tries of all kinds, and print one line for each."""
    from tests.storm.kinds import KINDS
    from tests.storm.places import Place
    from tests.storm.storm import Storm
    from tests.storm.tally import Try

    began = time.monotonic()
    storm = Storm(Place(scratch / "now"), scratch / "saved", np.random.default_rng(seed))
    storm.prepare()
    print(f"a run without a fault takes {storm.seconds:.1f} s and makes {dict(storm.counts.counts)}", flush=True)
    for kind in given.kinds:
        number, make = KINDS[kind]
        storm.random = np.random.default_rng(
            [seed, list(KINDS).index(kind)]
        )  # the same points for each choice of kinds
        before = time.monotonic()
        for what, ending in make(storm, number if given.all else given.tries):
            one = Try(kind, what, ending, time.monotonic() - before)
            print(f"{one.seconds:5.1f} s  {kind}: {what}: {ending.verdict}. {ending.why}", flush=True)
            if one.failed and given.keep is not None:
                storm.place.save(given.keep / f"{kind}-{time.time_ns()}")
            yield one
            if given.minutes is not None and time.monotonic() - began > 60 * given.minutes:
                print(f"{given.minutes:g} minutes are over", flush=True)
                return
            before = time.monotonic()


if __name__ == "__main__":
    sys.exit(main())
