from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from sketchfit.reporting.audit.contact_sheets import contact_sheet
from tests.auditing.audit_sets import jpeg


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
