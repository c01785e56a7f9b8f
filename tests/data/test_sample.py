"""Forms of the sample submission: what is read, what is written byte by byte, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sketchfit.data.readers import read_table
from sketchfit.data.table import Table
from sketchfit.errors import UserError
from sketchfit.inference.submission_check import check_submission
from sketchfit.inference.submission_text import submission_form, submission_text
from tests.data.malformed import drawing

TEST = ("b1", "b2", "b10")
ANSWER = (2, 0, 1)
"""Class index of each test row."""


def make_data(root: Path, labels: tuple[str, ...], sample: str | bytes, names: tuple[str, ...] = ()) -> Path:
    """A data set with two images per class, three test images, and this sample."""
    (root / "images").mkdir(parents=True)
    rows = []
    for number, label in enumerate([*labels, *labels]):
        drawing(number).save(root / "images" / f"a{number}.png")
        rows.append({"image_path": f"a{number}.png", "target": label})
    frame = pd.DataFrame(rows)
    if names:
        frame["class_name"] = [*names, *names]
    frame.to_csv(root / "train.csv", index=False)
    for number, name in enumerate(TEST):
        drawing(100 + number).save(root / "images" / f"{name}.png")
    pd.DataFrame({"image_path": [f"{name}.png" for name in TEST], "width": [3, 2, 1]}).to_csv(
        root / "test.csv", index=False
    )
    (root / "sample_submission.csv").write_bytes(sample if isinstance(sample, bytes) else sample.encode())
    return root


def written(table: Table) -> bytes:
    """The submission for probabilities of 0.7 for the answer, 0.1875 and 0.1125 for the next classes."""
    classes = table.class_count
    prob = np.zeros((len(TEST), classes), dtype=np.float32)
    for row, answer in enumerate(ANSWER):
        for share, step in ((0.75, 0), (0.25, 1)):
            prob[row, (answer + step) % classes] += share
    return submission_text(table, prob).encode(submission_form(table).encoding)


WORDS = ("ant", "bee", "cat")
# name → (labels, names, sample, submission)
FORMS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str, str]] = {
    "label last": (WORDS, (), "id,label\nb1,ant\nb2,ant\nb10,bee\n", "id,label\nb1,cat\nb2,ant\nb10,bee\n"),
    "label first": (WORDS, (), "label,id\nant,b10\nant,b2\nant,b1\n", "label,id\nbee,b10\nant,b2\ncat,b1\n"),
    "with suffix": (
        WORDS,
        (),
        "id,label\nb1.png,ant\nb2.png,\nb10.png,\n",
        "id,label\nb1.png,cat\nb2.png,ant\nb10.png,bee\n",
    ),
    "other letter case": (
        WORDS,
        (),
        "Id,Label\nB1.PNG,\nB2.PNG,\nB10.PNG,\n",
        "Id,Label\nB1.PNG,cat\nB2.PNG,ant\nB10.PNG,bee\n",
    ),
    "other folder": (
        WORDS,
        (),
        "image,label\ntest/b1.png,\ntest/b2.png,\ntest/b10.png,\n",
        "image,label\ntest/b1.png,cat\ntest/b2.png,ant\ntest/b10.png,bee\n",
    ),
    "beside usage": (
        WORDS,
        (),
        "id,target,Usage\nb1,ant,Public\nb2,ant,Private\nb10,ant,Public\n",
        "id,target,Usage\nb1,cat,Public\nb2,ant,Private\nb10,bee,Public\n",
    ),
    "beside an index and a confidence": (
        WORDS,
        (),
        ",image_path,confidence,label\n0,b1.png,0.5,ant\n1,b2.png,0.5,ant\n2,b10.png,0.5,ant\n",
        ",image_path,confidence,label\n0,b1.png,0.75,cat\n1,b2.png,0.75,ant\n2,b10.png,0.75,bee\n",
    ),
    "beside a column of the test table": (
        WORDS,
        (),
        "id,width,kind\nb1,3,\nb2,2,\nb10,1,\n",
        "id,width,kind\nb1,3,cat\nb2,2,ant\nb10,1,bee\n",
    ),
    "column per class": (
        WORDS,
        (),
        "id,cat,ant,bee\nb1,0,0,0\nb2,0,0,0\nb10,0,0,0\n",
        "id,cat,ant,bee\nb1,0.75,0.25,0\nb2,0,0.75,0.25\nb10,0.25,0,0.75\n",
    ),
    "column per class by number": (
        ("0", "1", "2"),
        WORDS,
        "id,0,1,2\nb1,0.3,0.3,0.3\nb2,0,0,0\nb10,0,0,0\n",
        "id,0,1,2\nb1,0.25,0,0.75\nb2,0.75,0.25,0\nb10,0,0.75,0.25\n",
    ),
    "column per class by name of a numbered class": (
        ("0", "1", "2"),
        WORDS,
        "id,cat,bee,ant\nb1,0,0,0\nb2,0,0,0\nb10,0,0,0\n",
        "id,cat,bee,ant\nb1,0.75,0,0.25\nb2,0,0.25,0.75\nb10,0.25,0.75,0\n",
    ),
    "column per class with a prefix, beside usage": (
        ("0", "1", "2"),
        (),
        "id,p_2,p_0,p_1,Usage\nb1,0,0,0,x\nb2,0,0,0,x\nb10,0,0,0,y\n",
        "id,p_2,p_0,p_1,Usage\nb1,0.75,0.25,0,x\nb2,0,0.75,0.25,x\nb10,0.25,0,0.75,y\n",
    ),
    "names although the table has numbers": (
        ("3", "5", "7"),
        WORDS,
        "id,answer\nb1,ant\nb2,bee\nb10,ant\n",
        "id,answer\nb1,cat\nb2,ant\nb10,bee\n",
    ),
    "numbers and names": (
        ("3", "5", "7"),
        WORDS,
        "id,target,class_name\nb1,3,ant\nb2,3,ant\nb10,3,ant\n",
        "id,target,class_name\nb1,7,cat\nb2,3,ant\nb10,5,bee\n",
    ),
    "names by the column": (
        ("3", "5", "7"),
        WORDS,
        "id,class_name\nb1,\nb2,\nb10,\n",
        "id,class_name\nb1,cat\nb2,ant\nb10,bee\n",
    ),
    "zero-padded": (
        ("000", "007", "010"),
        (),
        "id,target\nb1,000\nb2,000\nb10,000\n",
        "id,target\nb1,010\nb2,000\nb10,007\n",
    ),
    "zero-padded, placeholder": (
        ("000", "007", "010"),
        (),
        "id,target\nb1,0\nb2,0\nb10,0\n",
        "id,target\nb1,010\nb2,000\nb10,007\n",
    ),
    "zero-padded, numbers in the sample": (
        ("000", "007", "010"),
        (),
        "id,target\nb1,0\nb2,7\nb10,0\n",
        "id,target\nb1,10\nb2,0\nb10,7\n",
    ),
    "decimal": (
        ("1.0", "2.0", "10.0"),
        (),
        "id,target\nb1,1.0\nb2,1.0\nb10,1.0\n",
        "id,target\nb1,10.0\nb2,1.0\nb10,2.0\n",
    ),
    "decimal, numbers in the sample": (
        ("0.0", "1.0", "2.0"),
        (),
        "id,target\nb1,0\nb2,0\nb10,0\n",
        "id,target\nb1,2\nb2,0\nb10,1\n",
    ),
    "numbers, decimal in the sample": (
        ("0", "1", "2"),
        (),
        "id,target\nb1,0.0\nb2,0.0\nb10,0.0\n",
        "id,target\nb1,2.0\nb2,0.0\nb10,1.0\n",
    ),
    "placeholder": (WORDS, (), "id,target\nb1,0\nb2,0\nb10,0\n", "id,target\nb1,cat\nb2,ant\nb10,bee\n"),
    "letter case of the sample": (
        WORDS,
        (),
        "id,target\nb1,ANT\nb2,ANT\nb10,BEE\n",
        "id,target\nb1,CAT\nb2,ANT\nb10,BEE\n",
    ),
    "negative": (("-1", "1", "3"), (), "id,target\nb1,1\nb2,1\nb10,1\n", "id,target\nb1,3\nb2,-1\nb10,1\n"),
    "semicolons": (WORDS, (), "id;label\nb1;ant\nb2;ant\nb10;ant\n", "id;label\nb1;cat\nb2;ant\nb10;bee\n"),
    "tabs": (WORDS, (), "id\tlabel\nb1\tant\nb2\tant\nb10\tant\n", "id\tlabel\nb1\tcat\nb2\tant\nb10\tbee\n"),
    "line ends of Windows": (
        WORDS,
        (),
        "id,label\r\nb1,ant\r\nb2,ant\r\nb10,ant\r\n",
        "id,label\r\nb1,cat\r\nb2,ant\r\nb10,bee\r\n",
    ),
    "blanks in the header": (
        WORDS,
        (),
        "Id , Label\nb1,ant\nb2,ant\nb10,ant\n",
        "Id , Label\nb1,cat\nb2,ant\nb10,bee\n",
    ),
    "no header": (WORDS, (), "b1.png,ant\nb2.png,ant\nb10.png,ant\n", "b1.png,cat\nb2.png,ant\nb10.png,bee\n"),
    "byte order mark": (
        WORDS,
        (),
        "\ufeffid,label\nb1,ant\nb2,ant\nb10,ant\n",
        "\ufeffid,label\nb1,cat\nb2,ant\nb10,bee\n",
    ),
    "numbers of rows": (WORDS, (), "ImageId,Label\n1,ant\n2,ant\n3,ant\n", "ImageId,Label\n1,cat\n2,ant\n3,bee\n"),
    "label next to a column per class": (
        WORDS,
        (),
        "id,label,ant,bee,cat\nb1,ant,0,0,0\nb2,ant,0,0,0\nb10,ant,0,0,0\n",
        "id,label,ant,bee,cat\nb1,cat,0.25,0,0.75\nb2,ant,0.75,0.25,0\nb10,bee,0,0.75,0.25\n",
    ),
    "several classes in each cell": (
        ("ant", "bee bug", "cat"),
        (),
        "key_id,word\nb1,ant bee_bug\nb2,ant bee_bug\nb10,ant bee_bug\n",
        "key_id,word\nb1,cat ant\nb2,ant bee_bug\nb10,bee_bug cat\n",
    ),
    "several classes in each cell, by bars": (
        WORDS,
        (),
        "id;label\nb1;ant|bee|cat\nb2;bee|ant|cat\nb10;cat|bee|ant\n",
        "id;label\nb1;cat|ant|bee\nb2;ant|bee|cat\nb10;bee|cat|ant\n",
    ),
    "everything in quotes": (
        WORDS,
        (),
        '"id","label"\r\n"b1","ant"\r\n"b2",""\r\n"b10","ant"\r\n',
        '"id","label"\r\n"b1","cat"\r\n"b2","ant"\r\n"b10","bee"\r\n',
    ),
    "names in quotes": (
        WORDS,
        (),
        '"id","label"\nb1,ant\nb2,ant\nb10,ant\n',
        "id,label\nb1,cat\nb2,ant\nb10,bee\n",
    ),
    "labels with line ends": (
        ("a\nb", "bee", "c\nd"),
        (),
        "id,label\nb1,bee\nb2,bee\nb10,bee\n",
        'id,label\nb1,"c\nd"\nb2,"a\nb"\nb10,bee\n',
    ),
    "quoted where necessary": (
        ("a,b", "c;d", 'say "hi"'),
        (),
        "id,label\nb1,c;d\nb2,c;d\nb10,c;d\n",
        'id,label\nb1,"say ""hi"""\nb2,"a,b"\nb10,c;d\n',
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_sample_decides_the_form(form: str, tmp_path: Path) -> None:
    labels, names, sample, expected = FORMS[form]
    table = read_table(make_data(tmp_path / "data", labels, sample, names))
    assert written(table) == expected.encode()
    path = tmp_path / "submission.csv"
    path.write_bytes(written(table))
    assert check_submission(path, table) == []
    last = expected.rstrip().splitlines()[-1]
    wrong = "".join(last.replace(cell, "zebra") for cell in re.split("[,;\t]", last) if not cell.startswith("b10"))
    path.write_bytes(expected.replace(last, wrong).encode())
    assert check_submission(path, table)


@pytest.mark.parametrize("labels", [("False", "True"), ("0", "1"), ("no", "yes")])
def test_a_fraction_is_the_probability_of_the_second_of_two_classes(labels: tuple[str, ...], tmp_path: Path) -> None:
    table = read_table(make_data(tmp_path / "data", labels, "id,target\nb1,0.5\nb2,0.5\nb10,0.5\n"))
    prob = np.array([[0.25, 0.75], [1, 0], [0.5, 0.5]], dtype=np.float32)
    assert submission_text(table, prob) == "id,target\nb1,0.75\nb2,0\nb10,0.5\n"
    assert any(repr(labels[1]) in note for note in table.notes)


@pytest.mark.parametrize(
    ("labels", "sample", "words"),
    [
        (WORDS, "id,target\nb1,3\nb2,17\nb10,250\n", "'17'"),
        (WORDS, "id,target\nb1,0.5\nb2,0.5\nb10,0.5\n", "probability"),
        (("cat", "dog"), "id,target\nb1,0.5\nb2,0.5\nb10,0.5\n", "probability"),
        (WORDS, "id,first,second\nb1,x,y\nb2,x,y\nb10,x,y\n", "'first', 'second'"),
        (WORDS, "id,ant,cat\nb1,0,0\nb2,0,0\nb10,0,0\n", "'bee'"),
        (WORDS, "id,Usage\nb1,x\nb2,x\nb10,x\n", "'Usage'"),
        (WORDS, "id,label\nx,ant\ny,ant\nz,ant\n", "'b1.png'"),
        (WORDS, "id,label\n7,ant\n5,ant\n6,ant\n", "no test row"),
        (WORDS, "id,label\nb1,ant\nb2,ant\n", "'b10.png'"),
        (WORDS, "label\nant\nant\nant\n", "'label'"),
        (WORDS, "id,label,label2\nb1,ant,ant\nb2,ant,ant\nb10,ant,ant\n", "'label', 'label2'"),
        (WORDS, "id,label,score\nb1,ant,0\nb1,bee,0\nb1,cat,0\nb2,ant,0\nb2,bee,0\nb10,ant,0\n", "'id'"),
        (WORDS, "image,label,score\nb1,ant,0\nb1,bee,0\nb2,ant,0\nb10,ant,0\n", "'b1' has 'ant', 'bee'"),
    ],
)
def test_a_sample_that_is_not_understood_is_refused(
    labels: tuple[str, ...], sample: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as caught:
        read_table(make_data(tmp_path / "data", labels, sample))
    assert any(words in problem for problem in caught.value.problems)
    assert all("sample_submission.csv" in problem for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("labels", "cell", "note"),
    [
        (("0.0", "1.0"), "0", "'0'"),
        (("0", "1"), "1.0", "'0.0'"),
        (("ant", "bee"), "ANT", "'ANT'"),
        (("0", "1"), "1", ""),
    ],
)
def test_another_style_of_labels_is_noted(labels: tuple[str, ...], cell: str, note: str, tmp_path: Path) -> None:
    sample = "id,target\n" + "".join(f"{name},{cell}\n" for name in TEST)
    notes = [one for one in read_table(make_data(tmp_path / "data", labels, sample)).notes if "another way" in one]
    assert len(notes) == bool(note)
    assert all(note in one and repr(labels[0]) in one for one in notes)


def test_placeholders_are_noted(tmp_path: Path) -> None:
    table = read_table(make_data(tmp_path / "data", WORDS, "id,target\nb1,0\nb2,0\nb10,0\n"))
    assert any("'0'" in note and "placeholder" in note for note in table.notes)


def test_labels_that_the_samples_encoding_lacks_are_written_in_utf8(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", ("사과", "bus"), "id,labél\nb1,\nb2,\nb10,\n".encode("latin-1"))
    table = read_table(data)
    assert table.class_labels == ("bus", "사과")
    prob = np.array([[0, 1], [1, 0], [0, 1]], dtype=np.float32)
    assert submission_text(table, prob) == "id,labél\nb1,사과\nb2,bus\nb10,사과\n"
    assert submission_form(table).encoding == "utf-8"


def test_columns_that_are_kept_are_noted(tmp_path: Path) -> None:
    table = read_table(
        make_data(tmp_path / "data", WORDS, "id,ant,bee,cat,other\nb1,0,0,0,1\nb2,0,0,0,1\nb10,0,0,0,1\n")
    )
    assert any("'other'" in note for note in table.notes)


def test_the_column_of_ids_is_named_where_nothing_matches(tmp_path: Path) -> None:
    labels = tuple(str(number) for number in range(12))
    sample = ",".join(("what", *labels)) + "\n" + "".join(f"{name}{',0' * 12}\n" for name in ("x", "y", "z"))
    with pytest.raises(UserError) as caught:
        read_table(make_data(tmp_path / "data", labels, sample))
    assert "'x'" in caught.value.problems[0]
