"""A bundle in memory: the contract of loaded models, without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import sketchfit
from sketchfit.bundle.unknown_rule import make_unknown_rule
from sketchfit.commands.bundle.options import BundleOptions
from sketchfit.commands.bundle.write import write_bundle
from sketchfit.errors import UserError
from sketchfit.loaded.bundle_model import LoadedBundle
from sketchfit.runs.run import Run
from tests.bundles import tiny_picture, write_tiny_bundle
from tests.contracts.loaded_model import check_loaded_model, check_rejection

KINDS = ("horizontal", "vertical", "dot")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle in `bundle` and drawings in `images`."""
    folder = tmp_path_factory.mktemp("bundle")
    known = np.random.default_rng(0).dirichlet(np.ones(len(KINDS)), 40)
    write_tiny_bundle(folder / "bundle", unknown=make_unknown_rule(known))
    (folder / "images").mkdir()
    for number in range(2):
        for kind in KINDS:
            picture = np.roll(tiny_picture(kind), number, axis=0)
            cv2.imwrite(str(folder / "images" / f"{kind}{number}.png"), picture)
    return folder


def test_the_contract(place: Path) -> None:
    model, images = sketchfit.load(place / "bundle"), sorted((place / "images").iterdir())
    check_loaded_model(model, images)
    check_rejection(model, images)


def test_answers_are_those_of_the_bundle(place: Path) -> None:
    model = sketchfit.load(str(place / "bundle"))
    assert isinstance(model, LoadedBundle)
    images = [tiny_picture(kind) for kind in KINDS]
    assert model.predict(images).labels == ["0", "1", "2"]
    assert repr(model) == f"LoadedBundle({str(place / 'bundle')!r}: 3 classes, tiny)"
    assert np.array_equal(model.proba(images), model.bundle.proba(images))
    assert model.transform(images[0]).tolist() == model.bundle.prepare(images[0]).tolist()


def test_coverages_are_those_of_the_bundle(place: Path) -> None:
    with pytest.raises(UserError, match=r"0\.8"):
        sketchfit.load(place / "bundle").sets(tiny_picture("dot"), 0.8)


def test_a_bundle_without_a_network_of_pytorch(place: Path) -> None:
    with pytest.raises(UserError, match="no network of PyTorch"):
        _ = sketchfit.load(place / "bundle").module


def test_a_bundle_without_a_rule_for_unknown_classes(tmp_path: Path) -> None:
    write_tiny_bundle(tmp_path / "bundle")
    with pytest.raises(UserError, match="no rule for unknown classes"):
        sketchfit.load(tmp_path / "bundle").unknown(tiny_picture("dot"))


@pytest.mark.parametrize("wrong", [{"distilled": True}, {"device": "cuda"}])
def test_what_only_runs_have(place: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(UserError, match="bundle is"):
        sketchfit.load(place / "bundle", **wrong)  # type: ignore[arg-type]


def test_a_damaged_bundle(tmp_path: Path) -> None:
    write_tiny_bundle(tmp_path / "bundle")
    with (tmp_path / "bundle" / "network.onnx").open("r+b") as file:
        file.write(b"other")
    with pytest.raises(UserError, match=r"network\.onnx"):
        sketchfit.load(tmp_path / "bundle")


def test_a_bundle_of_a_run(plain: Path, drawn: Path, tmp_path: Path) -> None:
    run = Run.open(plain)
    write_bundle(run, tmp_path / "bundle", BundleOptions(also=("torch",)))
    (tmp_path / "images").mkdir()
    images = [tmp_path / "images" / f"{path.stem}.png" for path in sorted((drawn / "test").iterdir())]
    for source, image in zip(sorted((drawn / "test").iterdir()), images, strict=True):
        cv2.imwrite(str(image), cv2.imread(str(source)))
    model = sketchfit.load(tmp_path / "bundle")
    check_loaded_model(model, images)
    with pytest.raises(UserError, match=r"model\.pt2"):  # a file of torch.export can run code
        _ = model.module
    pictures = torch.from_numpy(np.stack([model.transform(image) for image in images]))
    with torch.inference_mode():
        program = torch.export.load(str(tmp_path / "bundle" / "model.pt2")).module()
        np.testing.assert_allclose(program(pictures)[0].numpy(), model.proba(images), atol=1e-4)
    found = sketchfit.load(plain).answers(images, np.arange(len(images))).answers.networks[0]
    name = model.bundle.manifest.network.name
    single = found[[one.name for one in run.networks("test_resnet")].index(name)]
    assert model.predict(images).labels == [run.table.class_labels[k] for k in single.argmax(axis=1)]


SCRIPT = """
import sys
for name in ("torch", "torchvision", "timm", "pandas", "scipy", "sklearn", "pyarrow", "accelerate"):
    sys.modules[name] = None
import numpy, sketchfit
model = sketchfit.load(sys.argv[1])
images = sys.argv[2:]
print(*model.predict(images).labels, *model.sets(images, 0.9)[0], model.explain(images[0]).label)
assert len(model.predict(sys.argv[2].rsplit("/", 1)[0])) == 6
model.predict(numpy.zeros((9, 9, 3)))
"""


def test_a_bundle_needs_no_torch(place: Path) -> None:
    images = [str(place / "images" / f"{kind}0.png") for kind in KINDS]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(place / "bundle"), *images], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:3] == ["0", "1", "2"]
