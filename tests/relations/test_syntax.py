from __future__ import annotations

import numpy as np
import pytest

from sketchfit.errors import UserError
from sketchfit.relations.key import own_groups
from sketchfit.relations.origins import Facts, Origins
from sketchfit.relations.syntax import KnownGroups, group_of, parse_group

PATHS = ("train/cat/photo-1-1.png", "train/cat/photo-1-2.png", "train/dog/photo-1-1.png", "train/dog/x.png")
COLUMNS = {
    "drawer": np.array(["ann", "bob", "ann", ""]),
    "url": np.array(["https://a.org/1", "https://b.org/2", "http://a.org/3", "none"]),
    "a + b": np.array(["1", "1", "2", "3"]),
    "odd:name": np.array(["x1", "x2", "y1", "z1"]),
}
EXIF = {"Model": np.array(["M1", "", "M1", "M2"])}
ORIGINS = Origins(
    Facts(PATHS, COLUMNS, EXIF),
    np.array([0, 0, 1, 1]),
    Facts(("test/photo-1-9.png", "test/photo-8-9.png"), {"drawer": np.array(["bob", "eve"])}),
)


def partition(text: str, known: KnownGroups | None = None) -> list[list[int]]:
    """Groups of two or more of the rows; test rows are numbers 4 and 5."""
    key = group_of(text, ORIGINS, known)
    group = own_groups(np.concatenate([key.train, key.test]))
    members = [np.flatnonzero(group == number).tolist() for number in np.unique(group)]
    return sorted(rows for rows in members if len(rows) > 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", []),
        ("drawer", [[0, 2], [1, 4]]),
        (r"name:^(.+)-\d+$", [[0, 1, 2, 4]]),
        (r"name:^photo-(\d+)-\d+$", [[0, 1, 2, 4]]),
        (r"name:^(photo)-\d+-(\d+)$", [[0, 2], [4, 5]]),
        (r"class/name:^(.+)-\d+$", [[0, 1]]),
        (r"url:^https?://([^/]+)", [[0, 2]]),
        (r"folder:^([^/]+)$", [[0, 1], [2, 3]]),
        ("exif:Model", [[0, 2]]),
        (r"exif:Model:^M(\d)", [[0, 2]]),
        ("a + b", [[0, 1]]),
        (r"odd:name:^(\w)", [[0, 1]]),
        ("odd:name", []),
        (r"drawer + url:^https?://([^/]+)", [[0, 2], [1, 4]]),
        (r"drawer+name:^(photo-\d+)", [[0, 1, 2, 4]]),
        (r"exif:Model + class/name:^(.+)-\d+$", [[0, 1, 2]]),
    ],
)
def test_groups_by_hand(text: str, expected: list[list[int]]) -> None:
    assert partition(text) == expected


def test_known_groups() -> None:
    known = KnownGroups(np.array([0, 1, 2, 1]), np.array([-1, 0, 0, -1]))
    assert partition("near_duplicate", known) == [[1, 3]]
    assert partition("cluster", known) == [[1, 2]]
    assert partition("near_duplicate + cluster", known) == [[1, 2, 3]]
    assert partition("near_duplicate+cluster", known) == [[1, 2, 3]]
    assert partition("near_duplicate") == []


def test_plus_in_a_regex_does_not_join() -> None:
    assert [part.source for part in parse_group(r"name:^(\w+)+(a|b)+$")] == ["name"]
    assert [part.source for part in parse_group(r"name:^(.+)-\d+$ + drawer")] == ["name", "column"]
    assert [part.source for part in parse_group(r"name:^(.+)-\d+$+near_duplicate")] == ["name", "near_duplicate"]
    assert [part.source for part in parse_group(r"near_duplicate+name:^(.+)-\d+$+name:(\d)")] == [
        "near_duplicate",
        "name",
        "name",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("drawr", "nearest is 'drawer'"),
        ("drawr:^(.)", "nearest is 'drawer'"),
        ("nam:^(.)", "nearest is 'name'"),
        ("near_duplicates", "nearest is 'near_duplicate'"),
        ("name:^(.+-\\d+$", "not a regular expression"),
        ("name:^.+$", "captures nothing"),
        ("name:^(zebra)", "matches no training row"),
        ("drawer + ", "empty part"),
        ("none + drawer", "'none'"),
        ("class/near_duplicate", "no value"),
        ("exif:Modell", "nearest is 'Model'"),
        ("", "empty part"),
    ],
)
def test_mistakes_are_named(text: str, expected: str) -> None:
    with pytest.raises(UserError) as raised:
        group_of(text, ORIGINS)
    assert expected in str(raised.value)
    assert raised.value.hint


def test_columns_may_be_unknown_at_first() -> None:
    assert parse_group("patient")[0].field == "patient"
    with pytest.raises(UserError):
        parse_group("patient", ("drawer",))


def test_words_for_missing_values_are_no_value() -> None:
    column = np.array(["nan", "NaN", "ann", " ann "])
    key = group_of("drawer", Origins(Facts(PATHS, {"drawer": column}), ORIGINS.label))
    assert key.train.tolist() == [-1, -1, 0, 0]
