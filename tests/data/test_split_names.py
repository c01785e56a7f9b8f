"""Names of splits are recognised in every style, and names of classes are none."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.split_names import are_containers, is_exact, is_neutral, role_of, roles_of

WORDS = {
    "train": ("train", "training", "trn", "학습"),
    "valid": ("val", "valid", "validation", "dev", "검증"),
    "test": ("test", "testing", "unlabeled", "평가"),
}
NEUTRAL = ("images", "img", "set", "data", "labels", "features", "metadata")
ROLES = st.sampled_from([(role, word) for role, words in WORDS.items() for word in words])


@given(
    word=ROLES,
    others=st.lists(st.sampled_from([*NEUTRAL, "2017", "1", "224"]), max_size=3),
    first=st.booleans(),
    separator=st.sampled_from(["_", "-", " ", "."]),
    form=st.sampled_from([str, str.upper, str.title, lambda text: unicodedata.normalize("NFD", text)]),
)
def test_any_style_of_a_name(word, others, first, separator, form) -> None:  # type: ignore[no-untyped-def]
    role, text = word
    name = form(separator.join([text, *others] if first else [*others, text]))
    assert role_of(name) == role
    assert not is_neutral(name)


@given(word=ROLES, other=st.sampled_from(NEUTRAL))
def test_words_without_a_separator(word: tuple[str, str], other: str) -> None:
    role, text = word
    if text.isascii():
        assert role_of(text + other) == role
        assert role_of(text + other.title()) == role


@pytest.mark.parametrize(
    "name",
    [
        "trains",
        "bullet_train",
        "latest",
        "contest",
        "valley",
        "device",
        "testudo",
        "apple",
        "0",
        "",
        "train_test",
        "train station",
    ],
)
def test_other_names(name: str) -> None:
    assert role_of(name) is None


@given(st.text(max_size=12))
def test_any_text_is_read(name: str) -> None:
    assert role_of(name) in (None, "train", "valid", "test")
    assert not (is_neutral(name) and role_of(name))
    assert not is_exact(name) or role_of(name)


def test_a_shared_word_is_left_out() -> None:
    assert roles_of(["cub_train", "cub_val", "cub_test"]) == {
        "cub_train": "train",
        "cub_val": "valid",
        "cub_test": "test",
    }
    assert roles_of(["steam train", "bullet train"]) == {}
    assert roles_of(["train", "cub_test"]) == {"train": "train"}


def test_parts_and_kinds_are_no_classes() -> None:
    assert are_containers(["HAM_images_part_1", "HAM_images_part_2"])
    assert are_containers(["photos", "drawings"])
    assert not are_containers(["images"])
    assert not are_containers(["photo", "cartoon"])
    assert not are_containers(["class_1", "class_2"])
    assert not are_containers(["1", "2"])
