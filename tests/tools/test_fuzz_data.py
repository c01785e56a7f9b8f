"""The fuzz run finds no fault in a few inputs, and would report one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tools import fuzz_data


def test_a_few_inputs_have_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    results: Counter[str] = Counter()
    assert fuzz_data.run_batch(1, 12, results), capsys.readouterr()
    assert results.total() >= 12 * 9
    assert {what.split()[-1] for what in results} == {"read", "refused"}


@pytest.mark.slow
@pytest.mark.parametrize("number", [int(line) for line in fuzz_data.SEEDS.read_text().split()])
def test_kept_seeds_have_no_fault(number: int) -> None:
    assert fuzz_data.run_batch(number, fuzz_data.BATCH, Counter())


def test_a_fault_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(folder: Path, *_: object) -> str:
        raise ValueError(f"not a word for the user: {folder.is_dir()}")

    monkeypatch.setattr(fuzz_data, "check_input", broken)
    monkeypatch.setattr("sys.argv", ["fuzz_data", "--minutes", "0.0001", "--seed", "77", "--batch", "1"])
    monkeypatch.setattr(fuzz_data, "SEEDS", Path("none"))
    assert fuzz_data.main() == 1
    captured = capsys.readouterr()
    assert "seeds [77]" in captured.out
    assert "not a word for the user: True" in captured.err
