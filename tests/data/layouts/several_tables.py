"""Layouts with a table per split."""

from __future__ import annotations

from tests.data.layouts.tree import Case, Expected, Tree, below, default_keys, stems
from tests.data.malformed import CLASSES


def _competition(tree: Tree) -> Expected:
    rows = below(tree.train(), "train")
    names = [name.removeprefix("test/") for name in tree.test()]
    tree.table("train.csv", ("class_name", "image_path", "target"), [(c, p, CLASSES.index(c)) for p, c in rows])
    tree.table("test.csv", ("image_path",), [(name,) for name in names])
    keys = [(str(k), name) for k, name in enumerate(names)]
    tree.sample(("ID", "image_path", "target"), [(*key, 0) for key in keys])
    return Expected(keys, labels=("0", "1", "2"), names=CLASSES)


def _names_only(tree: Tree) -> Expected:
    rows = below(tree.train(), "train")
    names = [name.removeprefix("test/") for name in tree.test()]
    tree.table("train.csv", ("path", "label"), rows)
    tree.table("test.csv", ("path",), [(name,) for name in names])
    tree.sample(("path", "label"), [(name, "apple") for name in names])
    return Expected([(name,) for name in names], header=("path", "label"))


def _ids(tree: Tree) -> Expected:
    rows = [(f"a{k:03d}", c) for k, (_, c) in enumerate(tree.train("train/a{k:03d}.png"))]
    names = stems(tree.test("test/t{n:03d}.png"))
    tree.table("train.csv", ("id", "breed"), rows)
    tree.table("test.csv", ("id",), [(name,) for name in names])
    tree.sample(("id", "breed"), [(name, "apple") for name in names])
    return Expected([(name,) for name in names], header=("id", "breed"))


def _split_folders(tree: Tree) -> Expected:
    rows = below(tree.train("train_images/{k}.png"), "train_images")
    names = [name.removeprefix("test_images/") for name in tree.test("test_images/t{n}.png")]
    tree.table("train.csv", ("image", "label"), rows)
    tree.sample(("image", "label"), [(name, "apple") for name in names])
    return Expected([(name,) for name in names], header=("image", "label"))


def _marks(rows: list[tuple[str, str]]) -> list[tuple[object, ...]]:
    return [(name, *(int(label == one) for one in CLASSES)) for name, label in rows]


def _one_hot(tree: Tree) -> Expected:
    rows = [(stem, c) for stem, (_, c) in zip(*_train_stems(tree, "train_features/a{k:03d}.png"), strict=True)]
    names = stems(tree.test("test_features/t{n}.png"))
    tree.table("train_labels.csv", ("id", *CLASSES), _marks(rows))
    tree.sample(("id", *CLASSES), [(name, 0.3, 0.3, 0.4) for name in names], "submission_format.csv")
    return Expected([(name,) for name in names], header=("id", *CLASSES), fill=(0, 1, 2))


def _train_stems(tree: Tree, form: str) -> tuple[list[str], list[tuple[str, str]]]:
    rows = tree.train(form)
    return stems(path for path, _ in rows), rows


def _joined(tree: Tree) -> Expected:
    ids, rows = _train_stems(tree, "train_features/a{k:03d}.png")
    files = tree.test("test_features/t{n}.png")
    names = stems(files)
    tree.table(
        "train_features.csv",
        ("id", "filepath", "site"),
        [(i, p, f"S{k % 2}") for k, (i, (p, _)) in enumerate(zip(ids, rows, strict=True))],
    )
    tree.table(
        "test_features.csv", ("id", "filepath", "site"), [(i, p, "S9") for i, p in zip(names, files, strict=True)]
    )
    tree.table("train_labels.csv", ("id", *CLASSES), _marks([(i, c) for i, (_, c) in zip(ids, rows, strict=True)]))
    tree.sample(("id", *reversed(CLASSES)), [(name, 0.3, 0.3, 0.4) for name in names], "submission_format.csv")
    return Expected([(name,) for name in names], header=("id", *reversed(CLASSES)), fill=(2, 1, 0))


def _ground_truth(tree: Tree) -> Expected:
    ids, rows = _train_stems(tree, "A_2019_Training_Input/A_{k:07d}.png")
    classes = [c for _, c in rows]
    names = tree.test("A_2019_Test_Input/{n}.png")
    tree.table("A_2019_Training_GroundTruth.csv", ("image", *CLASSES), _marks(list(zip(ids, classes, strict=True))))
    further = [(name, 30 + k % 3, "mf"[k % 2]) for k, name in enumerate(ids)]
    tree.table("A_2019_Training_Metadata.csv", ("image", "age", "sex"), further)
    return Expected(default_keys([name.rpartition("/")[2] for name in names]))


def _lists_of_class_folders(tree: Tree, train: str = "meta/train.txt", test: str = "meta/test.txt") -> Expected:
    rows = [path.removeprefix("images/").removesuffix(".png") for path, _ in tree.train("images/{name}/{k}.png")]
    names = [path.removeprefix("images/").removesuffix(".png") for path in tree.test("images/bus/t{n}.png")]
    tree.table(train, rows[:1], [(row,) for row in rows[1:]])
    tree.table(test, names[:1], [(name,) for name in names[1:]])
    return Expected(default_keys(names))


def _shared_folder(tree: Tree) -> Expected:
    ids, rows = _train_stems(tree, "images/Train_{k}.png")
    names = stems(tree.test("images/Test_{n}.png"))
    tree.table("train.csv", ("image_id", *CLASSES), _marks([(i, c) for i, (_, c) in zip(ids, rows, strict=True)]))
    tree.table("test.csv", ("image_id",), [(name,) for name in names])
    tree.sample(("image_id", *CLASSES), [(name, 0.3, 0.3, 0.4) for name in names])
    return Expected([(name,) for name in names], header=("image_id", *CLASSES), fill=(0, 1, 2))


def _tables_folder(tree: Tree) -> Expected:
    rows = below(tree.train("images/{k}.png"), "images")
    names = [name.removeprefix("images/") for name in tree.test("images/t{n}.png")]
    tree.table("labels/train.csv", ("file", "category"), rows)
    tree.table("labels/test.csv", ("file",), [(name,) for name in names])
    return Expected(default_keys(names))


def _beside(tree: Tree) -> Expected:
    rows = [(f"../{path}", name) for path, name in tree.train("images/{k}.png")]
    names = [f"../{path}" for path in tree.test("images/t{n}.png")]
    tree.table("tables/train.csv", ("file", "category"), rows)
    tree.table("tables/test.csv", ("file",), [(name,) for name in names])
    return Expected(default_keys(names))


def _upper(tree: Tree) -> Expected:
    rows = below(tree.train("Images/{k}.png"), "Images")
    names = [name.removeprefix("Images/") for name in tree.test("Images/t{n}.png")]
    tree.table("Train.csv", ("Image Path", "Class"), rows)
    tree.table("Test.csv", ("Image Path",), [(name,) for name in names])
    return Expected(default_keys(names))


def _validation(tree: Tree) -> Expected:
    tree.table("train.csv", ("image", "label"), below(tree.train("images/{k}.png"), "images"))
    tree.table("val.csv", ("image", "label"), below(tree.valid("images/v{k}.png"), "images"))
    names = [name.removeprefix("images/") for name in tree.test("images/t{n}.png")]
    tree.table("test.csv", ("image",), [(name,) for name in names])
    return Expected(default_keys(names), valid=3)


def _metadata(tree: Tree, suffix: str) -> Expected:
    tree.table(f"train/metadata.{suffix}", ("file_name", "label"), below(tree.train("train/{k}.png"), "train"))
    tree.table(
        f"validation/metadata.{suffix}", ("file_name", "label"), below(tree.valid("validation/v{k}.png"), "validation")
    )
    names = [name.removeprefix("test/") for name in tree.test("test/t{n}.png")]
    tree.table(f"test/metadata.{suffix}", ("file_name",), [(name,) for name in names])
    return Expected(default_keys(names), valid=3)


def _classes_csv(tree: Tree) -> Expected:
    tree.table("train/_classes.csv", ("filename", *CLASSES), _marks(below(tree.train("train/{k}.png"), "train")))
    tree.table("valid/_classes.csv", ("filename", *CLASSES), _marks(below(tree.valid("valid/v{k}.png"), "valid")))
    names = [name.removeprefix("test/") for name in tree.test("test/t{n}.png")]
    tree.table("test/_classes.csv", ("filename", *CLASSES), [(name, 1, 0, 0) for name in names])
    return Expected(default_keys(names), valid=3)


def _prefixed(tree: Tree) -> Expected:
    tree.table("sketch_train.csv", ("image", "label"), below(tree.train("images/{k}.png"), "images"))
    names = [name.removeprefix("images/") for name in tree.test("images/t{n}.png")]
    tree.table("sketch_test.csv", ("image",), [(name,) for name in names])
    return Expected(default_keys(names))


def _sample_only(tree: Tree) -> Expected:
    tree.table("train.csv", ("image", "label"), below(tree.train("images/{k}.png"), "images"))
    names = [name.removeprefix("images/") for name in tree.test("images/t{n}.png")]
    tree.sample(("image", "label"), [(name, "apple") for name in names])
    return Expected([(name,) for name in names], header=("image", "label"))


def _named(tree: Tree) -> Expected:
    tree.table("old.csv", ("image", "label"), [("x.png", "x")])
    tree.table("new.csv", ("image", "label"), below(tree.train("images/{k}.png"), "images"))
    names = [name.removeprefix("images/") for name in tree.test("images/t{n}.png")]
    tree.table("next.csv", ("image",), [(name,) for name in names])
    tree.table("form.csv", ("image", "label"), [(name, "cat") for name in names])
    settings = ("data.train=new.csv", "data.test=next.csv", "data.sample=form.csv")
    return Expected([(name,) for name in names], header=("image", "label"), settings=settings)


def _signs(tree: Tree) -> Expected:
    train = [(30, 28, CLASSES.index(name), path) for path, name in tree.train("Train/{c}/{n}.png")]
    test = tree.test("Test/{n}.png")
    tree.table("Train.csv", ("Width", "Height", "ClassId", "Path"), train)
    tree.table("Test.csv", ("Width", "Height", "ClassId", "Path"), [(30, 28, 0, path) for path in test])
    tree.table("Meta.csv", ("Path", "ClassId"), [("Meta/0.png", 0)])
    return Expected(default_keys(test), labels=("0", "1", "2"))


SEVERAL_TABLES = (
    Case(
        "`train.csv` (`class_name`, `image_path`, `target`), `test.csv`, `sample_submission.csv`, `train/<class>/…`",
        "the layout of the competition",
        _competition,
    ),
    Case("`train.csv` (`path`, `label`), `test.csv`, `train/…`, `test/…`", "labels are names", _names_only),
    Case(
        "`train.csv` (`id`, `breed`), `test.csv` (`id`), `train/a001.png`",
        "columns by their content: names of files without suffix; the label is what the sample submission has too",
        _ids,
    ),
    Case(
        "`train.csv`, `train_images/…`, `test_images/…`", "test rows are all images of the test folder", _split_folders
    ),
    Case(
        "`train_labels.csv` (`id`, a column per class), `train_features/…`, `test_features/…`, `submission_format.csv`",
        "columns of zeros and ones; a probability per class is written",
        _one_hot,
    ),
    Case(
        "`train_features.csv`, `train_labels.csv`, `test_features.csv`",
        "tables of one split are joined by their keys",
        _joined,
    ),
    Case(
        "`A_Training_GroundTruth.csv`, `A_Training_Metadata.csv`, `A_Training_Input/…`, `A_Test_Input/…`",
        "the same with other words, as ISIC's data sets have them",
        _ground_truth,
    ),
    Case(
        "`meta/train.txt` with `apple/1`, `meta/test.txt`, `images/<class>/…`",
        "a list of images without labels: their folders are the classes (noted)",
        _lists_of_class_folders,
    ),
    Case(
        "`trainlist.txt`, `testlist.txt`, `images/<class>/…`",
        "the same next to the folder",
        lambda tree: _lists_of_class_folders(tree, "trainlist.txt", "testlist.txt"),
    ),
    Case(
        "`train.csv` (`image_id`, a column per class), `test.csv`, `images/…`",
        "one folder for all images",
        _shared_folder,
    ),
    Case("`labels/train.csv`, `labels/test.csv`, `images/…`", "tables in a folder of their own", _tables_folder),
    Case("`tables/train.csv` with `../images/1.png`", "paths from the folder of the tables", _beside),
    Case(
        "`Train.csv` (`Image Path`, `Class`), `Test.csv`, `Images/…`", "any letter case, blanks in column names", _upper
    ),
    Case(
        "`Train.csv`, `Test.csv` (`ClassId`, `Path`), `Meta.csv`, `Train/<class>/…`, `Test/…`",
        "test rows with labels: these are not used",
        _signs,
    ),
    Case("`train.csv`, `val.csv`, `test.csv`, `images/…`", "a validation table", _validation),
    Case(
        "`train/metadata.csv`, `validation/metadata.csv`, `test/metadata.csv`",
        "Hugging Face's image folder",
        lambda tree: _metadata(tree, "csv"),
    ),
    Case(
        "`train/metadata.jsonl`, `validation/metadata.jsonl`, …",
        "the same with JSON lines",
        lambda tree: _metadata(tree, "jsonl"),
    ),
    Case(
        "`train/_classes.csv`, `valid/_classes.csv`, `test/_classes.csv`",
        "Roboflow's export: a column per class",
        _classes_csv,
    ),
    Case("`sketch_train.csv`, `sketch_test.csv`", "names of splits that share a word", _prefixed),
    Case(
        "`train.csv`, `sample_submission.csv`, `images/…`", "test rows are those of the sample submission", _sample_only
    ),
    Case("`new.csv`, `next.csv`, `form.csv`", "any names, with `data.train`, `data.test` and `data.sample`", _named),
)
