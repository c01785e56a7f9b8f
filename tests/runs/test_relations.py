"""What is printed of relations."""

from __future__ import annotations

from sketchfit.runs.artefacts import GroupingFigures, KeyFigures, Relations


def key(name: str, related: bool = True) -> KeyFigures:
    return KeyFigures(
        name=name,
        origin="name",
        groups=40,
        smallest=2,
        median=5.0,
        largest=9,
        effect=0.3,
        z=20.0,
        p=1e-9,
        hit_rate=0.6,
        expected_hit_rate=0.2,
        related=related,
        crossing_pairs=1234,
    )


def test_related_keys_the_choice_and_its_reason_are_printed() -> None:
    keys = (*(key(f"key{number}") for number in range(7)), key("unrelated", related=False))
    lines = list(Relations(setting="auto", chosen="key0", reason="names show it", keys=keys).lines(most=5))
    text = "\n".join(lines)
    assert all(f"key{number}:" in text for number in range(5))
    assert "key5:" not in text
    assert "2 more" in text
    assert "unrelated" not in text
    assert "1,234" in text
    assert lines[-1].endswith("names show it")


def test_of_the_levels_of_clusters_only_the_chosen_one_is_printed() -> None:
    names = ("clusters of 4 rows", "clusters of 2 rows", "near_duplicate")
    groupings = tuple(GroupingFigures(name=name, groups=10, head_top1=0.5) for name in names)
    found = Relations(setting="auto", chosen="clusters of 2 rows", reason="", groupings=groupings)
    text = "\n".join(found.lines())
    assert "clusters of 2 rows" in text
    assert "near_duplicate" in text
    assert "clusters of 4 rows" not in text
