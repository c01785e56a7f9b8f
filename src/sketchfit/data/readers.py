"""Read a data set's tables and folders into a checked `Table`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from sketchfit.data.checks import TableProblems
from sketchfit.data.decoders.formats import without_decoder
from sketchfit.data.image_rows import check_unicode
from sketchfit.data.labels import Classes
from sketchfit.data.layouts import LAYOUTS, Layout, find_layout
from sketchfit.data.listing import Listing
from sketchfit.data.path_text import natural_key
from sketchfit.data.read_settings import ReadSettings
from sketchfit.data.sample import read_sample
from sketchfit.data.sheets import TABLE_SUFFIXES, is_table_name
from sketchfit.data.source import DataSource
from sketchfit.data.submission import Submission
from sketchfit.data.table import Split, Table
from sketchfit.data.testing import Testing, read_testing
from sketchfit.data.training import Training, read_training
from sketchfit.data.training_table import read_labelled_table
from sketchfit.data.unused import unused_files
from sketchfit.errors import DataError
from sketchfit.runs.state import RUN_FILES
from sketchfit.wording import counted, listed


def read_table(data: Path, settings: ReadSettings | None = None) -> Table:
    """Read and check all tables of a data set.

    `layouts` describes what is recognised, `labels` how classes are numbered. Rows keep their order. A test row is
    never dropped: one whose file is missing keeps its place and path, with a note (if all test files are missing, that
    is an error). Of training rows with the same image and label the first is kept, with a note.

    Args:
        data: a folder, or the path of a CSV, TSV or Parquet table.
        settings: how it is read; by default everything is recognised.

    Raises:
        UserError: all problems together.
    """
    data, settings = Path(data), settings or ReadSettings()
    if not data.exists():
        raise DataError(f"{data} does not exist", LAYOUTS)
    if data.is_file() and not is_table_name(data.name):
        raise DataError(f"{data} is neither a folder nor a table ({', '.join(TABLE_SUFFIXES)})", LAYOUTS)
    if all((data / name).is_file() for name in RUN_FILES):
        raise DataError(f"{data} is the folder of a run, not a data set", "Give the folder that the run was made on.")
    source = DataSource(Listing(data if data.is_dir() else data.parent, settings.follow_links), settings)
    layout = find_layout(data, source)
    labelled = read_labelled_table(layout, "train") if layout.parts["train"].tables else None
    training = read_training(layout, labelled)
    testing = read_testing(layout, labelled)
    submission = _read_submission(layout, testing, training)
    _check(training, testing, source)
    source.problems.stop()
    assert training is not None  # otherwise there was a problem
    assert testing is not None
    used = {*training.split.paths, *testing.split.paths, *source.tables}
    return Table(
        root=source.root,
        train=training.split,
        test=testing.split,
        label=training.classes.label,
        class_names=training.classes.names,
        class_labels=training.classes.labels,
        submission=submission,
        columns=training.columns,
        notes=(*layout.notes, *source.problems.notes),
        unused=unused_files(source.listing, used, everywhere=data.is_dir()),
        layout=(*training.lines, *testing.lines, *_sample_line(layout, submission)),
        test_columns=testing.columns,
    )


def _read_submission(layout: Layout, testing: Testing | None, training: Training | None) -> Submission | None:
    source, sample = layout.found.source, layout.found.sample
    sheet = None if sample is None else source.sheet(sample)
    if sheet is None or testing is None:
        return None
    known = None if training is None else training.known
    return read_sample(sheet, testing, known, source.settings.names.image_column, source.problems)


def _sample_line(layout: Layout, submission: Submission | None) -> tuple[str, ...]:
    if submission is None or layout.found.sample is None:
        return ()
    name = layout.found.source.name(layout.found.sample)
    return (f"sample submission: {name}: {counted(len(submission.rows), 'row')}",)


def _check(training: Training | None, testing: Testing | None, source: DataSource) -> None:
    problems = source.problems
    if training:
        _check_classes(training.classes, source.settings.folds, problems)
    if training and testing:
        _note_shared(training.split, testing.split, source)
        problems.notes.extend(without_decoder([*training.split.paths, *testing.split.paths]))
        check_unicode([*training.split.paths, *training.classes.names, *testing.split.paths], problems)


def _check_classes(classes: Classes, folds: int | None, problems: TableProblems) -> None:
    if len(classes.names) < 2:
        named = listed([repr(name) for name in classes.names]) or "none"
        problems.add(f"at least two classes are needed; there is {named}")
    same = [name for name, count in Counter(classes.names).items() if count > 1]
    if same:
        problems.add(f"different classes have the same name: {listed([repr(name) for name in same])}")
    counts = np.bincount(classes.label, minlength=len(classes.names))
    few = [f"{name!r} ({count})" for name, count in zip(classes.names, counts, strict=True) if 0 < count < (folds or 0)]
    none = [repr(name) for name, count in zip(classes.names, counts, strict=True) if count == 0]
    if none:
        problems.add(f"no image of these classes exists: {listed(none)}. Add images, or leave the classes out.")
    if few:
        problems.note(
            f"{len(few)} of {len(classes.names)} classes have fewer images than the {folds} folds: {listed(few)}. "
            "A class with one image is learnt and never validated; of the others some folds validate no image"
        )


def _note_shared(train: Split, test: Split, source: DataSource) -> None:
    known = set(map(source.listing.place, train.paths))
    shared = sorted((path for path in set(test.paths) if source.listing.place(path) in known), key=natural_key)
    if shared:
        images = counted(
            len(shared), "image is both a training and a test row", "images are both training and test rows"
        )
        source.problems.note(f"{images}: {listed(shared)}")
