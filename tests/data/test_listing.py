"""Names and paths: their order, and that none leaves the data root."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sketchfit.data.images import is_image_name
from sketchfit.data.path_text import PathError, clean_path, natural_key


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_natural_order_is_numeric(numbers: list[int]) -> None:
    names = [f"sketch_{number}.JPEG" for number in numbers]
    assert sorted(names, key=natural_key) == [f"sketch_{number}.JPEG" for number in sorted(numbers)]


@given(st.lists(st.text(max_size=6)))
def test_natural_key_orders_any_text(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)


@given(st.text("ab./\\:C", max_size=12))
def test_clean_paths_stay_below(text: str) -> None:
    try:
        path = clean_path(text)
    except PathError:
        return
    base = Path("/root/data").resolve()
    assert Path(f"{base}/{path}").resolve().is_relative_to(base)
    assert path == clean_path(path)
    assert not path.startswith("/")


def test_image_names() -> None:
    for name in ("a.JPEG", "a/b.png", "a\\b.TIF", "sketch.1.webp"):
        assert is_image_name(name)
    for name in ("._a.JPEG", "a/._b.png", ".DS_Store", "Thumbs.db", "a.csv", "png", ".png"):
        assert not is_image_name(name)
