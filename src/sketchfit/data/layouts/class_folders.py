"""Find the training rows in class folders."""

from __future__ import annotations

from sketchfit.data.layouts.folders import ROLES, by_role, join
from sketchfit.data.layouts.found import Contents
from sketchfit.data.layouts.parts import ClassFolder, SplitPart
from sketchfit.data.split_names import Role, are_containers, is_neutral, with_splits_in_names
from sketchfit.errors import DataError
from sketchfit.shell import quoted
from sketchfit.wording import listed


def each_a_class(found: Contents) -> str:
    """Return how to take each folder of images as a class although its name is none, as a sentence."""
    return f"--set {quoted('data.train=' + (found.top or '.'))} takes each folder as a class."


def unnamed_folders(found: Contents) -> tuple[ClassFolder, ...]:
    """Return the folders of images if their names are none of classes: `photo/`, `sketch/`."""
    _, folders = found.folders.classes(found.top, found.in_splits())
    return folders if are_containers([one.label for one in folders]) else ()


def class_parts(found: Contents) -> dict[Role, SplitPart]:
    """Return the parts of class folders that are in a neutral folder or in the top folder; none if there are none.

    Raises:
        UserError: folders that are neither classes nor splits (`photo/`, `sketch/`) and have class folders; folders
            that are both (`cat_train/`, `cat_test/`).
    """
    splits = found.in_splits()
    within, classes = found.folders.classes(found.top, splits)
    neutral = [one for one in classes if is_neutral(one.label) and found.folders.inside(one.path)]
    if neutral and len(neutral) == len(classes) == 1:
        within, classes = found.folders.classes(neutral[0].path, splits)
    if mixed := with_splits_in_names([one.label for one in classes]):
        raise DataError(
            f"{found.source.root}: the names of folders have classes and splits in them: {listed(mixed)}",
            "Move them to a folder per split with a folder per class: train/<class>, test/<class>.",
        )
    if are_containers([one.label for one in classes]):
        _refuse_containers(found, classes)
        return {}
    return by_split(found, SplitPart(classes=classes, folder=within)) if classes else {}


def by_split(found: Contents, part: SplitPart) -> dict[Role, SplitPart]:
    """Divide class folders that have the splits in them: `apple/train/`, `apple/test/`."""
    inside = {one: by_role(found.folders.inside(one.path)) for one in part.classes}
    divided = all(
        roles
        and not found.folders.loose(one.path)
        and sum(map(len, roles.values())) == len(found.folders.inside(one.path))
        for one, roles in inside.items()
    )
    if not divided or not any("train" in roles for roles in inside.values()):
        return {"train": part}
    parts: dict[Role, SplitPart] = {}
    for role in ROLES:
        classes = tuple(
            ClassFolder(one.label, join(one.path, name))
            for one, roles in inside.items()
            for name in roles.get(role, ())
        )
        if classes:
            parts[role] = SplitPart(classes=classes, folder=part.folder)
    return parts


def _refuse_containers(found: Contents, folders: tuple[ClassFolder, ...]) -> None:
    """Refuse folders without a class's name that have class folders; if they have images only, a table is needed."""
    if all(len(found.folders.inside(one.path)) > 1 for one in folders):
        names = listed([f"{one.path}/" for one in folders])
        raise DataError(
            f"{found.source.root}: the folders {names} have class folders, and their names are no classes",
            f"Name one with --set {quoted(f'data.train={folders[0].path}')}. {each_a_class(found)}",
        )
