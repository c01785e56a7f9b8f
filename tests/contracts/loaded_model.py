"""The contract of loaded models: the same methods, for a run and for a bundle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sketchfit.errors import UserError
from sketchfit.loaded.model import Model


def check_loaded_model(model: Model, images: list[Path]) -> None:
    """Check a model with prediction sets, on files that can be read, one of them a PNG or other lossless file."""
    _check_probabilities(model, images)
    _check_predictions(model, images)
    _check_forms(model, images)
    _check_errors(model, images)
    _check_threads(model, images)
    _check_sets(model, images)
    _check_unknown(model, images)
    _check_explanations(model, images[0])


def _check_probabilities(model: Model, images: list[Path]) -> None:
    proba = model.proba(images)
    assert proba.shape == (len(images), len(model.labels))
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert len(model.names) == len(model.labels)
    assert np.array_equal(model.proba(images), proba)
    np.testing.assert_allclose(model.proba(images[::-1]), proba[::-1], atol=1e-5)
    assert model.proba([]).shape == (0, len(model.labels))


def _check_predictions(model: Model, images: list[Path]) -> None:
    found, proba = model.predict(images), model.proba(images)
    assert np.array_equal(found.proba, proba)
    assert found.labels == [model.labels[index] for index in proba.argmax(axis=1)]
    assert [one.image for one in found] == [str(path) for path in images]
    assert [one.top[0].label for one in found] == found.labels
    assert len(model.predict(images[0])) == 1


def _check_forms(model: Model, images: list[Path]) -> None:
    """The same pixels give the same probabilities, whatever form they have."""
    path = next(path for path in images if path.suffix == ".png")
    expected = model.proba(path)
    pixels = np.asarray(Image.open(path).convert("RGB"))
    opaque = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    forms = (str(path), path.read_bytes(), Image.open(path), pixels, opaque, pixels / 255, [path], pixels[None])
    for form in (*forms, (one for one in [path])):
        assert np.array_equal(model.proba(form), expected)
    assert np.array_equal(model.proba(images[0].parent), model.proba(_sorted(model, images[0].parent)))


def _sorted(model: Model, folder: Path) -> list[Path]:
    """Return the images of a folder in the order of its predictions."""
    return [folder / image for image in model.predict(folder).images]


def _check_errors(model: Model, images: list[Path]) -> None:
    """An image that cannot be read changes no other one."""
    mixed = [images[0], images[0].parent / "gone.png", images[1]]
    found = model.predict(mixed)
    assert [bool(one.error) for one in found] == [False, True, False]
    assert np.isnan(found.proba[1]).all()
    np.testing.assert_allclose(found.proba[[0, 2]], model.proba(images[:2]), atol=1e-5)
    for call in (model.proba, lambda x: model.sets(x, 0.9), model.unknown, model.transform):
        with pytest.raises(UserError, match=r"gone\.png"):
            call(mixed[1])
    with pytest.raises(TypeError):
        model.predict(None)
    assert model.predict(np.zeros((3, 8, 8)))[0].error  # channels first


def _check_threads(model: Model, images: list[Path]) -> None:
    """Several threads get what one thread gets."""
    expected = [model.proba(path) for path in images[:4]]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(model.proba, images[:4] * 4))
    for place, proba in enumerate(found):
        assert np.array_equal(proba, expected[place % 4])


def _check_sets(model: Model, images: list[Path]) -> None:
    sets, labels = model.sets(images, 0.9), model.predict(images).labels
    assert [one[0] for one in sets] == labels
    assert all(len(set(one)) == len(one) and set(one) <= set(model.labels) for one in sets)
    for coverage in (0, 1, 95):
        with pytest.raises(UserError):
            model.sets(images, coverage)


def _check_unknown(model: Model, images: list[Path]) -> None:
    """An image's p-value is a share, and it does not depend on other images."""
    found = model.unknown(images)
    assert found.dtype == np.float64
    assert ((found > 0) & (found <= 1)).all()
    for place in (0, -1):
        assert model.unknown(images[place]) == pytest.approx([found[place]], abs=1e-9)
    assert model.unknown([]).shape == (0,)


def _check_explanations(model: Model, image: Path) -> None:
    """The most probable class is explained, or another one; covering everything is covering each cell."""
    found, best = model.explain(image), model.predict(image)[0]
    assert (found.label, found.name) == (best.label, best.name)
    assert found.heat.shape == (8, 8)
    assert (np.abs(found.heat) <= 1).all()
    assert found.picture.shape[0] == found.picture.shape[1]
    assert found.picture.dtype == np.uint8
    other = model.labels[-1]
    assert model.explain(image, other, grid=3).label == other
    assert model.explain(image, grid=3).heat.shape == (3, 3)
    with pytest.raises(UserError, match="no class"):
        model.explain(image, "no such class")
    with pytest.raises(UserError, match=r"gone\.png"):
        model.explain(image.parent / "gone.png")
    with pytest.raises(TypeError):
        model.explain([image, image])


def check_rejection(model: Model, images: list[Path]) -> None:
    """Check a model that can promise a rate of 0.5: those of its p-values or less are rejected, and no others."""
    mixed = [images[0], images[0].parent / "gone.png", *images[1:]]
    found, p_values = model.predict(mixed, reject=0.5), model.unknown(images)
    readable = [one for one in found if not one.error]
    assert [one.p_value for one in readable] == pytest.approx(p_values, abs=1e-6)
    assert [one.unknown for one in readable] == [p <= 0.5 + 1e-9 for p in p_values]
    assert all((one.label == "unknown") == one.unknown for one in readable)
    assert (found[1].p_value, found[1].unknown) == (None, False)
    table = found.to_pandas()
    assert table["label"].tolist() == found.labels
    assert table["p_value"].isna().tolist() == [bool(one.error) for one in found]
    for rate in (0, 1, 1e-6):
        with pytest.raises(UserError, match="rate of rejection"):
            model.predict(images, reject=rate)
