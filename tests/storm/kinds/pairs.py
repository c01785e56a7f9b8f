"""Two commands at the same time: one folder, one cache, or a run and a reader of its folder."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.storm.judge import Ending, end_of, with_results, worst
from tests.storm.process import Finished
from tests.storm.results import Results, differences, file_digest, results_of
from tests.storm.storm import Storm

OTHER = ("--set", "optimizer.lr=0.004")
SEED = ("--set", "seed=7")
SIZE = ("--set", "data.size=48")


def tries(storm: Storm, number: int) -> Iterator[tuple[str, Ending]]:
    """Start each pair in turn; the second command starts at a random time of the first one."""
    alone: dict[Sequence[str], Results] = {}
    for _, (name, pair) in zip(range(number), itertools.cycle(PAIRS.items()), strict=False):
        delay = storm.uniform(0, 0.9 * storm.seconds)
        yield f"{name}, {delay:.2f} s apart", pair(storm, delay, alone)


def expected_alone(storm: Storm, settings: Sequence[str], alone: dict[Sequence[str], Results]) -> Results:
    """Return the results of a run with other settings and nothing next to it; each is computed once."""
    if settings not in alone:
        storm.begin("empty")
        finished = storm.command(*storm.run_arguments(*settings))
        assert finished.status == 0, finished.printed
        alone[settings] = results_of(storm.place.out)
    return alone[settings]


def _both(storm: Storm, one: Sequence[object], other: Sequence[object], delay: float) -> tuple[Finished, Finished]:
    first = storm.start(one, "first")
    end = time.monotonic() + delay
    while time.monotonic() < end:
        first.poll()
        time.sleep(0.002)
    second = storm.start(other, "second")
    return first.wait(), second.wait()


def _same_folder(storm: Storm, delay: float, alone: dict[Sequence[str], Results]) -> Ending:
    """Other settings: one of them has the folder, and the other is refused."""
    expected = (storm.expected, expected_alone(storm, OTHER, alone))
    storm.begin("empty")
    finished = _both(storm, storm.run_arguments(), storm.run_arguments(*OTHER), delay)
    endings = [end_of(one) for one in finished]
    done = [number for number in (0, 1) if finished[number].status == 0]
    if len(done) == 2:
        return Ending("silently wrong", "both settings ended well in one folder")
    for number in done:
        endings[number] = with_results(endings[number], differences(results_of(storm.place.out), expected[number]))
    return worst(*endings)


def _same_command(storm: Storm, delay: float, alone: dict[Sequence[str], Results]) -> Ending:
    storm.begin("empty")
    finished = _both(storm, storm.run_arguments(), storm.run_arguments(), delay)
    return worst(*map(end_of, finished), storm.run_again())


def _same_cache(settings: Sequence[str]) -> Callable[[Storm, float, dict[Sequence[str], Results]], Ending]:
    def pair(storm: Storm, delay: float, alone: dict[Sequence[str], Results]) -> Ending:
        expected = expected_alone(storm, settings, alone)
        storm.begin("empty")
        other = storm.place.runs / "other"
        one, two = _both(storm, storm.run_arguments(), storm.run_arguments(*settings, out=other), delay)
        return worst(_equal(one, storm.place.out, storm.expected), _equal(two, other, expected))

    return pair


def _equal(finished: Finished, out: Path, expected: Results) -> Ending:
    return with_results(end_of(finished), differences(results_of(out), expected) if finished.status == 0 else [])


def _with_reader(command: str) -> Callable[[Storm, float, dict[Sequence[str], Results]], Ending]:
    """A run, and a command that reads its folder meanwhile."""

    def pair(storm: Storm, delay: float, alone: dict[Sequence[str], Results]) -> Ending:
        storm.begin("interrupted")
        reader = storm.predict_arguments() if command == "predict" else [command, storm.place.out]
        finished, read = _both(storm, storm.run_arguments(), reader, delay / 3)
        wrong = command == "predict" and read.status == 0 and file_digest(storm.predictions) != storm.predicted
        ending = with_results(end_of(read), ["predictions.csv"] if wrong else [])
        return worst(ending, _equal(finished, storm.place.out, storm.expected), storm.run_again())

    return pair


def _run_and_predict_when_finished(storm: Storm, delay: float, alone: dict[Sequence[str], Results]) -> Ending:
    storm.begin("finished")
    finished, read = _both(storm, storm.run_arguments(), storm.predict_arguments(), delay / 4)
    wrong = read.status == 0 and file_digest(storm.predictions) != storm.predicted
    ending = with_results(end_of(read), ["predictions.csv"] if wrong else [])
    return worst(ending, _equal(finished, storm.place.out, storm.expected))


PAIRS: dict[str, Callable[[Storm, float, dict[Sequence[str], Results]], Ending]] = {
    "one folder, two settings": _same_folder,
    "one cache, two seeds": _same_cache(SEED),
    "a run and predict": _with_reader("predict"),
    "one folder, the same command twice": _same_command,
    "a run and report": _with_reader("report"),
    "one cache, two sizes": _same_cache(SIZE),
    "a finished run again and predict": _run_and_predict_when_finished,
}
