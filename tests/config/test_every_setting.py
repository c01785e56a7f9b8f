"""Every text and every list of the recipe, with nonsense: refused at once, or marked as checked later or as free."""

from __future__ import annotations

import ast
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

import sketchfit
from sketchfit.config.load import load_recipe
from sketchfit.config.scope import settings
from sketchfit.config.section import CheckedBy, FreeText
from sketchfit.config.training import ResizeStage
from sketchfit.config.transforms import CurriculumStage
from sketchfit.errors import UserError

NONSENSE = "nonsense-value"
STAGES: dict[str, dict[str, Any]] = {
    "transforms.curriculum": {"policy": "none"},
    "training.resize": {"until": 1, "size": 64},
}
FIELDS = {setting.key: setting.field for setting in settings()}


def parts(annotation: Any) -> Iterator[Any]:
    """The types that a value may have, without `Annotated` and unions."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        yield from parts(inner[0])
    elif origin in (tuple, list, dict, Literal) or not inner:
        yield annotation
    else:
        for one in inner:
            yield from parts(one)


def takes_text(annotation: Any) -> bool:
    return any(
        part is str or (typing.get_origin(part) is Literal and any(isinstance(v, str) for v in typing.get_args(part)))
        for part in parts(annotation)
    )


def list_of(annotation: Any) -> Any:
    """The type of a list's entries; None where no list is taken."""
    lists = [part for part in parts(annotation) if typing.get_origin(part) in (tuple, list)]
    return typing.get_args(lists[0])[0] if lists else None


TEXTS = [key for key, field in FIELDS.items() if takes_text(field.annotation)]
LISTS = [key for key, field in FIELDS.items() if list_of(field.annotation) is not None]
OPEN = [key for key, field in FIELDS.items() if any(isinstance(mark, FreeText | CheckedBy) for mark in field.metadata)]


def nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


def refused(key: str, value: Any) -> bool:
    """Whether a value is refused by a message that names its key."""
    try:
        load_recipe({}, nested(key, value))
    except UserError as error:
        section = key.rpartition(".")[0]  # named by a validator that compares several keys
        return any(key in problem or section in problem for problem in error.problems)
    return False


def test_there_are_texts_and_lists():
    assert {"loss.name", "loss.class_weights", "model.backbone", "data.channels", "model.freeze.train"} <= set(TEXTS)
    assert {"inference.views", "ensemble.compare", "folds.train", "optimizer.betas", "transforms.add"} <= set(LISTS)


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_is_refused_or_marked(key):
    assert refused(key, NONSENSE) is (key not in OPEN)


@pytest.mark.parametrize("key", LISTS)
def test_entries_of_a_list_are_refused_or_marked(key):
    assert refused(key, [NONSENSE]) is (key not in OPEN)


@pytest.mark.parametrize("key", LISTS)
def test_an_empty_list_is_refused_the_default_or_explained(key):
    usual = FIELDS[key].get_default(call_default_factory=True)
    explained = "Empty" in (FIELDS[key].description or "")
    assert refused(key, []) or usual in ((), []) or explained


@pytest.mark.parametrize("key", [key for key in LISTS if key != "optimizer.betas"])  # one number per moment
def test_an_entry_occurs_once_unless_that_is_explained(key):
    entry = STAGES.get(key) or example(key)
    assert refused(key, [entry, entry]) or "several times" in (FIELDS[key].description or "")


def example(key: str) -> Any:
    """A value that occurs in the list."""
    usual = FIELDS[key].get_default(call_default_factory=True)
    if usual and not isinstance(usual, str):
        return usual[0]
    kind = list_of(FIELDS[key].annotation)
    choices = [value for part in parts(kind) if typing.get_origin(part) is Literal for value in typing.get_args(part)]
    named = {"transforms.policy": {"op": "hflip"}, "transforms.add": {"op": "hflip"}, "transforms.drop": "erase"}
    numbers = {"optimizer.betas": 0.9, "model.mean": 0.5, "model.std": 0.5, "folds.train": 0}
    return (named | numbers).get(key) or (choices[0] if choices else numbers.get(key, "*"))


@pytest.mark.parametrize(
    ("key", "stage"), [("transforms.curriculum", CurriculumStage), ("training.resize", ResizeStage)]
)
def test_texts_of_stages(key, stage):
    names = [name for name, field in stage.model_fields.items() if takes_text(field.annotation)]
    assert names
    assert all(refused(key, [{**STAGES[key], name: NONSENSE}]) for name in names)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model.std", -1),
        ("model.std", 0),
        ("model.mean", [0.5, 0.5, 2]),
        ("model.mean", [0.5, 0.5]),
        ("folds.train", [9]),
        ("folds.train", [-1]),
        ("ensemble.compare", []),
        ("transforms.drop", ["hfilp"]),
        ("transforms.curriculum", [{"until": 0.5, "policy": "light"}, {"policy": [{"op": "rotat"}]}]),
        ("transforms.curriculum", [{"until": 6, "policy": "light"}, {"until": 0.1, "policy": "none"}]),
        ("transforms.override", {"hflip": {"q": 1}}),
        ("transforms.add", [{"op": "randaugment", "skip": ["Solarise"]}]),
        ("distill.student", {"model": {"backbon": "resnet18"}}),
        ("distill.member", "nobody"),
        ("pseudo_label.noisy_student", "strongest"),
        ("members", {"a": {"transforms": {"policy": "ligth"}}}),
        ("model.weights", "gone.safetensors"),
        ("data.exclude", "gone.csv"),
        ("audit.external", ["gone"]),
        ("schedule.milestones", [0.8, 0.2]),
    ],
)
def test_these_are_refused_at_once(key, value):
    assert refused(key, value)


def test_every_setting_is_read():
    """A setting whose name no code of the package reads as an attribute changes nothing."""
    read = set()
    for path in Path(sketchfit.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                read.add(node.attr)
    assert [key for key in FIELDS if key.rpartition(".")[2] not in read] == []
