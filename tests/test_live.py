from __future__ import annotations

import io
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from sketchfit import live
from sketchfit.activity import Activity, activities, activity, outlook
from sketchfit.live import LiveLine, ProgressLines, live_text, output, plain_text
from sketchfit.printing import LenientStream
from sketchfit.text_tables import _fitted, wrapped


@pytest.fixture(autouse=True)
def _own_place() -> Iterator[None]:
    yield
    output.set_place(None)
    output.at_start = True


def eventually(found: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not found() and time.monotonic() < end:
        time.sleep(0.01)
    assert found()


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def test_the_innermost_activity_is_the_one_that_is_shown() -> None:
    with activity("outer"), activity("inner", total=3) as advance:
        advance(1, "a note")
        assert activities.now is not None
        assert plain_text(activities.now) == "inner: 1/3, a note"
    assert activities.now is None


def test_an_activity_that_fails_ends() -> None:
    with pytest.raises(ValueError, match="no"), activity("one"):
        raise ValueError("no")
    assert activities.stack == []


@pytest.mark.parametrize("width", [20, 39, 79, 200])
def test_a_line_fits_into_the_terminal_and_shows_the_end_first(width: int) -> None:
    now = Activity("resnet18: fold 2/5, epoch 3/9", 120, 30, "74 images/s")
    with outlook(lambda: "ends in about 6 min (13:42)"):
        text = live_text(now, width)
    assert len(text) <= width
    assert ("13:42" in text) == (width >= 79)
    assert "\n" not in live_text(Activity("a\nb"), 100)


def test_texts_are_printed_above_the_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TICK", 0.01)
    terminal = Terminal()
    output.set_place(LiveLine(terminal))
    stream = LenientStream(terminal)
    with activity("counting", total=10) as advance:
        eventually(lambda: "counting" in terminal.getvalue())
        stream.write("a line\n")
        advance(7, "")
        eventually(lambda: "7/10" in terminal.getvalue())
    assert "\x1b[Ka line\n" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")  # nothing is left


class Stack(list[Activity]):
    """Stops the thread that shows activities at the moment at which it finds that there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.found_empty, self.continued = threading.Event(), threading.Event()

    def __bool__(self) -> bool:
        filled = len(self) > 0
        if not filled and threading.current_thread().name == "progress":
            self.found_empty.set()
            self.continued.wait(0.3)  # longer than the next activity takes to begin, unless it waits for this thread
        return filled


def test_an_activity_that_begins_while_the_thread_ends_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TICK", 0.01)
    stack, terminal = Stack(), Terminal()
    monkeypatch.setattr(activities, "stack", stack)
    output.set_place(LiveLine(terminal))
    with activity("first"):
        eventually(lambda: "first" in terminal.getvalue())
    assert stack.found_empty.wait(20)
    with activity("second", total=10) as advance:
        stack.continued.set()
        advance(7, "")
        eventually(lambda: "7/10" in terminal.getvalue())  # by a thread that looks


def test_an_interruption_while_the_first_line_is_shown_hides_no_later_activity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TICK", 0.01)
    terminal = Terminal()
    place = LiveLine(terminal)
    output.set_place(place)
    eventually(lambda: output._thread is None)  # that of an earlier test has ended
    with monkeypatch.context() as patch:
        patch.setattr(place, "show", raise_once(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt), activity("first"):
            pass
    with activity("second", total=10) as advance:
        advance(7, "")
        eventually(lambda: "7/10" in terminal.getvalue())


def raise_once(error: BaseException) -> Callable[[Activity], None]:
    """Return a function that raises an error in the main thread, and nothing elsewhere."""

    def show(_: Activity) -> None:
        if threading.current_thread() is threading.main_thread():
            raise error

    return show


def test_a_line_that_has_not_ended_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TICK", 0.01)
    terminal = Terminal()
    LenientStream(terminal).write("half")
    output.set_place(LiveLine(terminal))
    with activity("counting"):
        time.sleep(0.1)
    assert terminal.getvalue() == "half"


def test_lines_of_a_pipe_become_fewer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(live, "FIRST_SECONDS", 1.2)
    monkeypatch.setattr(output, "last", 100.0)
    lines, one = ProgressLines(), Activity("fold 1, epoch 1", began=100.0)
    printed_at = []
    for step in range(4000):
        now[0] = 100.0 + step / 4
        one.title = f"fold 1, epoch {1 + step // 40}"  # a new epoch is no new activity
        lines.show(one)
        if capsys.readouterr().err:
            printed_at.append(now[0] - 100)
    assert printed_at[0] == pytest.approx(1.25)
    assert len(printed_at) < 12
    assert all(after - before >= 20 for before, after in itertools.pairwise(printed_at))


def test_a_table_that_is_too_wide_becomes_a_list() -> None:
    head, rows = ("name", "top-1", "what it is"), [("first", "68.6 %", "a long text of several words"), ("b", "", "x")]
    wide = list(_fitted(head, rows, (1,), 0, 100))
    assert wide[0].split() == ["name", "top-1", "what", "it", "is"]
    assert len(wide) == 3
    narrow = list(_fitted(head, rows, (1,), 0, 30))
    assert max(map(len, narrow)) <= 30
    assert narrow[:2] == ["first", "  top-1       68.6 %"]
    words = re.findall(r"\S+", " ".join(wide[1:]))
    assert {*words} <= {*" ".join(narrow).split()}


def test_commands_are_not_wrapped() -> None:
    text = "next: sketchfit run data --recipe runs/data-scout/recipe.yaml"
    assert wrapped(text, 20) == [text]
    assert wrapped("a path/that/is/longer/than/the/width", 10) == ["a", "  path/that/is/longer/than/the/width"]


def test_rows_are_shown_below_a_line_and_removed_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "4")
    stream = Terminal()
    line = LiveLine(stream)
    rows = ("a: fold 1/5", "b\nc" + 50 * "x", "not shown: the terminal is too low")
    line.show(Activity("training", 3, 1, rows=rows))
    shown = stream.getvalue().removeprefix("\r\x1b[K").split("\n")
    assert shown[0].startswith("training")
    assert shown[1] == "  a: fold 1/5"
    assert len(shown) == 3
    assert len(shown[2]) == 39
    stream.truncate(0)
    line.clear()
    assert stream.getvalue().lstrip("\0") == "\r\x1b[2A\x1b[J"
