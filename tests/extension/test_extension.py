"""A distribution outside the package adds one member to each family by entry points, and a recipe uses all of them.

The distribution is the folder `distribution/` next to this file, on the path of the processes that are started here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from tests.factories import tiny_recipe
from tests.fresh import run_fresh

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PATH = os.pathsep.join([str(ROOT / "src"), str(HERE / "distribution"), str(ROOT)])
CHANGES = {
    "loss": {"name": "tversky", "tversky_misses": 0.6},
    "model": {"head": {"name": "bottleneck", "units": 6}},
    "transforms": {"policy": [{"op": "hflip"}, {"op": "dots", "p": 1.0, "count": [5, 9]}]},
    "inference": {"backend": "double"},
    "tracking": {"to": ["lines"], "project": "outside"},
    "ensemble": {"method": "power-mean", "force": True, "compare": ["mean", "power-mean"]},
    "members": {"a": {}, "b": {"seed": 1}},
    "training": {"epochs": 1, "kernel": {"use": "blend", "head": "medians"}},
}


@pytest.fixture(scope="module")
def finished(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that uses one member of each family from outside; next to it, what was predicted for a test drawing."""
    folder = tmp_path_factory.mktemp("outside")
    recipe = folder / "outside.yaml"
    recipe.write_text(yaml.safe_dump(tiny_recipe(CHANGES)), encoding="utf-8")
    image = next(drawn.rglob("test/*.*"))
    commands = (
        ["run", drawn, "--recipe", recipe, "--out", folder / "run"],
        ["predict", folder / "run", image, "--out", folder / "found.csv"],
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", PATH)
        for ended in run_fresh(commands, cwd=ROOT):
            assert ended.status == 0, ended.errors
    assert "double" not in ended.errors, "the backend was not used"
    return folder / "run"


def test_a_run_uses_members_from_outside(finished: Path) -> None:
    recipe = yaml.safe_load((finished / "recipe.yaml").read_text(encoding="utf-8"))
    assert recipe["loss"]["tversky_misses"] == 0.6
    assert recipe["model"]["head"] == {"name": "bottleneck", "dropout": 0.0, "units": 6}
    rule = json.loads((finished / "ensemble" / "weights.json").read_text(encoding="utf-8"))
    assert (rule["method"], rule["how"]) == ("power-mean", "power-mean")
    lines = (finished / "tracking" / "lines.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "start outside tversky"
    assert lines[-1] == "end"
    assert len(lines) == 2 + 4
    history = next(finished.glob("members/a/fold0/history.csv")).read_text(encoding="utf-8").splitlines()
    loss = float(dict(zip(*(line.split(",") for line in history[:2]), strict=True))["train_loss"])
    assert 0 < loss < 1, "the Tversky loss is below 1, and cross-entropy of four classes is not at the start"


def test_new_images_are_predicted_with_them(finished: Path) -> None:
    assert len(finished.with_name("found.csv").read_text(encoding="utf-8").splitlines()) == 2


def test_without_the_distribution_the_run_names_what_is_missing(finished: Path) -> None:
    with pytest.raises(UserError, match="tversky"):
        load_recipe(finished / "recipe.yaml")


SCRIPT = """
import sys
import pytest
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.config.policies import build

for setting in SETTINGS:
    try:
        load_recipe("cpu", [setting])
    except UserError as error:
        print(error.problems[0])
try:
    build([{"op": "dotts"}])
except UserError as error:
    print(error.problems[0], flush=True)
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:randomly", sys.argv[1]]))
"""


@pytest.mark.slow
def test_their_names_are_near_and_they_fulfil_the_contracts() -> None:
    nearest = {
        "loss=tverskyy": "'tversky'",
        "loss={name: tversky, tversky_mises: 1}": "'loss.tversky_misses'",
        "model.head=bottlenek": "'bottleneck'",
        "training.kernel.head=median": "'medians'",
        "ensemble.method=power-men": "'power-mean'",
        "tracking.to=[linse]": "'lines'",
        "inference.backend=doubl": "'double'",
    }
    code = SCRIPT.replace("SETTINGS", repr(list(nearest)))
    command = [sys.executable, "-c", code, str(HERE / "distribution" / "check_members.py")]
    environment = {**os.environ, "PYTHONPATH": PATH}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    names = [*nearest.values(), "'dots'"]
    lines = done.stdout.splitlines()
    for line, name in zip(lines[: len(names)], names, strict=True):
        assert name in line
    assert done.returncode == 0, done.stdout + done.stderr  # the contracts


def test_probabilities_are_those_of_the_pool(finished: Path) -> None:
    with np.load(finished / "ensemble" / "test.npz") as file:
        prob = file["prob"]
    np.testing.assert_allclose(prob.sum(1), 1, atol=1e-5)


def test_the_documentation_shows_this_distribution() -> None:
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    modules = [path for path in (HERE / "distribution" / "sketchfit_outside").glob("*.py") if path.stem != "__init__"]
    for path in modules:
        assert f"```python\n{path.read_text(encoding='utf-8')}```" in page, path.name
    points = (HERE / "distribution" / "sketchfit_outside-1.0.dist-info" / "entry_points.txt").read_text(
        encoding="utf-8"
    )
    for line in filter(None, points.splitlines()):
        name, _, value = line.partition(" = ")
        assert (f'{name} = "{value}"' if value else f'entry-points."{line.strip("[]")}"') in page
    focal = (ROOT / "src" / "sketchfit" / "training" / "losses" / "focal.py").read_text(encoding="utf-8")
    assert page.split("```python\n")[1].partition("```")[0] in focal
