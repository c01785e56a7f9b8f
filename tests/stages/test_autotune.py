"""Settings that depend on the machine are chosen once per run, and become part of its recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from sketchfit.api.predict import predict
from sketchfit.api.run import run
from sketchfit.config.load import load_recipe
from sketchfit.config.overrides import merge
from sketchfit.errors import UserError
from sketchfit.files import read_json
from sketchfit.stages import autotune as stage
from sketchfit.stages.autotune import resolve_settings
from sketchfit.tracking.console import Console
from sketchfit.training.autotune import FEWEST, Format, FormatTimes
from sketchfit.training.engine import make_engine
from sketchfit.training.measured_rates import NAME

Rates = Callable[..., list[Any]]
AUTOTUNE = {"compute": {"autotune": True, "device": "cpu"}}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Rates:
    """(images a second of fp32, of bf16) -> the measurements that are then asked for; a cache of its own."""
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))

    def say(fp32: float, bf16: float, others: float = 0.0) -> list[Any]:
        asked: list[Any] = []

        def measure(recipe: Any, classes: int, device: Any, formats: list[Format], batch: int) -> FormatTimes:
            asked.append((recipe.model.backbone, classes, formats, batch))
            rates = {
                one: (fp32 if one.precision == "fp32" else bf16) * (1 if one.channels_last else 0.5) for one in formats
            }
            return FormatTimes({one: (batch / rate,) * FEWEST for one, rate in rates.items()}, batch, others)

        monkeypatch.setattr(stage, "measure_formats", measure)
        return asked

    return say


def resolved(settings: dict[str, Any]) -> Any:
    recipe = load_recipe(settings)
    Console("plain")  # prints what is logged
    return resolve_settings(recipe, 4, {}, make_engine(recipe.compute))


def test_nothing_is_measured_unless_asked(measured: Rates, tiny: dict[str, Any], tmp_path: Path) -> None:
    asked = measured(10, 20)
    recipe = load_recipe(tiny)
    assert resolve_settings(recipe, 4, {}, make_engine(recipe.compute)) is recipe
    assert asked == []


def test_the_choice_is_printed_and_becomes_the_recipe(
    measured: Rates, tiny: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = measured(10, 20)
    found = resolved(merge(tiny, AUTOTUNE))
    assert (found.compute.precision, found.compute.channels_last) == ("bf16", True)
    assert [(name, classes, batch) for name, classes, _, batch in asked] == [("test_resnet", 4, 8)]
    assert capsys.readouterr().out == (
        "test_resnet: autotune chose bf16 channels_last (fp32 channels_last 10, fp32 contiguous 5, "
        "bf16 channels_last 20, bf16 contiguous 10 images/s; measured in 0 s)\n"
    )
    again = resolved(merge(tiny, AUTOTUNE))
    assert again == found
    assert len(asked) == 1
    assert capsys.readouterr().out.endswith("measured before)\n")


def test_a_busy_machine_decides_nothing_and_is_not_remembered(
    measured: Rates, tiny: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured(10, 20, others=99.0)
    found = resolved(merge(tiny, AUTOTUNE))
    assert (found.compute.precision, found.compute.channels_last) == ("fp32", True)
    assert "keeps fp32 channels_last: other processes" in capsys.readouterr().out
    assert not (tmp_path / "cache" / NAME).exists()
    measured(10, 20)
    assert resolved(merge(tiny, AUTOTUNE)).compute.precision == "bf16"


def test_what_the_user_sets_wins(
    measured: Rates, tiny: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = measured(10, 20)
    one = resolved(merge(tiny, merge(AUTOTUNE, {"compute": {"precision": "fp32"}})))
    assert one.compute.precision == "fp32"
    assert asked.pop()[2] == [Format("fp32", True), Format("fp32", False)]
    other = resolved(merge(tiny, merge(AUTOTUNE, {"compute": {"channels_last": False}})))
    assert (other.compute.precision, other.compute.channels_last) == ("bf16", False)
    asked.clear()
    capsys.readouterr()
    both = {"compute": {"precision": "fp32", "channels_last": True}}
    assert resolved(merge(tiny, merge(AUTOTUNE, both))).compute.precision == "fp32"
    assert asked == []
    assert "nothing to choose" in capsys.readouterr().out


def test_products_in_bf16_keep_the_precision_for_which_they_are(measured: Rates, tiny: dict[str, Any]) -> None:
    asked = measured(10, 20)
    found = resolved(merge(tiny, merge(AUTOTUNE, {"compute": {"products": "bf16"}})))
    assert (found.compute.precision, found.compute.products) == ("fp32", "bf16")
    assert asked.pop()[2] == [Format("fp32", True), Format("fp32", False)]


def test_the_settings_of_members_are_resolved_separately(measured: Rates, tiny: dict[str, Any], tmp_path: Path) -> None:
    asked = measured(10, 20)
    members = {
        "free": {},
        "set": {"compute": {"precision": "fp32", "channels_last": True}},
        "vit": {"model": {"backbone": "test_vit"}, "compute": {"channels_last": False}},
        "plain": {"compute": {"autotune": False}},
    }
    found = resolved(merge(tiny, AUTOTUNE | {"members": members})).members
    assert found["free"] == {"compute": {"precision": "bf16", "channels_last": True}}
    assert found["set"] == members["set"]
    assert found["vit"]["compute"] == {"channels_last": False, "precision": "bf16"}
    assert found["plain"] == members["plain"]
    assert [name for name, *_ in asked] == ["test_resnet", "test_vit"]


def test_a_batch_found_by_the_machine_is_32_on_a_cpu(
    measured: Rates, tiny: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured(10, 20)
    auto = merge(tiny, {"training": {"batch_size": "auto"}, "compute": {"device": "cpu"}})
    assert resolved(auto).training.batch_size == 32
    assert capsys.readouterr().out == "test_resnet: training.batch_size 32, as always without CUDA\n"
    with pytest.raises(UserError, match=r"training\.batch_size"):
        load_recipe(merge(tiny, {"training": {"batch_size": 0}}))
    with pytest.raises(UserError, match=r"training\.batch_size"):
        load_recipe(merge(tiny, {"training": {"batch_size": "large"}}))


def test_a_run_continues_with_its_choice(
    measured: Rates, drawn: Path, tiny: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of a run, then a machine that would choose otherwise and has forgotten: the run goes on as it began."""
    settings = merge(tiny, AUTOTUNE | {"folds": {"k": 2, "train": [0]}, "training": {"epochs": 1}})
    measured(10, 20)
    run(drawn, settings, out=tmp_path / "run")
    recipe = yaml.safe_load((tmp_path / "run" / "recipe.yaml").read_text())
    assert recipe["compute"]["precision"] == "bf16"
    assert recipe["compute"]["autotune"] is True
    assert "autotune chose bf16" in capsys.readouterr().out
    first = (tmp_path / "run/members/test_resnet/fold0/oof.npz").read_bytes()

    (tmp_path / "cache" / NAME).unlink()
    asked = measured(20, 10)
    run(drawn, merge(settings, {"folds": {"train": [0, 1]}}), out=tmp_path / "run")
    assert asked == []
    assert (tmp_path / "run/members/test_resnet/fold0/oof.npz").read_bytes() == first
    assert yaml.safe_load((tmp_path / "run" / "recipe.yaml").read_text())["compute"]["precision"] == "bf16"

    explicit = merge(settings, {"compute": {"precision": "bf16", "autotune": False}, "folds": {"train": [0, 1]}})
    run(drawn, explicit, out=tmp_path / "plain")
    for fold in (0, 1):
        at = f"members/test_resnet/fold{fold}/oof.npz"
        with np.load(tmp_path / "run" / at) as tuned, np.load(tmp_path / "plain" / at) as plain:
            np.testing.assert_array_equal(tuned["prob"], plain["prob"])
    with pytest.raises(UserError, match=r"another compute\.precision: 'bf16' there, 'fp32' now"):
        run(drawn, merge(settings, {"compute": {"precision": "fp32"}}), out=tmp_path / "run")
    run(drawn, settings, out=tmp_path / "run", fresh=True)
    assert yaml.safe_load((tmp_path / "run" / "recipe.yaml").read_text())["compute"]["precision"] == "fp32"
    assert len(predict(tmp_path / "run", drawn / "test")) == 12


def test_a_real_measurement_on_the_command_line(
    cli: Callable[..., tuple[int, str, str]],
    drawn: Path,
    tiny_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SKETCHFIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(FormatTimes, "doubt", lambda *_: "")  # whatever else this machine does
    asked = ("--set", "compute.autotune=true", "--set", "compute.device=cpu", "--set", "training.epochs=1")
    for out, origin in (("one", "measured in"), ("two", "measured before")):
        status, printed, _ = cli("fit", drawn, "--recipe", tiny_file, "--out", tmp_path / out, *asked)
        assert status == 0
        (line,) = [line for line in printed.splitlines() if "autotune" in line]
        assert line.startswith("test_resnet: autotune chose ")
        assert origin in line
    recipes = [yaml.safe_load((tmp_path / out / "recipe.yaml").read_text())["compute"] for out in ("one", "two")]
    assert recipes[0] == recipes[1]
    (entry,) = read_json(tmp_path / "cache" / NAME).values()
    assert entry["what"]["model"]["backbone"] == "test_resnet"
    assert len(entry["images_per_second"]) == 4
