"""Names of splits, as people write them: `train`, `Training_set`, `val_images`, `testLabels`, `1.Training`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Literal

Role = Literal["train", "valid", "test"]

_ROLES: dict[str, Role] = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "trainval": "train",
    "val": "valid",
    "valid": "valid",
    "validate": "valid",
    "validation": "valid",
    "dev": "valid",
    "development": "valid",
    "eval": "valid",
    "evaluation": "valid",
    "test": "test",
    "testing": "test",
    "tst": "test",
    "pred": "test",
    "predict": "test",
    "prediction": "test",
    "unlabeled": "test",
    "unlabelled": "test",
    "학습": "train",
    "훈련": "train",
    "검증": "valid",
    "평가": "test",
    "시험": "test",
    "테스트": "test",
}

_NEUTRAL_WORDS = """
    image images img imgs pic pics picture pictures photo photos drawing drawings sketch sketches jpg jpeg jpgs png pngs
    data dataset datasets set sets split splits feature features file files folder full all clean cropped crops resized
    raw original public private label labels labelled labeled class classes annotation annotations annotated metadata
    meta id ids list index info table csv tsv ground truth groundtruth gt input inputs target targets value values
    solution solutions x y
    """

_NEUTRAL = frozenset(_NEUTRAL_WORDS.split())

_PART_WORDS = frozenset(["part", "parts", "batch", "chunk", "shard", "archive", "volume", "vol", "zip"])
_CLASS_WORDS = frozenset(["class", "classes", "label", "labels", "labelled", "labeled", "target", "targets"])
"""Words that name no split and no class: what is in a folder or a table."""


def role_of(name: str) -> Role | None:
    """Return the split that the name of a folder, of a table without its suffix, or of a cell means.

    >>> role_of("train_images"), role_of("valid"), role_of("testLabels2017"), role_of("trains")
    ('train', 'valid', 'test', None)
    """
    meant = [word for word in _words(name) if word not in _NEUTRAL]
    return _ROLES.get(meant[0]) if len(meant) == 1 else None


def roles_of(names: Sequence[str]) -> dict[str, Role]:
    """Return the split that each name means, without the names that mean none.

    A word that all of several names share is left out: `seg_train`, `seg_test`.

    >>> roles_of(["seg_train", "seg_test", "notes"])
    {'seg_train': 'train', 'seg_test': 'test'}
    """
    found = {name: role for name in names if (role := role_of(name)) is not None}
    if found:
        return found
    meant = {name: [word for word in _words(name) if word not in _NEUTRAL] for name in names}
    split = {name: words for name, words in meant.items() if any(word in _ROLES for word in words)}
    shared = set.intersection(*(set(words) for words in split.values())) - set(_ROLES) if len(split) > 1 else set()
    return {name: role for name, words in split.items() if (role := _only_role(words, shared)) is not None}


def is_exact(name: str) -> bool:
    """Return whether a name is a split's and nothing else: `train`, not `train_labels`."""
    return _composed(name) in _ROLES


def is_neutral(name: str) -> bool:
    """Return whether a name is neither a class nor a split: `images`, `Data`, `png_resized`.

    >>> is_neutral("images"), is_neutral("apple_images")
    (True, False)
    """
    words = _words(name)
    return bool(words) and all(word in _NEUTRAL for word in words)


def are_containers(names: Sequence[str]) -> bool:
    """Return whether several folders are parts or kinds of one data set, and no classes.

    >>> are_containers(["images_part_1", "images_part_2"]), are_containers(["photo", "sketch"])
    (True, True)
    >>> are_containers(["class1", "class2"]), are_containers(["c0", "c1"])
    (False, False)
    """
    words = [set(_words(name)) for name in names]
    if len(words) < 2:
        return False
    shared = set.intersection(*words)
    left = [one - shared - _NEUTRAL - _PART_WORDS for one in words]
    means_part = all(one & ((_NEUTRAL - _CLASS_WORDS) | _PART_WORDS) for one in words)
    return means_part and not any(left)


def with_splits_in_names(names: Sequence[str]) -> list[str]:
    """Return the names that have a class and a split, where a class has several splits.

    >>> with_splits_in_names(["cat_train", "cat_test", "bullet train"])
    ['cat_train', 'cat_test']
    """
    rest: dict[frozenset[str], list[str]] = {}
    for name in names:
        words = frozenset(_words(name))
        if len(words & set(_ROLES)) == 1:
            rest.setdefault(words - set(_ROLES), []).append(name)
    return [name for same in rest.values() if len(same) > 1 for name in same]


def _only_role(words: Sequence[str], shared: Collection[str]) -> Role | None:
    left = [word for word in words if word not in shared]
    return _ROLES.get(left[0]) if len(left) == 1 else None


def _words(name: str) -> list[str]:
    """Return the words of a name, without numbers: `trainLabels_2017` is `train`, `labels`."""
    humps = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFC", name))
    return [part for word in re.findall(r"[^\W\d_]+", humps.casefold()) for part in _parts(word)]


def _parts(word: str) -> tuple[str, ...]:
    """Divide a word such as `trainset` or `testimages`."""
    if word in _ROLES or word in _NEUTRAL:
        return (word,)
    for end in range(2, len(word) - 1):
        first, second = word[:end], word[end:]
        if (first in _ROLES and second in _NEUTRAL) or (first in _NEUTRAL and second in _ROLES):
            return first, second
    return (word,)


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().strip()
