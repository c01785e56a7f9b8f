"""`predict --reject`: rejected images are `unknown`; a rate that a run cannot promise is refused before any work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sketchfit.api.predict import predict
from sketchfit.errors import UserError
from sketchfit.runs.state import State

Cli = Callable[..., tuple[int, str, str]]
TRAIN, TEST = 32, 12


def test_rejected_images_are_unknown_and_all_else_is_as_before(plain: Path, drawn: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"nothing")
    images = [drawn / "test", tmp_path / "bad.png"]
    before, found = predict(plain, images), predict(plain, images, reject=0.5)
    p_value = found["p_value"].to_numpy()
    assert np.isnan(p_value[-1])
    assert (p_value[:-1] >= 1 / (TRAIN // 2 + 1) - 1e-6).all()
    assert (p_value[:-1] <= 1).all()
    rejected = p_value <= 0.5
    assert 0 < rejected.sum() < TEST
    assert (found["label"] == "unknown").tolist() == (found["name"] == "unknown").tolist() == rejected.tolist()
    assert found["index"].isna().tolist() == (rejected | np.isnan(p_value)).tolist()
    assert found["probability"].isna().tolist() == (rejected | np.isnan(p_value)).tolist()
    for column in before.columns:
        assert found[column][~rejected].tolist()[:-1] == before[column][~rejected].tolist()[:-1]
        if column not in ("label", "index", "name", "probability"):
            assert found[column].astype(str).tolist() == before[column].astype(str).tolist()


def test_the_command_line_writes_the_column(plain: Path, drawn: Path, cli: Cli) -> None:
    status, printed, errors = cli("predict", plain, drawn / "test", "--reject", "0.1")
    assert status == 0
    assert f"of {TEST} images" in errors
    assert "16 training rows that fold 0 holds out" in errors
    assert printed.splitlines()[0].endswith(",p_value,error")


@pytest.mark.parametrize("rate", ["0", "1", "-0.1", "nan"])
def test_a_rate_is_a_share(plain: Path, drawn: Path, cli: Cli, rate: str) -> None:
    status, printed, errors = cli("predict", plain, drawn / "test", "--reject", rate)
    assert (status, printed) == (2, "")
    assert "For example: 0.05" in errors


def test_a_rate_that_so_few_rows_cannot_promise_is_refused(plain: Path, drawn: Path) -> None:
    with pytest.raises(UserError, match="16 unrelated rows") as error:
        predict(plain, drawn / "test", reject=0.05)
    assert "0.0588" in error.value.hint


def test_a_class_of_that_name_is_refused(plain: Path, drawn: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(plain, run)
    state = State.read(run)
    state.model_copy(update={"class_names": ("unknown", *state.class_names[1:])}).write(run)
    with pytest.raises(UserError, match="'unknown'"):
        predict(run, drawn / "test", reject=0.1)


def test_a_network_of_all_rows_is_compared_with_its_test_rows(
    drawn: Path, tiny_file: Path, cli: Cli, tmp_path: Path
) -> None:
    assert cli("fit", drawn, "--recipe", tiny_file, "--out", tmp_path / "fit")[0] == 0
    found = predict(tmp_path / "fit", drawn / "test", reject=0.2)
    # Each test row is compared with all test rows, itself included.
    assert sorted(found["p_value"].round(4)) == [round((1 + k) / (TEST + 1), 4) for k in range(1, TEST + 1)]
    with pytest.raises(UserError, match="12 unrelated rows"):
        predict(tmp_path / "fit", drawn / "test", reject=0.05)
