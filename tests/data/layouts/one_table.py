"""Layouts with one table for all splits, or for the training rows only."""

from __future__ import annotations

from tests.data.layouts.tree import Case, Expected, Tree, below, default_keys, stems


def _split_column(tree: Tree, words: tuple[str, str, str], column: str = "split") -> Expected:
    rows = [(path, name, words[0]) for path, name in below(tree.train("images/{k}.png"), "images")]
    valid = [(path, name, words[1]) for path, name in below(tree.valid("images/v{k}.png"), "images")]
    names = [name.removeprefix("images/") for name in tree.test("images/t{n}.png")]
    # Rows of the splits are mixed: each split keeps its own order.
    mixed = [*valid[:1], *rows[:6], *((name, "", words[2]) for name in names), *rows[6:], *valid[1:]]
    tree.table("data.csv", ("image", "label", column), mixed)
    return Expected(default_keys(names), valid=3)


def _test_column(tree: Tree) -> Expected:
    rows = [(path, name, "train") for path, name in below(tree.train("images/{k}.png"), "images")]
    names = [name.removeprefix("images/") for name in tree.test("images/t{n}.png")]
    tree.table("metadata.csv", ("image", "label", "subset"), [*rows, *((name, "cat", "test") for name in names)])
    return Expected(default_keys(names))


def _flag(tree: Tree) -> Expected:
    rows = [(path, name, False) for path, name in below(tree.train("images/{k}.png"), "images")]
    valid = [(path, name, True) for path, name in below(tree.valid("images/v{k}.png"), "images")]
    tree.table("labels.csv", ("fname", "labels", "is_valid"), [*rows, *valid])
    return Expected([], valid=3, test=(), settings=("data.label_column=labels",))


def _by_folder(tree: Tree) -> Expected:
    rows = [*tree.train("train/{k}.png"), *tree.valid("val/v{k}.png"), *((path, "cat") for path in tree.test())]
    tree.table("labels.csv", ("path", "label"), rows)
    return Expected(default_keys(f"{n}.png" for n in range(5)), valid=3)


def _by_place(tree: Tree) -> Expected:
    rows = [
        *tree.train("train/a{k}.png"),
        *tree.valid("val/v{k}.png"),
        *((path, "cat") for path in tree.test("test/t{n}.png")),
    ]
    tree.table("labels.csv", ("image", "label"), [(path.rpartition("/")[2], name) for path, name in rows])
    return Expected(default_keys(f"t{n}.png" for n in range(5)), valid=3)


def _other_name(tree: Tree) -> Expected:
    ids = [(path.removeprefix("train/").removesuffix(".png"), name) for path, name in tree.train("train/{k}.png")]
    names = [name.removeprefix("test/") for name in tree.test()]
    tree.table("trainLabels.csv", ("id", "label"), ids)
    return Expected(default_keys(names))


def _annotations(tree: Tree) -> Expected:
    rows = below(tree.train("drawings/{k}.png"), "drawings")
    names = [name.removeprefix("test/") for name in tree.test()]
    tree.table("annotations.csv", ("picture", "species"), rows)
    return Expected(default_keys(names))


def _columns_named(tree: Tree) -> Expected:
    rows = [
        (path, name, f"p{k % 3}", k % 2) for k, (path, name) in enumerate(below(tree.train("images/{k}.png"), "images"))
    ]
    tree.table("table.csv", ("where", "what", "who", "side"), rows)
    return Expected([], test=(), settings=("data.image_column=where", "data.label_column=what"))


def _given(tree: Tree) -> Expected:
    tree.table("mine.csv", ("image", "label"), below(tree.train("images/{k}.png"), "images"))
    tree.table("other.csv", ("image", "label"), [("x.png", "x")])
    return Expected([], test=(), data="mine.csv")


def _index(tree: Tree) -> Expected:
    rows = [(k, path, name) for k, (path, name) in enumerate(tree.train("images/{k}.png"))]
    tree.table("labels.csv", ("", "image", "label"), rows)
    return Expected([], test=())


def _backslashes(tree: Tree) -> Expected:
    rows = [(path.replace("/", "\\"), name) for path, name in tree.train("images/{name}/{n}.png")]
    tree.table("labels.csv", ("image", "label"), rows)
    return Expected([], test=())


def _absolute(tree: Tree) -> Expected:
    rows = [(str(tree.root.resolve() / path), name) for path, name in tree.train("images/{k}.png")]
    tree.table("labels.csv", ("image", "label"), rows)
    return Expected([], test=())


def _wrapped(tree: Tree) -> Expected:
    tree.table(
        "sketches-main/labels.csv",
        ("image", "label"),
        below(tree.train("sketches-main/img/{k}.png"), "sketches-main/img"),
    )
    return Expected([], test=())


def _ids_repeated(tree: Tree) -> Expected:
    rows = [(stem, name) for stem, (_, name) in zip(*_stems(tree), strict=True)]
    tree.table("labels.csv", ("Id", "Species"), rows)
    return Expected([], test=())


def _stems(tree: Tree) -> tuple[list[str], list[tuple[str, str]]]:
    rows = tree.train("all/{name}{n}.png")
    return stems(path for path, _ in rows), rows


def _parts(tree: Tree) -> Expected:
    rows = []
    for k, (path, name) in enumerate(tree.train("images_part_{c}/ISIC_{k:03d}.png")):
        rows.append((f"L{k // 2}", path.rpartition("/")[2].removesuffix(".png"), name))
    tree.table("metadata.csv", ("lesion_id", "image_id", "dx"), rows)
    return Expected([], test=(), settings=("data.label_column=dx",))


def _bare_names(tree: Tree) -> Expected:
    rows = [(path.rpartition("/")[2], name) for path, name in tree.train("train/{name}/{name}{n}.png")]
    tree.table("train.csv", ("image", "label"), rows)
    return Expected([], test=())


ONE_TABLE = (
    Case(
        "`data.csv` (`image`, `label`, `split`: train, val, test)",
        "a column that names the split",
        lambda tree: _split_column(tree, ("train", "val", "test")),
    ),
    Case(
        "`data.csv` (…, `phase`: Training, Validation, Testing)",
        "by its cells, whatever its name",
        lambda tree: _split_column(tree, ("Training", "Validation", "Testing"), "phase"),
    ),
    Case(
        "`metadata.csv` (…, `subset`: train, test)",
        "test rows are not trained on, although they have labels",
        _test_column,
    ),
    Case(
        "`labels.csv` (`fname`, `labels`, `is_valid`)",
        "a column of true and false; with `data.label_column=labels`",
        _flag,
    ),
    Case(
        "`labels.csv` with `train/1.png`, `val/1.png`, `test/1.png`",
        "the folders in the paths name the split",
        _by_folder,
    ),
    Case(
        "`labels.csv` with `a1.png`, `v1.png`, `t1.png` in `train/`, `val/`, `test/`",
        "the folders of the files name the split",
        _by_place,
    ),
    Case("`trainLabels.csv` (`id`, `label`), `train/…`, `test/…`", "names of files without suffix", _other_name),
    Case(
        "`annotations.csv` (`picture`, `species`), `drawings/…`, `test/…`",
        "columns by their content: one names files, the other repeats values",
        _annotations,
    ),
    Case("`labels.csv` (`Id`, `Species`), `all/…`", "the same without test images", _ids_repeated),
    Case(
        "`table.csv` (`where`, `what`, …)",
        "columns named with `--image-column where --label-column what`",
        _columns_named,
    ),
    Case("`mine.csv`, given as the data", "other tables are not read", _given),
    Case("`labels.csv` with an index column", "a column without name is not read", _index),
    Case(
        "`metadata.csv` (`lesion_id`, `image_id`, `dx`), `images_part_1/…`, `images_part_2/…`",
        "images in several folders, by their file names; the labels with `data.label_column=dx`",
        _parts,
    ),
    Case("`train.csv` with `1.png`, `train/<class>/1.png`", "file names without their folders", _bare_names),
    Case("paths such as `images\\apple\\1.png`", "Windows' separators", _backslashes),
    Case("absolute paths", "those inside the data folder", _absolute),
    Case("`sketches-main/labels.csv`, `sketches-main/img/…`", "everything in one folder", _wrapped),
)
