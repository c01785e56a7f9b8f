"""Plan of a data set with families: sizes, splits, file names, keys."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.synthetic.items import Item, family_items, independent_items
from sketchfit.synthetic.objects import OBJECTS
from sketchfit.synthetic.settings import DrawSettings

SETTINGS = DrawSettings(classes=4, per_class=30, test_per_class=30, families=5)


def _planned(plan: DrawSettings, seed: int = 0) -> tuple[list[Item], list[Item]]:
    return family_items(sorted(list(OBJECTS)[: plan.classes]), plan, np.random.default_rng(seed))


plans = st.builds(
    lambda per_class, share, **other: DrawSettings(
        per_class=per_class, families=1 + int(share * (per_class - 1)), **other
    ),
    per_class=st.integers(1, 20),
    share=st.floats(0, 1),
    classes=st.integers(2, 5),
    test_per_class=st.integers(1, 20),
    split=st.sampled_from([None, "family", "random"]),
    names=st.sampled_from([None, "family", "plain"]),
    seed=st.integers(0, 3),
)


@given(plans)
@settings(max_examples=150, deadline=None)
def test_every_plan_has_its_sizes_and_distinct_drawings(plan: DrawSettings) -> None:
    train, test = _planned(plan)
    assert Counter(item.target for item in train) == dict.fromkeys(range(plan.classes), plan.per_class)
    assert Counter(item.target for item in test) == dict.fromkeys(range(plan.classes), plan.test_per_class)
    assert len({item.image for item in train + test}) == len({item.key for item in train + test}) == len(train + test)
    assert all(item.image.startswith(f"train/{item.name}/") for item in train)
    assert all(item.image.startswith("test/") for item in test)
    # One model, one number and one class per family.
    assert len({(item.family, item.model, item.target) for item in train + test}) == len(
        {item.family for item in train + test}
    )
    mine, held = ({item.family for item in part} for part in (train, test))
    assert sorted(mine | held) == list(range(1, len(mine | held) + 1))
    sizes = Counter(item.family for item in (train if plan.by_family else train + test))
    assert max(sizes.values()) - min(sizes.values()) <= 1
    if plan.by_family:
        assert len(mine) == plan.classes * plan.families
        assert not mine & held


def test_test_families_are_as_large_as_training_families() -> None:
    train, test = _planned(SETTINGS)
    assert set(Counter(item.family for item in train + test).values()) == {6}
    _, test = _planned(replace(SETTINGS, test_per_class=13))  # three families of 6 at most
    assert sorted(Counter(item.family for item in test if item.target == 0).values()) == [4, 4, 5]


def test_a_random_split_has_drawings_of_nearly_all_families_on_both_sides() -> None:
    train, test = _planned(replace(SETTINGS, split="random"))
    assert {item.family for item in train} == {item.family for item in test}
    sizes = Counter(item.family for item in train)
    assert min(sizes.values()) < 6 < max(sizes.values())  # at random, not in equal parts


def test_names_of_files() -> None:
    train, test = _planned(SETTINGS)
    for item in train + test:
        stem = item.image.split("/")[-1].removesuffix(".JPEG")
        family, number = stem.removeprefix("m").split("-")
        assert (len(family), int(family)) == (2, item.family)
        assert 1 <= int(number) <= 6
    plain, held = _planned(replace(SETTINGS, names="plain"))
    expected = [f"train/{name}/sketch_{k}.JPEG" for name in {item.name for item in plain} for k in range(30)]
    assert sorted(item.image for item in plain) == sorted(expected)
    assert [item.image for item in held] == [f"test/{k}.JPEG" for k in range(len(held))]
    # The same drawings; but neighbouring numbers share a family about as seldom as chance has it (5 in 29).
    assert {item.key for item in plain} == {item.key for item in train}
    by_number = {item.image: item.family for item in plain}
    ordered = np.array([by_number[path] for path in expected]).reshape(4, 30)
    same = (ordered[:, 1:] == ordered[:, :-1]).mean()
    assert same < 0.35


def test_numbers_of_families_and_test_rows_do_not_show_the_class() -> None:
    for names in ("family", "plain"):
        train, test = _planned(replace(SETTINGS, classes=40, per_class=5, test_per_class=10, names=names))
        family, target = np.array([(item.family, item.target) for item in train]).T
        assert abs(np.corrcoef(family, target)[0, 1]) < 0.25
        place = np.arange(len(test))
        assert abs(np.corrcoef(place, [item.target for item in test])[0, 1]) < 0.2
        assert abs(np.corrcoef(place, [item.family or 0 for item in test])[0, 1]) < 0.2


def test_only_the_keys_decide_a_drawing() -> None:
    by_family = {item.key: item.model for part in _planned(SETTINGS, 0) for item in part}
    more = replace(SETTINGS, per_class=40, test_per_class=40, classes=6)
    larger = {item.key: item.model for part in _planned(more, 1) for item in part}
    assert by_family.items() <= larger.items()
    # Independent drawings have other keys.
    alone = independent_items(sorted(OBJECTS)[:4], SETTINGS, np.random.default_rng(0))
    assert not {item.key for part in alone for item in part} & {*larger, *larger.values()}
