"""The predictor against loops written by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import torch
from torch import nn

from sketchfit.config.load import load_recipe
from sketchfit.inference import predictor as module
from sketchfit.inference.predictor import Predictor
from sketchfit.inference.tta import parse_views, view_pictures
from sketchfit.models.backbone import build_network
from sketchfit.models.compute import Compute
from sketchfit.models.finite import NoNumbersError
from sketchfit.models.network import Network, Normalisation
from sketchfit.transforms.augment import eval_augment
from tests.factories import make_store, tiny_recipe

SIZE, ROWS, CLASSES = 32, np.array([6, 1, 2, 5, 0, 9, 3]), 4
CPU = torch.device("cpu")
VIEWS = parse_views(["hflip", "five-crop0.8"])
PAPER = np.array([255], dtype=np.uint8)


@pytest.fixture(scope="module")
def store():
    images = np.full((10, 36, 36, 1), 255, np.uint8)
    images[:, 6:28, 5:30] = np.random.default_rng(0).integers(0, 256, (10, 22, 25, 1))
    return make_store(images)


def recipe_of(**changes):
    return load_recipe(tiny_recipe({"inference": {"batch_size": 3}} | changes))


def network_of(recipe):
    torch.manual_seed(0)
    return build_network(recipe.model, CLASSES)


def by_hand(network, pictures, precision="fp32"):
    """Probabilities of one batch, from the formulas."""
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) * 255 for v in vars(network.normalisation).values())
    images = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() - mean) / std
    with torch.no_grad(), Compute(CPU, precision).autocast():
        logits = network.model(images.contiguous(memory_format=torch.channels_last))
    return logits.float().softmax(dim=1).numpy()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_probabilities_are_those_of_a_loop_bit_for_bit(store, precision):
    recipe = recipe_of(compute={"precision": precision})
    network = network_of(recipe)
    network.model.train()
    found = Predictor.of(network, recipe, CPU).probabilities(store, ROWS)
    assert not network.model.training
    resize = eval_augment(SIZE)
    batches = [np.stack([resize(store.images[row], PAPER, None) for row in ROWS[at : at + 3]]) for at in (0, 3, 6)]
    np.testing.assert_array_equal(found, np.concatenate([by_hand(network, batch, precision) for batch in batches]))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_views_are_those_of_a_loop_bit_for_bit(store):
    recipe = recipe_of(inference={"batch_size": 17})  # two rows of seven pictures per batch
    network = network_of(recipe)
    found = Predictor.of(network, recipe, CPU).views(store, ROWS, VIEWS)
    assert list(found) == ["identity", "hflip", "five-crop0.8"]
    batches = [
        np.concatenate([view_pictures(store.images[row], PAPER, VIEWS, SIZE) for row in ROWS[at : at + 2]])
        for at in (0, 2, 4, 6)
    ]
    prob = np.concatenate([by_hand(network, batch) for batch in batches]).reshape(len(ROWS), 7, CLASSES)
    np.testing.assert_array_equal(found["identity"], prob[:, 0])
    np.testing.assert_array_equal(found["hflip"], prob[:, 1])
    np.testing.assert_array_equal(found["five-crop0.8"], prob[:, 2:].mean(axis=1, dtype=np.float32))


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_numbers_that_are_none_are_refused_in_every_batch(store, broken):
    recipe, calls = recipe_of(), count()
    predictor = Predictor.of(network_of(recipe), recipe, CPU)

    def backend(pictures):
        prob = predictor.backend(pictures)
        if next(calls) == broken:
            prob[0, 0] = np.nan
        return prob

    with pytest.raises(NoNumbersError) as caught:
        replace(predictor, backend=backend).probabilities(store, ROWS)
    assert "1 of 7 images" in caught.value.problems[0]
    assert next(calls) == 3


def test_views_in_one_pass_equal_each_view_alone(store):
    recipe = recipe_of()
    predictor = Predictor.of(network_of(recipe), recipe, CPU)
    together = predictor.views(store, ROWS, VIEWS)
    for view in VIEWS:
        np.testing.assert_allclose(together[view.name], predictor.views(store, ROWS, [view])[view.name], atol=1e-6)
    np.testing.assert_allclose(together["identity"], predictor.probabilities(store, ROWS), atol=1e-6)


def test_each_row_is_read_once_for_all_views(store, monkeypatch):
    rows, real = [], module.load_batches

    def watched(*arguments):
        for batch in real(*arguments):
            rows.extend(batch.rows.tolist())
            yield batch

    monkeypatch.setattr(module, "load_batches", watched)
    recipe = recipe_of()
    Predictor.of(network_of(recipe), recipe, CPU).views(store, ROWS, VIEWS)
    assert rows == ROWS.tolist()


def test_pictures_equal_rows(store):
    recipe = recipe_of()
    predictor = Predictor.of(network_of(recipe), recipe, CPU)
    pictures = np.stack([eval_augment(SIZE)(store.images[row], PAPER, None) for row in ROWS])
    np.testing.assert_array_equal(predictor.predict(pictures), predictor.probabilities(store, ROWS))


def test_no_rows_have_no_probabilities(store):
    recipe = recipe_of()
    predictor = Predictor.of(network_of(recipe), recipe, CPU)
    none = np.zeros(0, dtype=np.int64)
    assert predictor.probabilities(store, none).shape == (0, CLASSES)
    assert {name: prob.shape for name, prob in predictor.views(store, none, VIEWS).items()} == dict.fromkeys(
        ("identity", "hflip", "five-crop0.8"), (0, CLASSES)
    )
    assert predictor.predict(np.zeros((0, SIZE, SIZE, 1), np.uint8)).shape == (0, CLASSES)


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_rows_and_views_by_a_converted_network(store, backend):
    pytest.importorskip(backend)
    recipe = recipe_of(inference={"batch_size": 14})
    network = network_of(recipe)
    plain, converted = (Predictor.of(network, recipe, CPU, backend=name) for name in ("eager", backend))
    np.testing.assert_allclose(converted.probabilities(store, ROWS), plain.probabilities(store, ROWS), atol=1e-5)
    expected = plain.views(store, ROWS, VIEWS)
    for name, prob in converted.views(store, ROWS, VIEWS).items():
        np.testing.assert_allclose(prob, expected[name], atol=1e-5)


@pytest.mark.parametrize(
    ("setting", "backend", "images", "expected"),
    [
        ("auto", None, None, "eager"),
        ("auto", None, 10**9, "chosen"),
        ("compiled", None, None, "compiled"),
        ("compiled", "eager", 10**9, "eager"),
    ],
)
def test_which_backend_is_built(setting, backend, images, expected, monkeypatch):
    built = []
    monkeypatch.setattr(
        module, "choose_backend", lambda network, compute, size, images: "eager" if images is None else "chosen"
    )
    monkeypatch.setattr(module, "build_backend", lambda name, *_: built.append(name))
    recipe = recipe_of(inference={"backend": setting})
    Predictor.of(network_of(recipe), recipe, CPU, backend, images)
    assert built == [expected]


def test_settings_come_from_the_recipe():
    recipe = recipe_of(compute={"precision": "bf16", "channels_last": False, "threads": 5})
    predictor = Predictor.of(network_of(recipe), recipe, CPU)
    assert predictor.compute == Compute(CPU, "bf16", channels_last=False)
    assert (predictor.size, predictor.batch_size, predictor.threads) == (SIZE, 3, 5)


def test_a_model_without_a_number_of_classes_still_predicts(store):
    network = Network(nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE * SIZE, 4)), Normalisation((0.5,) * 3, (0.5,) * 3))
    assert Predictor.of(network, recipe_of(), CPU).probabilities(store, ROWS).shape == (7, 4)
