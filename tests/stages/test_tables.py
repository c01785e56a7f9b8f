import logging

import pytest

from sketchfit.stages.tables import print_table
from tests.factories import make_table


@pytest.mark.parametrize(("labels", "expected"), [((0, 0, 1, 1), "2"), ((0, 0, 0, 1), "1 to 3")])
def test_images_per_class_are_one_number_where_all_classes_have_equally_many(labels, expected, caplog):
    with caplog.at_level(logging.INFO):
        print_table(make_table(train={f"train/{row}.png": label for row, label in enumerate(labels)}))
    assert caplog.messages[0].endswith(f"; {expected} training images per class")
