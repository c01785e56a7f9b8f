"""Public functions that write refuse several processes, as their commands do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import sketchfit


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: sketchfit.audit("a"), id="audit"),
        pytest.param(lambda: sketchfit.compare(["a", "a"]), id="compare"),
        pytest.param(lambda: sketchfit.draw("b"), id="draw"),
        pytest.param(lambda: sketchfit.ensemble(["a"], "b"), id="ensemble"),
        pytest.param(lambda: sketchfit.export("a", "b"), id="export"),
        pytest.param(lambda: sketchfit.report("a"), id="report"),
        pytest.param(lambda: sketchfit.scout("a"), id="scout"),
        pytest.param(lambda: sketchfit.submit("a"), id="submit"),
    ],
)
def test_a_function_of_one_process_refuses_several_before_anything_is_written(
    call: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(sketchfit.RunError, match="WORLD_SIZE=2"):
        call()
    assert [path.name for path in tmp_path.rglob("*")] == ["a"]
