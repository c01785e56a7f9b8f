from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest

from sketchfit.config.audit import AuditSection
from sketchfit.reporting.audit import contact_sheets
from sketchfit.reporting.audit.contact_sheets import bytes_of, class_sheets, contact_sheet
from tests.auditing.audit_sets import jpeg, scribble


def test_a_sheet_holds_its_pictures_in_order() -> None:
    shades = [jpeg(np.full((30, 30), 20 * k, np.uint8), 100) for k in range(12)]
    shades[3] = b""
    made = contact_sheet(shades, list(range(12)), most=40, cell=16)
    assert (made.columns, made.omitted) == (10, 0)
    assert made.rows == (0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11)
    data = np.frombuffer(base64.b64decode(made.uri.split(",")[1]), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert image is not None
    assert image.shape == (32, 160)
    for index, row in enumerate(made.rows):
        top, left = index // 10 * 16, index % 10 * 16
        assert float(image[top + 4 : top + 12, left + 4 : left + 12].mean()) == pytest.approx(20 * row, abs=4)
    few = contact_sheet(shades, list(range(12)), most=3, cell=16)
    assert (few.rows, few.omitted) == ((0, 4, 8), 8)


def test_a_class_without_pictures_has_an_empty_sheet() -> None:
    made = contact_sheet([b"", b""], [0, 1], most=40, cell=16)
    assert (made.uri, made.rows, made.omitted) == ("", (), 0)


def test_a_sheet_is_no_larger_than_its_format_allows() -> None:
    made = contact_sheet([jpeg(np.full((30, 30), 120, np.uint8), 50)] * 900, list(range(900)), most=1000, cell=192)
    assert (len(made.rows), made.omitted) == (850, 50)
    assert made.rows[-1] > 890


def many_classes(count: int) -> Any:
    """What sheets need of an audit of so many classes of two images, whose names are not in the order of the index."""
    label = np.repeat(np.arange(count), 2)
    names = tuple(f"class {count - index:03d}" for index in range(count))
    table = SimpleNamespace(label=label, class_names=names, class_count=count)
    return cast(
        Any,
        SimpleNamespace(
            table=table,
            class_counts=np.bincount(label),
            thumbnails=[jpeg(scribble(1))] * len(label),
            paths=[f"train/{row}.png" for row in range(len(label))],
        ),
    )


def test_sheets_that_would_make_the_page_too_large_are_of_evenly_spaced_classes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    audit = many_classes(60)
    complete = class_sheets(audit, AuditSection())
    assert [one.name for one in complete] == sorted(audit.table.class_names)
    size = sum(bytes_of(one, audit.paths) for one in complete)
    monkeypatch.setattr(contact_sheets, "MOST_BYTES", size // 4)
    some = class_sheets(audit, AuditSection())
    assert 13 <= len(some) <= 15
    assert some == [one for one in complete if one in some]
    assert sum(bytes_of(one, audit.paths) for one in some) <= size // 4
    assert complete.index(some[-1]) > 50


def test_there_are_no_more_pictures_than_wanted_with_more_classes() -> None:
    sheets = class_sheets(many_classes(60), AuditSection(page_images=20))
    assert sum(len(one.sheet.rows) for one in sheets) == len(sheets) == 20
