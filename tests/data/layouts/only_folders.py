"""Layouts without any table."""

from __future__ import annotations

import json
import unicodedata

from tests.data.layouts.tree import TEST, VALID, Case, Expected, Tree, below, default_keys
from tests.data.malformed import CLASSES


def _folders(train: str, test: str = "", valid: str = "", **fields: object):  # type: ignore[no-untyped-def]
    """Build class folders of training and validation drawings, and a folder of test drawings."""

    def build(tree: Tree) -> Expected:
        tree.train(train)
        count = len(tree.valid(valid)) if valid else 0
        names = tree.test(test) if test else []
        folder = test.rpartition("/")[0]
        keys = default_keys(name for name, _ in below([(name, "") for name in names], folder))
        numbers = range(TEST, TEST + len(names))
        return Expected(**({"keys": keys, "valid": count, "test": tuple(numbers)} | fields))  # type: ignore[arg-type]

    return build


def _test_by_class(tree: Tree, train: str, test: str, folder: str) -> Expected:
    """Build class folders of training drawings, and test drawings in class folders too."""
    tree.train(train)
    order = []
    for c, name in enumerate(CLASSES):
        for n in range(2 if c < 2 else 1):
            order.append((tree.image(test.format(name=name, n=n), TEST + 2 * c + n), TEST + 2 * c + n))
    names = [path.removeprefix(f"{folder}/") if folder else path for path, _ in order]
    return Expected(default_keys(names), test=tuple(number for _, number in order))


def _vehicles(tree: Tree) -> Expected:
    for c, name in enumerate(("bus", "car", "train")):
        for n in range(4):
            tree.image(f"{name}/{n}.png", 100 * c + n)
    names = tree.test()
    return Expected(default_keys(name.removeprefix("test/") for name in names), labels=("bus", "car", "train"))


def _hangul(tree: Tree) -> Expected:
    names = ("가방", "나무", "사과")
    for c, name in enumerate(names):
        for n in range(4):
            tree.image(f"train/{unicodedata.normalize('NFD', name)}/{n}.png", 100 * c + n)
    files = tree.test()
    return Expected(default_keys(name.removeprefix("test/") for name in files), labels=names)


def _named_valid(tree: Tree) -> Expected:
    tree.train("drawn/{name}/{n}.png")
    tree.valid("checked/{name}/{n}.png")
    names = tree.test("new/{n}.png")
    settings = ("data.train=drawn", "data.valid=checked", "data.test=new")
    return Expected(default_keys(name.removeprefix("new/") for name in names), valid=3, settings=settings)


def _one_folder(tree: Tree) -> Expected:
    tree.train("PetImages/{name}/{n}.png")
    (tree.root / "readme.txt").write_text("Two lines\nof text")
    return Expected([], test=())


def _two_kinds(tree: Tree) -> Expected:
    tree.train("sketch/{name}/{n}.png")
    tree.train("photo/{name}/{n}.png", first=VALID)
    return Expected([], test=(), settings=("data.train=sketch",), unused=12)


def _deep(tree: Tree, kind: str) -> Expected:
    paths = ("a/1", "b/1", "b/2") if kind == "path" else ("ink/apple", "ink/bus", "oil/cat")
    for c, path in enumerate(paths):
        for n in range(4):
            tree.image(f"{path}/{n}.png", 100 * c + n)
    labels = paths if kind == "path" else CLASSES
    return Expected([], labels=labels, test=(), settings=(f"data.class_folders={kind}",))


def _image_formats(tree: Tree) -> Expected:
    kinds = (("0", "PNG"), ("1.webp", "WEBP"), ("2.bmp", "BMP"), ("3.tif", "TIFF"))
    for c, name in enumerate(CLASSES):
        for n, (file, kind) in enumerate(kinds):
            tree.image(f"{name}/{file}", 100 * c + n, kind)
    return Expected([], test=())


def _strokes(tree: Tree) -> Expected:
    for name in CLASSES:
        lines = [{"word": name, "drawing": [[[0, 250, 40 * n], [9 * n, 200, 90]]]} for n in range(4)]
        tree.root.mkdir(exist_ok=True)
        (tree.root / f"{name}.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Expected([], test=(), same_pixels=False)


ONLY_FOLDERS = (
    Case("`<class>/1.png`", "one folder per class", _folders("{name}/{n}.png")),
    Case("`images/<class>/1.png`", "a folder between, of any usual name", _folders("images/{name}/{n}.png")),
    Case("`<class>/1.png`, `test/1.png`", "`test/` is no class", _folders("{name}/{n}.png", "test/{n}.png")),
    Case("`train/<class>/1.png`, `test/1.png`", "folders of splits", _folders("train/{name}/{n}.png", "test/{n}.png")),
    Case(
        "`train/<class>/1.png`, `test/<class>/1.png`",
        "test drawings in class folders: their labels are not used",
        lambda tree: _test_by_class(tree, "train/{name}/{n}.png", "test/{name}/{n}.png", "test"),
    ),
    Case(
        "`train/<class>/…`, `val/<class>/…`, `test/…`",
        "a validation split: its rows are in the folds, or the only fold with `folds.column=given_fold`",
        _folders("train/{name}/{n}.png", "test/{n}.png", "val/{name}/{n}.png"),
    ),
    Case(
        "`Training/<class>/…`, `Testing/…`",
        "other names of splits, in any letter case",
        _folders("Training/{name}/{n}.png", "Testing/{n}.png"),
    ),
    Case(
        "`train_set/<class>/…`, `valid_set/<class>/…`, `test_set/…`",
        "names of splits with further words",
        _folders("train_set/{name}/{n}.png", "test_set/{n}.png", "valid_set/{name}/{n}.png"),
    ),
    Case(
        "`1.Training/<class>/…`, `2.Validation/<class>/…`",
        "names of splits with numbers",
        _folders("1.Training/{name}/{n}.png", valid="2.Validation/{name}/{n}.png"),
    ),
    Case(
        "`seg_train/seg_train/<class>/…`, `seg_test/seg_test/…`",
        "names of splits that share a word; folders twice, as unpacked archives have them",
        _folders("seg_train/seg_train/{name}/{n}.png", "seg_test/seg_test/{n}.png"),
    ),
    Case(
        "`train/train/<class>/…`, `test/test/…`",
        "a folder in a folder of the same name",
        _folders("train/train/{name}/{n}.png", "test/test/{n}.png"),
    ),
    Case(
        "`images/train/<class>/…`, `images/test/…`",
        "folders of splits in another folder",
        _folders("images/train/{name}/{n}.png", "images/test/{n}.png"),
    ),
    Case(
        "`animals-v2/train/<class>/…`, `animals-v2/test/…`",
        "everything in one folder",
        _folders("animals-v2/train/{name}/{n}.png", "animals-v2/test/{n}.png"),
    ),
    Case(
        "`PetImages/<class>/…`, `readme.txt`",
        "class folders in one folder, next to other files",
        _one_folder,
    ),
    Case(
        "`<class>/train/1.png`, `<class>/test/1.png`",
        "splits in the class folders",
        lambda tree: _test_by_class(tree, "{name}/train/{n}.png", "{name}/test/{n}.png", ""),
    ),
    Case(
        "`학습/<class>/…`, `검증/<class>/…`, `평가/…`",
        "Korean names of splits",
        _folders("학습/{name}/{n}.png", "평가/{n}.png", "검증/{name}/{n}.png"),
    ),
    Case("`bus/…`, `car/…`, `train/…`, `test/…`", "`train` is a class next to others (noted)", _vehicles),
    Case(
        "`train/0/…`, `train/1/…`, `train/2/…`",
        "numbers as class names, in natural order",
        _folders("train/{c}/{n}.png", "test/{n}.png", labels=("0", "1", "2")),
    ),
    Case(
        "`train/008/…`, `train/009/…`, `train/010/…`",
        "zero-padded numbers keep their zeros",
        lambda tree: _padded(tree),
    ),
    Case("`train/사과/…`", "class names in any script; macOS's decomposed names are composed", _hangul),
    Case(
        "`trainval/<class>/…`, `test/…`",
        "training and validation rows together",
        _folders("trainval/{name}/{n}.png", "test/{n}.png"),
    ),
    Case(
        "`photo/<class>/…`, `sketch/<class>/…`",
        "refused, as these names are no classes; here with `data.train=sketch`",
        _two_kinds,
    ),
    Case(
        "`<alphabet>/<letter>/…`",
        "the class is the first folder (noted); here with `data.class_folders=path`",
        lambda tree: _deep(tree, "path"),
    ),
    Case("`<style>/<class>/…`", "here with `data.class_folders=last`", lambda tree: _deep(tree, "last")),
    Case(
        "`apple/1`, `apple/2.webp`, `apple/3.bmp`, `apple/4.tif`",
        "images by their content, in many formats",
        _image_formats,
    ),
    Case("`apple.ndjson`, `bus.ndjson`, …", "strokes of Quick, Draw!, one drawing per line", _strokes),
    Case(
        "`drawn/<class>/…`, `checked/<class>/…`, `new/…`",
        "any names, with `data.train=drawn`, `data.valid=checked`, `data.test=new`",
        _named_valid,
    ),
)


def _padded(tree: Tree) -> Expected:
    for c, name in enumerate(("008", "009", "010")):
        for n in range(4):
            tree.image(f"train/{name}/{n}.png", 100 * c + n)
    names = tree.test()
    return Expected(default_keys(name.removeprefix("test/") for name in names), labels=("008", "009", "010"))
