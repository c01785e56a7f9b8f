from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchfit.relations.key import NO_VALUE, Key, own_groups
from sketchfit.relations.keys import find_candidates, worth_testing
from sketchfit.relations.name_patterns import name_patterns
from sketchfit.relations.origins import Facts, Origins
from sketchfit.relations.syntax import KnownGroups, group_of

CLASSES, GROUPS, VIEWS = 4, 6, 3
WORDS = ("apple", "big_red_cup", "hair dryer", "n02691156")
Name = Callable[[int, int, int], str]


def candidate_keys(given: Origins) -> tuple[Key, ...]:
    return find_candidates(given).keys


def rows() -> list[tuple[int, int, int]]:
    """(class, group within the class, view) of every row, in mixed order."""
    every = [(c, g, v) for c in range(CLASSES) for g in range(GROUPS) for v in range(VIEWS)]
    return [every[i] for i in np.random.default_rng(0).permutation(len(every))]


def origins(name: Name, test: tuple[str, ...] = (), **columns: list[str]) -> Origins:
    paths = tuple(f"train/{WORDS[c]}/{name(c, g, v)}.png" for c, g, v in rows())
    texts = {column: np.array(values) for column, values in columns.items()}
    return Origins(Facts(paths, texts), np.array([c for c, _, _ in rows()]), Facts(test))


def same_partition(first: np.ndarray, second: np.ndarray) -> bool:
    one, two = own_groups(first), own_groups(second)
    return bool(((one[:, None] == one[None, :]) == (two[:, None] == two[None, :])).all())


PER_CLASS = np.array([c * GROUPS + g for c, g, _ in rows()])
ACROSS = np.array([g for _, g, _ in rows()])
VIEW = np.array([v for _, _, v in rows()])


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        (lambda c, g, v: f"photo-{g}-{v}", PER_CLASS),
        (lambda c, g, v: f"photo-{g}-{v}", ACROSS),
        (lambda c, g, v: f"{WORDS[c]}{g}-{v:03}-{41 * v:03}", PER_CLASS),
        (lambda c, g, v: f"{WORDS[c]}_{g}_{v}", PER_CLASS),
        (lambda c, g, v: f"n0269115{c}_{100 * c + g}-{v}", PER_CLASS),
        (lambda c, g, v: f"P{g:03}_S{v}_{'left' if v % 2 else 'right'}{c}", ACROSS),
        (lambda c, g, v: f"IMG_202301{g + 10}_{10 + v}15{c}0", ACROSS),
        (lambda c, g, v: f"IMG_202301{g + 10}1{v}15{c}0", ACROSS),
        (lambda c, g, v: f"ses-0{v}_sub-0{g}_run-{c}", ACROSS),
        (lambda c, g, v: f"{'acq-hi_' if v else ''}sub-{g}_{'ses-1_' if v == 1 else ''}run-{v}", ACROSS),
        (lambda c, g, v: f"{c}{g:03}{v:04}", PER_CLASS),
        (lambda c, g, v: f"{'abcdef'[g]} ({v})", ACROSS),
        (lambda c, g, v: f"{hashlib.sha1(f'{c}{g}'.encode()).hexdigest()}_{v}", PER_CLASS),
        (lambda c, g, v: f"clip{g}/frame{v:04}", PER_CLASS),
        (lambda c, g, v: f"subject_{g}/left/{v}", ACROSS),
        (lambda c, g, v: f"P{g}_S{v}/x", ACROSS),
    ],
)
def test_the_true_grouping_is_a_candidate(name: Name, truth: np.ndarray) -> None:
    found = candidate_keys(origins(name))
    assert any(same_partition(key.train, truth) for key in found), [key.name for key in found]


@pytest.mark.parametrize("name", [lambda c, g, v: f"photo-{g}-{v}", lambda c, g, v: f"s{g}/{WORDS[c]}_{v}"])
def test_names_of_keys_give_their_groups(name: Name) -> None:
    given_rows = origins(name, test=("test/photo-1-7.png", "test/s2/q_1.png", "test/17.png"))
    for key in candidate_keys(given_rows):
        again = group_of(key.name, given_rows)
        np.testing.assert_array_equal(again.train, key.train)
        np.testing.assert_array_equal(again.test, key.test)


def test_no_two_keys_have_the_same_groups_and_names_are_simple() -> None:
    found = candidate_keys(origins(lambda c, g, v: f"photo-{g}-{10 * c + v}"))
    for i, key in enumerate(found):
        assert not any(same_partition(key.train, other.train) for other in found[:i])
    assert found[0].name == r"name:^photo-(\d+)-\d+$"


@pytest.mark.parametrize(
    "name",
    [
        lambda c, g, v: f"{c}_{100 * c + 10 * g + v}",  # the class, and all different
        lambda c, g, v: f"{WORDS[c]}_{'ab'[c // 2]}_{100 * c + 10 * g + v}",  # classes of classes
        lambda c, g, v: hashlib.sha1(f"{c}{g}{v}".encode()).hexdigest(),
    ],
)
def test_names_without_a_relation_give_no_key(name: Name) -> None:
    assert candidate_keys(origins(name)) == ()


def test_test_rows_of_another_shape_have_no_value() -> None:
    anonymous = candidate_keys(origins(lambda c, g, v: f"{g}_{v}", test=("test/3.png", "test/004.png")))
    assert anonymous
    assert all((key.test == NO_VALUE).all() for key in anonymous)
    telling = candidate_keys(origins(lambda c, g, v: f"{g}_{v}", test=("test/3_7.png", "test/99_1.png")))[0]
    assert telling.test[0] in telling.train
    assert telling.test[1] not in telling.train
    assert telling.test[1] != NO_VALUE


def test_columns_that_look_like_an_origin() -> None:
    table = rows()
    found = candidate_keys(
        origins(
            lambda c, g, v: f"{1000 * c + 100 * g + v}x{v}",
            patient_id=[str(g) for _, g, _ in table],
            url=[f"https://site{(g + v) % 5}.org/{c}/{g}{v}.png" for c, g, v in table],
            taken=[f"2023-01-{10 + g + 6 * (c % 2)} 1{v}:00:0{c}" for c, g, v in table],
            localization=[f"part {'abcdef'[g]}" for _, g, _ in table],
            hand=[f"{'abcdef'[(g + v) % 6]}" for _, g, v in table],
            width=[str(100 + g) for _, g, _ in table],
            quality=[f"0.{g}" for _, g, _ in table],
            original=[f"scan{g + 6 * (v % 2)}_{c}{v}.tif" for c, g, v in table],
            note=["" for _ in table],
        )
    )
    names = [key.name for key in found]
    assert "patient_id" in names
    assert "hand" in names
    assert any(name.startswith(r"url:^\w+://") for name in names)
    assert any(name.startswith("taken:^") for name in names)
    assert any(name.startswith("original:^scan") for name in names)
    assert not any(name.startswith(("width", "quality", "note", "localization")) for name in names)


def test_exif_fields() -> None:
    table = rows()
    facts = origins(lambda c, g, v: f"{1000 * c + 100 * g + v}x{v}")
    exif = {
        "Model": np.array([f"m{g}" for _, g, _ in table]),
        "DateTimeOriginal": np.array([f"2023:01:0{1 + (g + v) % 6} 10:00:0{v}" for _, g, v in table]),
    }
    found = candidate_keys(Origins(Facts(facts.train.paths, {}, exif), facts.label))
    assert same_partition(next(key.train for key in found if key.name == "exif:Model"), ACROSS)
    assert any(key.name.startswith("exif:DateTimeOriginal:") for key in found)


def test_worth_testing_by_hand() -> None:
    label = np.repeat([0, 1], 10)
    assert worth_testing(np.tile(np.arange(5), 4), label)
    assert not worth_testing(np.tile(np.arange(4), 5), label)  # four groups
    assert not worth_testing(np.arange(20), label)  # all alone
    assert not worth_testing(np.full(20, NO_VALUE), label)
    assert not worth_testing(label, label)


name_texts = st.lists(
    st.tuples(st.sampled_from(["a", "bc", "é", "사과"]), st.integers(0, 30), st.sampled_from("-_ (+.")).map(
        lambda parts: f"{parts[0]}{parts[2]}{parts[1]}"
    ),
    min_size=1,
    max_size=30,
)


@settings(deadline=None, max_examples=60)
@given(name_texts, st.randoms())
def test_patterns_do_not_depend_on_the_order_of_rows(names: list[str], random: object) -> None:
    mixed = list(names)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert set(name_patterns(names)) == set(name_patterns(mixed))


@settings(deadline=None, max_examples=60)
@given(name_texts)
def test_every_pattern_is_a_valid_grouping(names: list[str]) -> None:
    table = Origins(Facts(tuple(f"{name}.png" for name in names)), np.zeros(len(names), np.int64))
    for pattern in name_patterns([name.rpartition("/")[2] for name in names]):
        key = group_of(f"name:{pattern}", table, KnownGroups())
        assert len(key.train) == len(names)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.25])
@pytest.mark.parametrize("classes", [5, 20])
def test_folders_of_earlier_labels_are_no_relation(share: float, classes: int) -> None:
    """The labels of a table differ from its folders where they were corrected, or are wrong."""
    rng = np.random.default_rng(0)
    folder = np.repeat(np.arange(classes), 40)
    label = folder.copy()
    changed = rng.permutation(len(folder))[: round(share * len(folder))]
    label[changed] = (label[changed] + rng.integers(1, classes, len(changed))) % classes
    paths = tuple(f"train/class-{name}/{number:04d}.png" for number, name in enumerate(folder.tolist()))
    earlier = {"earlier": folder.astype(str)}
    assert candidate_keys(Origins(Facts(paths, earlier), label, Facts(()))) == ()


def test_groups_that_fill_classes_unevenly_stay_candidates() -> None:
    """A patient with most images of a class, who also has many of others, is not the same as the class."""
    label = np.repeat(np.arange(5), 20)
    assert worth_testing(np.tile([0] * 14 + [1, 2, 3, 4, 5, 6], 5), label)
    patient = np.tile([0, 0, 0, 1, 2, 3, 4, 5, 6, 7], 10)
    assert worth_testing(patient, label)
    families = 3 * label + np.tile([0, 0, 0, 0, 1, 1, 1, 2, 2, 2], 10)
    assert worth_testing(families, label)
