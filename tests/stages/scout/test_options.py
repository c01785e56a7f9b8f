from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.stages.scout.options import make_options, own_sizes
from sketchfit.stages.scout.prior import prior_of
from tests.factories import tiny_recipe
from tests.stages.scout.made import make_candidate


def test_each_candidate_has_options_by_size(tmp_path):
    base = load_recipe(tiny_recipe({"model": {"mean": 0.3}}))
    (tmp_path / "a.safetensors").touch()
    weights = str(tmp_path / "a.safetensors")
    candidates = [make_candidate("a", weights=weights), make_candidate("b", backbone="test_vit")]
    first, second = make_options(base, candidates, [64, 32, 64])
    assert [(one.name, one.recipe.model.size) for one in first] == [("a at 32 px", 32), ("a at 64 px", 64)]
    assert [one.recipe.model.backbone for one in second] == ["test_vit", "test_vit"]
    model = first[0].recipe.model
    assert (model.weights, model.pretrained, model.mean) == (weights, True, None)
    assert first[0].recipe.optimizer == base.optimizer
    assert first[0].figures.gmacs == pytest.approx(0.1 / 4)
    assert len({one.folder for ladder in (first, second) for one in ladder}) == 4


def test_folders_of_equal_names_with_other_weights_differ(tmp_path):
    base = load_recipe(tiny_recipe())
    files = [tmp_path / "1.pth", tmp_path / "2.pth"]
    for file in files:
        file.touch()
    options = [make_options(base, [make_candidate("a b/c", weights=str(file))], [64])[0][0] for file in files]
    assert len({one.folder for one in options}) == 2
    assert all("/" not in one.folder for one in options)


@given(st.integers(16, 1000))
def test_own_sizes_end_with_the_own_size(size):
    found = own_sizes(size)
    assert found[-1] == size
    assert list(found) == sorted(set(found))
    assert len(found) <= 3
    assert all(one % 32 == 0 for one in found[:-1])


def test_a_recipe_with_members_is_refused():
    base = load_recipe(tiny_recipe({"members": {"a": {}, "b": {"seed": 1}}}))
    with pytest.raises(UserError, match="a, b"):
        make_options(base, [make_candidate()])


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ({"sketch_top1": 30.0, "imagenet_top1": 90.0}, 30.0),
        ({"imagenet_top1": 80.0}, 35.0),
        ({}, 25.0),
    ],
)
def test_the_guess_prefers_the_published_accuracy_on_sketches(published, expected):
    candidate = make_candidate(**published)
    assert prior_of(candidate, 64) == expected
    assert prior_of(candidate, 128) == expected  # larger than the weights' own size gains nothing
    assert prior_of(candidate, 32) == expected - 6
