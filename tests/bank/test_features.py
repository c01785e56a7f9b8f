"""Frozen features of all images: values, rows that cannot be read, what decides the cache, damage."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from sketchfit.bank import extractor as extractor_module
from sketchfit.bank.cache import features_key
from sketchfit.bank.extractor import Extractor
from sketchfit.bank.features import BankFeatures, FeaturePass, open_features
from sketchfit.bank.unfinished import PassFiles
from sketchfit.config.load import load_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.data.store import Store
from sketchfit.data.table import Table
from sketchfit.errors import UserError
from sketchfit.interruption import Interrupted, Terminated
from sketchfit.models.backbone import build_network
from sketchfit.models.pooling import NoFeaturesError
from sketchfit.models.saved_network import save_network
from sketchfit.tracking.console import Console
from sketchfit.transforms.augment import eval_augment
from tests.factories import bars, make_store, make_table, tiny_recipe

CPU = torch.device("cpu")
ROWS, TEST_ROWS = 21, 6
TRAIN = {f"train/{row}.png": row % 3 for row in range(ROWS)}
TABLE = make_table(train=TRAIN, test=tuple(f"test/{row}.png" for row in range(TEST_ROWS)))


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return recipe_with(tmp_path)


def recipe_with(cache: Path, changes: dict[str, Any] | None = None) -> Recipe:
    settings = tiny_recipe({"data": {"cache": str(cache / "cache")}, "inference": {"batch_size": 8}})
    return load_recipe(settings, changes or {})


@pytest.fixture
def stores() -> tuple[Store, Store]:
    train = make_store(bars(np.arange(ROWS) % 3), Path("store-a"))
    return train, make_store(bars(np.arange(TEST_ROWS) % 3), Path("store-b"))


def features(recipe: Recipe, stores: tuple[Store, Store], table: Table = TABLE) -> BankFeatures:
    found = open_features(recipe, table, stores, CPU, Console("none"))
    assert found is not None
    return found


def test_features_are_those_of_the_network_for_each_picture(recipe: Recipe, stores: tuple[Store, Store]) -> None:
    found = features(recipe, stores)
    extractor = Extractor.of(recipe, CPU)
    small = np.stack([eval_augment(32)(image, np.full(1, 255, np.uint8), None) for image in stores[0].images])  # type: ignore[arg-type]
    expected = extractor.of_pictures(small)
    assert found.train.dtype == np.float32
    assert found.train.shape == (ROWS, sum(found.widths))
    assert found.test.shape == (TEST_ROWS, sum(found.widths))
    assert np.allclose(found.train, expected, rtol=2e-3, atol=1e-4 * np.abs(expected).max())
    assert found.train.std(axis=0).max() > 0
    assert found.train_readable.all()
    assert found.test_readable.all()


def test_rows_that_cannot_be_read_are_zeros_and_do_not_change_others(
    recipe: Recipe, stores: tuple[Store, Store]
) -> None:
    whole = features(recipe, stores)
    errors = tuple("empty" if row in (0, 9) else "" for row in range(ROWS))
    broken = replace(stores[0], errors=errors, folder=Path("store-c"))
    found = features(recipe, (broken, replace(stores[1], errors=("empty",) * TEST_ROWS, folder=Path("store-d"))))
    assert np.flatnonzero(~found.train_readable).tolist() == [0, 9]
    assert not found.train[~found.train_readable].any()
    assert np.allclose(found.train[found.train_readable], whole.train[found.train_readable], rtol=2e-3, atol=1e-4)
    assert not found.test.any()
    assert not found.test_readable.any()


def test_a_table_without_test_rows_has_features_without_rows(recipe: Recipe, stores: tuple[Store, Store]) -> None:
    table = make_table(train=TRAIN)
    empty = make_store(np.zeros((0, 36, 36, 1), np.uint8))
    found = features(recipe, (stores[0], empty), table)
    assert found.test.shape == (0, found.train.shape[1])
    assert found.test_readable.shape == (0,)


def test_each_picture_passes_once_in_batches_and_never_again(
    recipe: Recipe, stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = Extractor.of_pictures
    monkeypatch.setattr(
        Extractor, "of_pictures", lambda self, images: (seen.append(len(images)), real(self, images))[1]
    )
    first = features(recipe, stores)
    assert seen == [8, 8, 5, 6]
    monkeypatch.setattr(extractor_module, "build_network", None)  # with the cache, no network is built
    second = features(recipe, stores)
    assert seen == [8, 8, 5, 6]
    assert np.array_equal(first.train, second.train)
    assert np.array_equal(first.test, second.test)
    assert first.widths == second.widths


def test_threads_do_not_change_the_features(tmp_path: Path, stores: tuple[Store, Store]) -> None:
    one = features(recipe_with(tmp_path / "1", {"compute": {"threads": 1}}), stores)
    four = features(recipe_with(tmp_path / "2", {"compute": {"threads": 4}}), stores)
    assert np.array_equal(one.train, four.train)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"model": {"input_size": 48}}, False),
        ({"model": {"backbone": "test_efficientnet"}}, False),
        ({"model": {"args": {"output_stride": 16}}}, False),
        ({"model": {"mean": 0.4}}, False),
        ({"seed": 1}, False),
        ({"compute": {"precision": "bf16"}}, False),
        ({"training": {"epochs": 5}}, True),
        ({"compute": {"threads": 3}}, True),
        ({"model": {"drop_rate": 0.3, "head": "mlp", "freeze": {"train": "head"}}}, True),
    ],
)
def test_what_decides_the_features_is_in_the_key(
    tmp_path: Path, stores: tuple[Store, Store], changes: dict[str, Any], same: bool
) -> None:
    plain = features_key(recipe_with(tmp_path), stores[0], CPU)
    assert (features_key(recipe_with(tmp_path, changes), stores[0], CPU) == plain) == same


def test_images_and_the_content_of_the_weights_are_in_the_key(tmp_path: Path, stores: tuple[Store, Store]) -> None:
    keys, recipe = set(), recipe_with(tmp_path)
    for seed in (0, 1):
        torch.manual_seed(seed)
        save_network(tmp_path / str(seed), build_network(recipe.model, 3), recipe)
    shutil.copytree(tmp_path / "0", tmp_path / "copy")
    for name in ("0", "copy", "1"):
        weights = {"pretrained": True, "weights": str(tmp_path / name / "model.safetensors")}
        for training_seed in (0, 5):  # a file's weights do not depend on it
            changed = recipe_with(tmp_path, {"model": weights, "seed": training_seed})
            keys.add(features_key(changed, stores[0], CPU))
    assert len(keys) == 2
    assert features_key(recipe, stores[0], CPU) != features_key(recipe, stores[1], CPU)


def test_weights_that_a_file_lacks_follow_the_seed(tmp_path: Path, stores: tuple[Store, Store]) -> None:
    plain = recipe_with(tmp_path)
    network = build_network(plain.model, 3)
    partial = {name: value for name, value in network.model.state_dict().items() if not name.startswith("conv1")}
    save_file(partial, tmp_path / "partial.safetensors")
    model = {"pretrained": True, "weights": str(tmp_path / "partial.safetensors"), "partial_weights": True}
    recipes = [recipe_with(tmp_path, {"model": model, "seed": seed}) for seed in (0, 0, 1)]
    first, same, other = (Extractor.of(one, CPU).network.model.state_dict() for one in recipes)
    for name, value in first.items():
        assert torch.equal(value, same[name]), name
    assert not torch.equal(first["conv1.0.weight"], other["conv1.0.weight"])
    found = [features(one, stores).train for one in recipes]
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])
    networks = [build_network(recipes[0].model, classes) for classes in (2, 3)]
    passes = [FeaturePass(recipes[0], Extractor.of_network(one, plain, CPU), Console("none")) for one in networks]
    assert len({one._kind for one in passes}) == 2


def test_weights_of_a_file_are_used(tmp_path: Path, stores: tuple[Store, Store]) -> None:
    torch.manual_seed(7)
    plain = recipe_with(tmp_path)
    network = build_network(plain.model, 3)
    save_network(tmp_path / "w", network, plain)
    weights = {"pretrained": True, "weights": str(tmp_path / "w" / "model.safetensors")}
    extractor = Extractor.of(recipe_with(tmp_path, {"model": weights}), CPU)
    for name, value in network.model.state_dict().items():
        if not name.startswith("fc"):
            assert torch.equal(extractor.network.model.state_dict()[name], value), name


def test_random_weights_follow_the_seed_and_leave_the_global_generator_unchanged(tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    weights = [Extractor.of(recipe_with(tmp_path, {"seed": seed}), CPU).network.model for seed in (0, 0, 1)]
    assert torch.equal(torch.rand(4), expected)
    first, same, other = (torch.cat([value.flatten() for value in model.parameters()]) for model in weights)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("damage", ["cut", "bit", "index", "rows"])
def test_a_damaged_cache_is_computed_again(
    recipe: Recipe, stores: tuple[Store, Store], tmp_path: Path, damage: str
) -> None:
    first = features(recipe, stores)
    expected = first.train
    array = tmp_path / "cache" / f"features-{features_key(recipe, stores[0], CPU)}.npy"
    content, index = array.read_bytes(), array.with_suffix(".json")
    del first
    if damage == "cut":
        array.write_bytes(content[:-100])
    elif damage == "bit":
        array.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "index":
        index.write_text("{")
    else:
        index.write_text(json.dumps(json.loads(index.read_text()) | {"widths": [1]}))
    assert np.array_equal(features(recipe, stores).train, expected)
    assert array.read_bytes() == content


def test_a_cache_that_cannot_be_written_is_passed_over(
    tmp_path: Path, stores: tuple[Store, Store], recipe: Recipe
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "cache").write_text("a file where the folder would be")
    found = features(recipe_with(tmp_path / "other"), stores)
    assert np.array_equal(found.train, features(recipe, stores).train)


@pytest.mark.parametrize(("error", "every"), [(KeyboardInterrupt, 1), (Interrupted, 1000), (Terminated, 1000)])
def test_an_interrupted_pass_continues_where_it_was_saved(
    error: type[BaseException],
    every: int,
    recipe: Recipe,
    stores: tuple[Store, Store],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extractor_module, "SAVE_EVERY", every)
    key, real, computed = features_key(recipe, stores[0], CPU), Extractor.of_pictures, list[int]()
    stale = tmp_path / "cache" / f".features-{key}.npy.1.part"
    stale.parent.mkdir()
    stale.write_bytes(b"of an older release")

    def interrupted(self: Extractor, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        if len(computed) == 1:
            raise error
        computed.append(len(images))
        return real(self, images)

    with monkeypatch.context() as patch:
        patch.setattr(Extractor, "of_pictures", interrupted)
        with pytest.raises(error):
            features(recipe, stores)
        assert not stale.exists()
        assert computed == [8]
        computed.clear()
        patch.setattr(Extractor, "of_pictures", lambda self, images: computed.append(len(images)) or real(self, images))
        found = features(recipe, stores).train
    assert computed[:2] == [8, 5]  # of 21 images
    assert not [path for path in (tmp_path / "cache").iterdir() if "part" in path.name]
    assert np.array_equal(found, features(recipe_with(tmp_path / "again"), stores).train)


@pytest.mark.parametrize("damage", ["index", "array", "shape"])
def test_a_damaged_unfinished_pass_starts_again(tmp_path: Path, damage: str) -> None:
    files = PassFiles(tmp_path, "key")
    first = files.open((3, 2))
    first.values[:2] = 1
    first.save(2, (0.5, 2.0), 2)
    again = files.open((3, 2))
    assert (again.done, again.scales, again.values.tolist()) == (2, (0.5, 2.0), [[1, 1], [1, 1], [0, 0]])
    if damage == "index":
        files.index.write_text("{")
    elif damage == "array":
        files.array.write_bytes(b"")
    found = files.open((4 if damage == "shape" else 3, 2))
    assert (found.done, found.scales, found.values.any()) == (0, (), False)


def test_nan_names_the_image(
    recipe: Recipe, stores: tuple[Store, Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Extractor.of_pictures

    def broken(self: Extractor, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        values = real(self, images)
        if len(images) == 5:  # the last batch, rows 16 to 20
            values[2, 7] = np.nan
        return values

    monkeypatch.setattr(Extractor, "of_pictures", broken)
    with pytest.raises(UserError, match=r"train/18\.png"):
        features(recipe, stores)
    with pytest.raises(UserError, match="image 19 of 21"):
        FeaturePass(recipe, Extractor.of(recipe, CPU), Console("none")).features(stores[0])
    assert not list((tmp_path / "cache").glob("*.npy"))


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_features_of_any_size_keep_their_precision(
    recipe: Recipe, stores: tuple[Store, Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    plain, real = features(recipe, stores).train, Extractor.of_pictures
    monkeypatch.setattr(Extractor, "of_pictures", lambda self, images: real(self, images) * np.float32(factor))
    scaled = features(recipe_with(tmp_path / "other"), stores).train / np.float32(factor)
    assert np.allclose(scaled, plain, rtol=2e-3, atol=1e-4 * np.abs(plain).max())


def test_overflow_in_half_precision_is_computed_again_in_float32(
    tmp_path: Path, stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_with(tmp_path, {"compute": {"precision": "bf16"}})
    pooling_type = type(Extractor.of(recipe, CPU).pooling)
    real = pooling_type.__call__

    def overflows(self: Any, images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = real(self, images)
        return found * torch.inf if torch.is_autocast_enabled("cpu") else found

    monkeypatch.setattr(pooling_type, "__call__", overflows)
    expected = features(recipe_with(tmp_path / "other"), stores).train
    assert np.array_equal(features(recipe, stores).train, expected)


def test_a_backbone_without_features_has_none(
    recipe: Recipe, stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise NoFeaturesError("nothing to pool")

    monkeypatch.setattr(extractor_module, "find_pooling", refuses)
    assert open_features(recipe, TABLE, stores, CPU, Console("none")) is None
