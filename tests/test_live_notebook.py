"""Progress in a notebook: one output that is updated. `tests/tools/test_run_notebooks.py` has a real kernel."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from sketchfit import live
from sketchfit.activity import activities, activity
from sketchfit.live import LiveLine, NotebookOutput, ProgressLines, output, show_activities
from sketchfit.tracking.console import Console


class Notebook:
    """Stands for IPython in the kernel of a notebook, and keeps what is displayed.

    Attributes:
        outputs: the texts of each output, in order.
    """

    def __init__(self) -> None:
        self.outputs: list[list[str]] = []
        self.kernel: object | None = object()

    def get_ipython(self) -> Any:
        return SimpleNamespace(kernel=self.kernel)

    def display(self, data: dict[str, str], *, raw: bool, display_id: bool) -> Any:
        assert (raw, display_id) == (True, True)
        texts = [data["text/plain"]]
        self.outputs.append(texts)
        return SimpleNamespace(update=lambda data, raw: texts.append(data["text/plain"]))


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """This process as a kernel."""
    found, shell, display = Notebook(), ModuleType("IPython"), ModuleType("IPython.display")
    shell.get_ipython, display.display = found.get_ipython, found.display  # type: ignore[attr-defined]
    for name, module in {"ipykernel": ModuleType("ipykernel"), "IPython": shell, "IPython.display": display}.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(activities, "stack", [])  # whatever other tests have left
    monkeypatch.setattr(output, "at_start", True)
    monkeypatch.setattr(live, "TICK", 0.01)
    monkeypatch.setattr(live, "NOTEBOOK_SECONDS", 0.0)
    yield found
    output.set_place(None)


def wait_for(text: str, notebook: Notebook) -> None:
    end = time.monotonic() + 20
    while not any(text in one for texts in notebook.outputs for one in texts) and time.monotonic() < end:
        time.sleep(0.01)
    assert any(text in one for texts in notebook.outputs for one in texts)


def test_progress_is_one_output_that_is_updated_and_empty_at_the_end(notebook: Notebook) -> None:
    Console("auto")
    with activity("training", total=4) as advance:
        wait_for("training", notebook)
        advance(1, "loss 0.5")
        wait_for("[#####...............] 1/4, loss 0.5", notebook)
        with activity("validating"):
            wait_for("validating", notebook)
    (texts,) = notebook.outputs
    assert texts[-1] == ""


def test_a_later_activity_has_an_output_below_the_texts_between(notebook: Notebook) -> None:
    show_activities()
    for name in ("first", "second"):
        with activity(name):
            wait_for(name, notebook)
    assert [texts[-1] for texts in notebook.outputs] == ["", ""]
    assert "second" in notebook.outputs[1][0]


def test_the_terminal_of_ipython_and_the_mode_plain_are_no_notebook(notebook: Notebook) -> None:
    show_activities("rich")
    assert isinstance(output.place, NotebookOutput)
    show_activities("plain")
    assert isinstance(output.place, ProgressLines)
    show_activities("none")
    assert output.place is None
    notebook.kernel = None
    show_activities("auto")
    assert isinstance(output.place, LiveLine | ProgressLines)
