"""The charts as SVG: named, safe, the same every time, by night in other colours; and what the page says beside them."""

from __future__ import annotations

import re
from dataclasses import replace
from gzip import compress
from pathlib import Path
from xml.etree import ElementTree

import pytest
from morning_samples import sample_morning
from pages_samples import HOSTILE, sample_findings

from mining.beside import beside
from mining.figures import figure_rows
from mining.morning_findings import Delta, Headline, Morning, Recent, Tone
from mining.pages.charts import CHART_CSS, Drawing, draw_charts
from mining.pages.charts.axes import DESK, PHONE
from mining.pages.charts.cohorts_chart import cohorts_chart
from mining.pages.charts.palette import COLOURS
from mining.pages.charts.spectrum_chart import spectrum_chart
from mining.pages.charts.trend_chart import trend_chart
from mining.pages.charts.workload_chart import workload_chart
from mining.pages.engine import engine_beside
from mining.pages.night_page import Download, cohort_ages, finished_by, write_night

NAMES = ("trend", "cohorts", "workload", "spectrum")


@pytest.fixture(scope="module")
def drawn() -> dict[str, Drawing]:
    return draw_charts(sample_morning())


@pytest.fixture(scope="module")
def hostile() -> Morning:
    """Every name from the data replaced by one that could do harm."""
    good = sample_morning()
    assert good.workload and good.spectrum
    loads = tuple(replace(load, resource=name) for load, name in zip(good.workload.loads, HOSTILE, strict=False))
    pairs = tuple(replace(pair, giver=HOSTILE[0], taker=HOSTILE[6]) for pair in good.workload.hand_overs)
    return replace(
        good,
        headline=Headline(Tone.SLOWER, 9.0, 3.0, None, HOSTILE[0], HOSTILE[6]),
        workload=replace(good.workload, loads=loads, hand_overs=pairs),
        spectrum=replace(good.spectrum, after=HOSTILE[0], step=HOSTILE[2]),
        open_cases=tuple(
            replace(case, case=name, last_activity=name, link=f'https://a.example/"><script>{number}')
            for number, (case, name) in enumerate(zip(good.open_cases, HOSTILE, strict=False))
        ),
    )


def every_svg(drawn: dict[str, Drawing]) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for chart in drawn.values() for svg in (chart.wide, chart.phone)]  # noqa: S314


def test_each_chart_is_there_at_both_widths(drawn: dict[str, Drawing]) -> None:
    assert tuple(drawn) == NAMES
    for svg in every_svg(drawn):
        assert svg.get("role") == "group"
        assert svg.get("aria-label")
    assert [int(ElementTree.fromstring(chart.phone).get("width", "0")) <= 336 for chart in drawn.values()] == [True] * 4  # noqa: S314


def test_the_same_morning_gives_the_same_bytes(drawn: dict[str, Drawing]) -> None:
    assert draw_charts(sample_morning()) == drawn


def test_the_engine_beside_draws_the_same_as_the_one_here(drawn: dict[str, Drawing]) -> None:
    with beside() as submit:
        assert draw_charts(sample_morning(), engine_beside(submit)) == drawn


def test_a_chart_that_cannot_be_drawn_is_told_and_the_next_one_drawn() -> None:
    good = {"data": {"values": [{"a": 1}]}, "mark": "point", "encoding": {"x": {"field": "a"}}}
    with beside() as submit:
        engine = engine_beside(submit)
        bad, after = engine({"mark": "unheard of"}), engine(good)
        with pytest.raises(ValueError, match="Vega-Lite to SVG conversion failed"):
            bad.result()
        assert after.result().startswith("<svg")


def test_every_chart_is_as_the_schema_wants_it() -> None:
    """Which is not tried whenever a page is drawn, for it takes longer than drawing."""
    morning = sample_morning()
    assert morning.trend and morning.curves and morning.workload and morning.spectrum
    for chart in (
        trend_chart(morning.trend, DESK),
        cohorts_chart(morning.curves, DESK),
        workload_chart(morning.workload, PHONE),
        spectrum_chart(morning.spectrum, PHONE),
    ):
        chart.to_dict(validate=True)


def test_nothing_in_them_needs_more_than_the_policy_allows(drawn: dict[str, Drawing]) -> None:
    for svg in every_svg(drawn):
        for element in svg.iter():
            assert element.tag.split("}")[1] not in ("script", "style", "foreignObject", "image", "a")
            assert not [name for name in element.attrib if name == "style" or name.startswith("on")]


def test_ids_of_the_page_are_used_once(drawn: dict[str, Drawing]) -> None:
    ids = [element.get("id") for svg in every_svg(drawn) for element in svg.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    used = {
        found
        for svg in every_svg(drawn)
        for e in svg.iter()
        for found in re.findall(r"url\(#(.*?)\)", e.get("clip-path", ""))
    }
    assert used <= set(ids)


def test_every_colour_has_another_by_night(drawn: dict[str, Drawing]) -> None:
    for svg in every_svg(drawn):
        for element in svg.iter():
            for what in ("fill", "stroke"):
                colour = element.get(what)
                if colour and colour not in ("none", "transparent"):
                    assert colour in COLOURS.values(), (what, colour)
                    assert f'.chart [{what}="{colour}"]' in CHART_CSS


def test_a_week_says_what_it_is(drawn: dict[str, Drawing]) -> None:
    labels = [e.get("aria-label") for e in ElementTree.fromstring(drawn["trend"].wide).iter() if e.get("role") == "img"]  # noqa: S314
    assert "Week from 7 Sep 2026: typical 2 d, 30 finished" in [str(label).replace("\u00a0", " ") for label in labels]


def test_hostile_names_are_text(hostile: Morning, tmp_path: Path) -> None:
    drawn = draw_charts(hostile)
    words = ["".join(svg.itertext()) for svg in every_svg(drawn)]
    assert any("<script>" in text for text in words)
    for chart in drawn.values():
        assert "<script" not in chart.wide + chart.phone
    page = write_night(replace(sample_findings(), morning=hostile), [], [], tmp_path, None, drawn).read_text()
    assert "<script>alert" not in page and "<img src=x" not in page
    assert 'href="https://a.example/&#34;&gt;&lt;script&gt;0"' in page


def test_all_of_them_are_light(drawn: dict[str, Drawing]) -> None:
    assert len(compress("".join(chart.inline for chart in drawn.values()).encode())) < 120_000


def test_nothing_measured_is_nothing_drawn(tmp_path: Path) -> None:
    empty = Morning(None, None, None, None, None, None, ())
    assert draw_charts(empty) == draw_charts(None) == {}
    assert figure_rows(empty) == {}
    page = write_night(replace(sample_findings(), morning=empty), [], [], tmp_path).read_text()
    assert "too few weeks with finished cases" in page
    assert "The log does not say who did the work." in page
    assert "No case is open." in page


def text_of(tmp_path: Path, morning: Morning) -> str:
    offered = [Download(name, name, "") for name in ("trend.svg", "trend.csv", "map.svg")]
    page = write_night(replace(sample_findings(), morning=morning), [], offered, tmp_path).read_text()
    return " ".join(re.sub(r"<[^>]*>", " ", page).replace("\u00a0", " ").split())


def test_the_page_opens_with_the_change_and_its_cause(tmp_path: Path) -> None:
    slower = Headline(Tone.SLOWER, 6 * 86400, 2 * 86400, "2026-10-05", "Check credit", "Pick goods")
    text = text_of(tmp_path, replace(sample_morning(), headline=slower))
    assert (
        "Cases take longer since 5 Oct 2026: typically 2 → 6 d . The main cause: the way from Check credit to Pick goods ."
        in text
    )


def test_a_number_of_the_last_weeks_is_coloured_only_if_told(tmp_path: Path) -> None:
    same = Delta(10.0, 11.0, changed=False)
    worse = Delta(0.5, 0.9, changed=True, good=False)
    recent = Recent("2026-10-24", "2026-11-20", same, same, worse, None, same, same)
    page = write_night(replace(sample_findings(), morning=replace(sample_morning(), recent=recent)), [], [], tmp_path)
    told = re.findall(r'class="note delta (\w*)">(.*?)<', page.read_text())
    assert [(kind, text.replace("\u00a0", " ")) for kind, text in told] == [
        ("bad", "▲ was 2 d before 5 Oct 2026"),  # as the headline says
        ("bad", "▼ was 90 % in the 12 weeks before"),
    ]


def test_a_layer_without_marks_is_no_picture_without_words() -> None:
    trend = sample_morning().trend
    assert trend is not None
    calm = replace(trend, weeks=tuple(replace(week, signal="") for week in trend.weeks))
    drawn = draw_charts(replace(sample_morning(), trend=calm))["trend"].inline
    assert 'role="img"' in drawn and "graphics-symbol" not in drawn


def test_the_table_behind_the_curves(tmp_path: Path) -> None:
    curves = sample_morning().curves
    assert curves is not None
    assert cohort_ages(curves) == [curves.horizon_s * part for part in (0.25, 0.5, 0.75, 1.0)]
    young = curves.months[-1]
    assert finished_by(young, 0.0) == young.shares[0]
    assert finished_by(young, curves.horizon_s) is None
    assert finished_by(curves.months[0], curves.horizon_s) == curves.months[0].shares[-1]


def test_tables_to_download() -> None:
    rows = figure_rows(sample_morning())
    assert set(rows) == {"trend", "cohorts", "workload", "handovers", "spectrum", "open-cases"}
    assert rows["trend"][-1]["phase_typical_s"] == 6 * 86400
    assert sum(row["steps"] for row in rows["workload"] if row["resource"] == "r-367723f430a4") == 30
