from __future__ import annotations

from sketchfit.reporting.kit.pareto import Plotted, pareto_chart, pareto_front
from sketchfit.reporting.scout_page import scout_page, short_names
from tests.stages.scout.made import make_figures, make_record


def make_scout(options):
    return make_record(options, data="/data/<drawings>/", reason="it is the <best>")


def test_the_front_has_no_point_that_another_one_beats():
    points = [Plotted("slow", 9, 0.5), Plotted("equal", 3, 0.4), Plotted("fast", 1, 0.4), Plotted("worse", 2, 0.3)]
    assert [one.name for one in pareto_front(points)] == ["fast", "slow"]
    assert pareto_front([]) == []


def test_a_chart_names_the_front_and_shows_all_points():
    chart = pareto_chart([Plotted("a", 1, 0.5), Plotted("b", 2, 0.4), Plotted("c", 30, 0.6)], "title", "minutes")
    assert chart is not None
    svg = str(chart.__html__())
    assert svg.count("<circle") == 3
    assert ">a</text>" in svg
    assert ">c</text>" in svg
    assert ">b</text>" not in svg
    assert "b: 40.0 %, 2" in svg
    assert pareto_chart([], "title", "minutes") is None


def test_names_that_would_cover_each_other_are_left_out():
    points = [Plotted(f"a long name {number}", 1 + number / 100, 0.5 + number / 1000) for number in range(20)]
    chart = pareto_chart([*points, Plotted("far", 100.0, 0.9)], "title", "minutes")
    assert chart is not None
    svg = str(chart.__html__())
    assert ">far</text>" in svg
    assert 1 <= sum(f">a long name {number}</text>" in svg for number in range(20)) < 20
    assert svg.count("a long name 7: ") == 1


def test_one_point_has_a_chart():
    assert pareto_chart([Plotted("a", 5.0, 1.0)], "title", "minutes") is not None


def test_the_page_lists_all_options_with_reasons():
    options = (
        make_figures("one at 64 px", tuned_top1=make_figures().bank_top1, tuned_epochs=1, sketch_top1=30.0),
        make_figures("two at 64 px", 0.4, backbone="test_vit"),
        make_figures("three at 64 px", None, train_seconds=None, ms_per_image=None, left_out="no time for <it>"),
    )
    page = scout_page(make_scout(options))
    assert "<title>Scout on &lt;drawings&gt;</title>" in page
    assert "no time for &lt;it&gt;" in page
    assert "It is the &lt;best&gt;." in page
    assert "after 1 epoch<" in page
    assert page.count('<td class="option"') == 3


def test_names_are_short_where_they_differ():
    options = [
        make_figures("a at 64 px", backbone="resnet18.a1_in1k"),
        make_figures("b at 64 px", backbone="resnet18.a2_in1k"),
        make_figures("c at 64 px", backbone="resnet34.a1_in1k"),
    ]
    assert list(short_names(options).values()) == ["a at 64 px", "b at 64 px", "resnet34 64"]
