"""Changes of the network's input that stand for shifts."""

import numpy as np
import pytest

from sketchfit.claims.shifts import PictureShift, picture_shifts

SHIFTS = {one.name: one for one in picture_shifts()}


def drawing(side: int = 64, channels: int = 1, paper: int = 255, ink: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A cross of lines of four pixels, not symmetric."""
    picture = np.full((side, side, channels), paper, np.uint8)
    picture[10:50, 20:24] = ink
    picture[28:32, 12:40] = ink
    return picture, np.full(channels, paper, np.uint8)


def changed(shift: PictureShift, picture: np.ndarray, paper: np.ndarray, seed: int = 0) -> np.ndarray:
    return shift.change(picture, paper, np.random.Generator(np.random.Philox(key=seed)))


def ink(picture: np.ndarray) -> float:
    return float((255 - picture.astype(float)).sum())


@pytest.mark.parametrize("name", SHIFTS)
@pytest.mark.parametrize("channels", [1, 3])
def test_each_shift_changes_the_picture_repeatably_and_leaves_its_input(name: str, channels: int) -> None:
    picture, paper = drawing(channels=channels)
    before = picture.copy()
    first, second = changed(SHIFTS[name], picture, paper), changed(SHIFTS[name], picture, paper)
    assert first.shape == picture.shape
    assert first.dtype == np.uint8
    assert np.array_equal(first, second)
    assert np.array_equal(picture, before)
    assert not np.array_equal(first, before)


def test_names_are_unique_and_kinds_have_several_strengths() -> None:
    kinds = [one.kind for one in picture_shifts()]
    assert len(SHIFTS) == len(kinds)
    assert len(set(kinds)) >= 6
    assert "" not in kinds  # it marks the unchanged rows


def test_thicker_lines_have_more_ink_and_thinner_ones_less() -> None:
    picture, paper = drawing()
    found = [ink(changed(SHIFTS[n], picture, paper)) for n in ("thinner lines", "thicker lines", "much thicker lines")]
    assert found[0] < ink(picture) < found[1] < found[2]


def test_light_lines_on_dark_paper_become_thicker_as_well() -> None:
    picture, paper = drawing(paper=0, ink=255)
    assert changed(SHIFTS["thicker lines"], picture, paper).sum() > picture.sum()


def test_paler_ink_is_nearer_to_the_paper_by_a_fixed_share() -> None:
    picture, paper = drawing()
    found = changed(SHIFTS["paler ink"], picture, paper)
    assert set(np.unique(found)) == {153, 255}  # 40 % of the difference of 255 is left


def test_inversion_is_exact() -> None:
    picture, paper = drawing()
    assert np.array_equal(changed(SHIFTS["inversion"], picture, paper), 255 - picture)


def test_rotation_goes_both_ways_and_keeps_the_ink() -> None:
    picture, paper = drawing()
    found = [changed(SHIFTS["rotation by 25°"], picture, paper, seed) for seed in range(8)]
    assert len({one.tobytes() for one in found}) == 2
    assert ink(found[0]) == pytest.approx(ink(picture), rel=0.05)


def test_uneven_paper_darkens_paper_and_not_ink() -> None:
    picture, paper = drawing()
    found = changed(SHIFTS["very uneven paper"], picture, paper)
    assert found[picture == 255].mean() < 245
    assert found[picture == 255].min() >= 255 - 60
    assert (found[picture == 0] == 0).all()


def test_uneven_dark_paper_becomes_lighter() -> None:
    picture, paper = drawing(paper=0, ink=255)
    assert changed(SHIFTS["uneven paper"], picture, paper)[picture == 0].mean() > 2


def test_sizes_change_the_ink_by_the_square() -> None:
    picture, paper = drawing()
    small, large = (ink(changed(SHIFTS[name], picture, paper)) for name in ("smaller drawing", "larger drawing"))
    assert small / ink(picture) == pytest.approx(0.49, abs=0.05)
    assert large / ink(picture) == pytest.approx(1.35**2, abs=0.2)
