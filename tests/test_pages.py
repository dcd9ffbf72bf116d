"""The pages as files: what they say, that nothing on them can run, and that writing them again changes nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from morning_samples import sample_morning
from pages_samples import (
    HOSTILE,
    DrawnMap,
    empty_findings,
    hostile_findings,
    sample_findings,
)

from mining.findings import Check, Findings, Interval, Severity, Variant
from mining.flowchart.labels import display_name
from mining.morning_findings import Headline, Tone
from mining.pages.failed_page import write_failed_night
from mining.pages.index_page import write_site
from mining.pages.night_map import LevelMap
from mining.pages.night_page import Chevron, Download, chevrons, write_night
from mining.pages.rendering import CONTENT_SECURITY_POLICY
from mining.pages.summary import FINDINGS
from mining.pages.wording import day, moment, percent, percent_range, score, share
from mining.process import Process

MAPS = (LevelMap(DrawnMap(4), default=False, phone=True), LevelMap(DrawnMap(6), default=True, phone=False))
DOWNLOADS = (
    Download("Map", "map.svg", "with its legend"),
    Download("Model", "model.bpmn", "for BPMN editors"),
    Download("Events", "steps.parquet", "every event"),
)
ORDERS = Process.model_validate(
    {
        "process": "orders",
        "title": "Order <handling>",
        "owner": {"name": "Order desk"},
        "source": {"files": "*.csv"},
        "columns": {"case": "a", "activity": "b", "completed": "c"},
    }
)


class Page(HTMLParser):
    """The tags, attributes and words of a page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.tags if found == tag]


def night(tmp_path: Path, findings: Findings, maps: tuple[LevelMap, ...] = MAPS) -> Page:
    return Page(write_night(findings, maps, DOWNLOADS, tmp_path))


def publish(root: Path, findings: Findings) -> None:
    folder = root / findings.process / findings.night
    write_night(findings, MAPS, DOWNLOADS, folder)
    (folder / "findings.json").write_bytes(FINDINGS.dump_json(findings))


def test_the_page_says_what_was_found(tmp_path: Path) -> None:
    text = night(tmp_path, sample_findings()).text
    assert "A case typically takes 17 d , and 9 of 10 are finished within 22 d ; 91 cases are open." in text
    assert "The largest share of the cycle time (46 %) passes between Check credit and Pick goods ." in text
    assert "8/10 data checks passed" in text
    assert "Within 18 d 56 % Half within 18 days" in text  # 604 of 1,079
    assert "7 older than 22 d" in text
    assert "35 other ways: 105 cases." in text  # 41 - 6 ways; 1170 - (842 + 73 + 61 + 39 + 31 + 19) cases
    assert "92 % of the finished cases run as the model says" in text  # 1077 of 1170
    assert "17 rows of 6,702, set aside" in text


def test_a_fixed_wait_is_shown_apart_with_its_reason(tmp_path: Path) -> None:
    text = night(tmp_path, sample_findings()).text
    assert "Not ranked Send invoice → Close order avg 14 d · 1,006 times · fixed wait of 14 d 71 % of the moves" in text


def test_bottlenecks_carry_their_numbers_and_signs(tmp_path: Path) -> None:
    text = night(tmp_path, sample_findings()).text
    assert "46 % of the cycle time (40–52 %) avg wait 1.9 d · half < 26 h · 1,063 times" in text
    assert "then 14 min of processing · 12 waiting now 31 % overtaken" in text
    assert "62 % in batches" in text
    assert "2 % overtaken" not in text.replace("62 %", "")  # too few to be worth a badge


def test_the_list_says_the_averages_of_the_map(tmp_path: Path) -> None:
    good = sample_findings()
    flows = tuple(replace(flow, winsorised_mean_s=flow.mean_s / 2) for flow in good.graph.flows)
    text = night(tmp_path, replace(good, graph=replace(good.graph, flows=flows))).text
    assert "avg wait 23 h · half < 26 h · 1,063 times" in text  # half of 1.9 d


def test_a_step_that_follows_itself_is_said_so(tmp_path: Path) -> None:
    good = sample_findings()
    worst = replace(good.bottlenecks[0], after="Pick goods")
    text = night(tmp_path, replace(good, bottlenecks=(worst,))).text
    assert "passes between one Pick goods and the next." in text.replace("next .", "next.")


def test_much_rework_is_folded(tmp_path: Path) -> None:
    good = sample_findings()
    text = night(tmp_path, replace(good, rework=good.rework * 6)).text
    assert "Show 4 more steps" in text


@pytest.mark.parametrize(
    "findings", [sample_findings(), hostile_findings(), empty_findings()], ids=["orders", "hostile", "empty"]
)
def test_nothing_on_a_page_needs_more_than_the_policy_allows(tmp_path: Path, findings: Findings) -> None:
    page = night(tmp_path, findings)
    policy = [meta["content"] for meta in page.every("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy == [CONTENT_SECURITY_POLICY]
    assert [script["src"] for script in page.every("script")] == [
        "../nights.js",
        "../../assets/page.js",
        "../../assets/map.js",
    ]
    assert not page.every("style") and not page.every("img")
    for _, attributes in page.tags:
        assert not {"style", "srcdoc"} & set(attributes)
        assert not any(key.startswith("on") for key in attributes)
        target = str(attributes.get("href") or attributes.get("src") or "")
        assert not re.match(r"(?!data:image/svg)[a-z]+:|//", target), target


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    page = night(tmp_path, hostile_findings())
    for hostile in HOSTILE:
        assert display_name(hostile) in page.text
    assert "\x00" not in (tmp_path / "index.html").read_text()
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_a_night_with_nothing_in_it_has_a_page(tmp_path: Path) -> None:
    text = night(tmp_path, empty_findings(), ()).text
    for said in ("No case has been seen yet.", "There is nothing to draw.", "No check ran.", "No case repeats a step."):
        assert said in text


def test_only_open_cases_have_no_typical_time(tmp_path: Path) -> None:
    good = sample_findings()
    kpis = replace(good.kpis, finished=0, open=1, median_cycle_s=None, p90_cycle_s=None, within_target=None)
    text = night(tmp_path, replace(good, kpis=kpis)).text
    assert "No case has finished yet; 1 case is open." in text
    assert "Typical time –" in text


def test_downloads_are_links_beside_the_page(tmp_path: Path) -> None:
    write_night(sample_findings(), MAPS, [Download("Odd", "javascript:alert(1) %.svg", "")], tmp_path)
    links = [link["href"] for link in Page(tmp_path / "index.html").every("a") if "download" in link]
    assert set(links) == {"javascript%3Aalert%281%29%20%25.svg"}


def test_the_default_and_the_phone_level_need_no_script(tmp_path: Path) -> None:
    levels = tuple(LevelMap(DrawnMap(k), default=k == 6, phone=k == 4) for k in (6, 2, 4))
    page = night(tmp_path, sample_findings(), levels)
    classes = [
        (tag, a["class"], a["data-shown"])
        for tag, a in page.tags
        if (a.get("class") or "").startswith("level") and "data-shown" in a
    ]
    assert classes == [("template", "level", "2"), ("div", "level phone", "4"), ("div", "level default", "6")]
    slider = next(entry for entry in page.every("input"))
    assert (slider["max"], slider["value"], slider["aria-valuetext"]) == ("2", "2", "6 of 6 activities")
    assert {svg["id"] for svg in page.every("svg") if "id" in svg} == {"m0-map", "m1-map", "m2-map"}


def test_chevrons_fold_repeats_and_long_ways() -> None:
    def of(*activities: str) -> list[Chevron]:
        return chevrons(Variant(activities, 1, 1.0, 0, None, None))

    assert of("a", "b", "b", "a") == [Chevron("a", 1), Chevron("b", 2), Chevron("a", 1)]
    assert of() == []
    long = of(*("a", "b") * 100_000)
    assert len(long) == 14
    assert sum(chevron.times for chevron in long) == 200_000
    assert long[11] == Chevron(None, 200_000 - 13)
    assert [chevron.activity for chevron in long[-2:]] == ["a", "b"]


def test_a_failed_night_says_so_and_lists_the_checks(tmp_path: Path) -> None:
    checks = (
        Check(
            "volume",
            "Enough <events>",
            Severity.CRITICAL,
            False,
            0,
            0,
            "None came. Look at the export.",
            ("day & night",),
        ),
    )
    page = Page(write_failed_night(ORDERS, date(2026, 11, 21), "No data came <b>.", checks, tmp_path))
    assert "This night was not mined." in page.text and "No data came <b>." in page.text
    assert "✕ failed Enough <events> None came. Look at the export. day & night" in page.text
    failed = json.loads((tmp_path / "failed.json").read_text())
    assert (failed["process"], failed["night"], failed["owner"]) == ("orders", "2026-11-21", "Order desk")


def test_the_site_lists_processes_and_nights(tmp_path: Path) -> None:
    for dated in ("2026-11-19", "2026-11-20"):
        publish(tmp_path, replace(sample_findings(), night=dated))
    publish(tmp_path, replace(empty_findings(), process="tickets", title="Tickets"))
    write_failed_night(ORDERS, date(2026, 11, 21), "No data came.", (), tmp_path / "orders" / "2026-11-21")
    (tmp_path / "orders" / "2026-11-22").mkdir()
    (tmp_path / "orders" / "2026-11-22" / "findings.json").write_text("{")
    (tmp_path / "orders" / ".2026-11-23").mkdir()

    index = Page(write_site(tmp_path))
    links = [link["href"] for link in index.every("a")]
    assert "orders/2026-11-20/index.html" in links  # the last good night, behind the title
    assert "The night of 22 Nov 2026 was not mined. Why? What this night found cannot be read." in index.text
    assert "Typical time 17 d · 9 of 10 within 22 d · 91 open , 7 of them older than that" in index.text
    nights = Page(tmp_path / "orders" / "index.html")
    assert [link["href"] for link in nights.every("a")][-4:] == [f"2026-11-{d}/index.html" for d in (22, 21, 20, 19)]
    assert "✕ not mined No data came." in nights.text
    assert (
        '"2026-11-19:en 2026-11-20:en 2026-11-21:en:zh 2026-11-22:en"'
        in (tmp_path / "orders" / "nights.js").read_text()
    )


def test_every_link_and_asset_leads_somewhere(tmp_path: Path) -> None:
    publish(tmp_path, sample_findings())
    write_failed_night(ORDERS, date(2026, 11, 21), "No data came.", (), tmp_path / "orders" / "2026-11-21")
    write_site(tmp_path)
    for file in tmp_path.rglob("*.html"):
        page = Page(file)
        for attributes in page.every("a") + page.every("link") + page.every("script"):
            target = attributes.get("href") or attributes.get("src") or "#content"
            if "download" in attributes or target.startswith("data:"):
                continue
            if target.startswith("#"):
                assert any(a.get("id") == target[1:] for _, a in page.tags), target
            else:
                assert (file.parent / target).is_file(), (file, target)


def test_writing_again_changes_no_byte_and_touches_no_file(tmp_path: Path) -> None:
    publish(tmp_path, hostile_findings())
    write_site(tmp_path)
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in tmp_path.rglob("*") if file.is_file()}
    write_night(hostile_findings(), MAPS, DOWNLOADS, tmp_path / "orders" / "2026-11-20")
    write_site(tmp_path)
    assert {
        file: (file.read_bytes(), file.stat().st_mtime_ns) for file in tmp_path.rglob("*") if file.is_file()
    } == before


def test_a_site_without_nights_says_so(tmp_path: Path) -> None:
    assert "No night has been mined yet." in Page(write_site(tmp_path / "nights")).text


def test_wording() -> None:
    assert [percent(p) for p in (None, 0, 0.003, 0.923, 0.998, 1)] == [
        "–",
        "0\u00a0%",
        "<\u00a01\u00a0%",
        "92\u00a0%",
        ">\u00a099\u00a0%",
        "100\u00a0%",
    ]
    assert share(3, 0) == "–" and share(None, 3) == "–" and share(3, 4) == "75\u00a0%"
    assert percent_range(Interval(0.301, 0.412)) == "30–41\u00a0%"
    assert percent_range(Interval(0.0, 0.004)) == "<\u00a01\u00a0%"
    assert percent_range(Interval(0.018, 0.0226)) == "1.8–2.3\u00a0%"
    assert [score(s) for s in (None, 1.0, 0.9999, 0.29)] == ["–", "1.00", "0.99", "0.29"]
    assert day("2013-06-05") == "5\u00a0Jun\u00a02013" and day("") == "–"
    assert moment("2013-06-15T22:05:00+00:00", "Europe/Berlin") == "16\u00a0Jun\u00a02013 00:05"


def test_where_the_data_end_nothing_is_compared(tmp_path: Path) -> None:
    ended = replace(sample_morning(), headline=Headline(Tone.ENDED, 3 * 3600.0, since="2026-11-02"), recent=None)
    text = night(tmp_path, replace(sample_findings(), morning=ended)).text
    assert "Since 2 Nov 2026 hardly any case has begun: the data seem to end there , so changes are not told." in text
    assert "the typical case took 3 h ." in text
    assert "was 2 d" not in text and "≈ as in" not in text


def test_a_steady_headline_does_not_hide_that_the_numbers_differ(tmp_path: Path) -> None:
    steady = replace(sample_morning(), headline=Headline(Tone.STEADY, 5 * 3600.0, before_s=2 * 3600.0))
    text = night(tmp_path, replace(sample_findings(), morning=steady)).text
    assert "The typical case shows no clear change : 5 h now, 2 h in the 12 weeks before" in text


def test_without_a_target_no_figure_is_kept_free_for_it(tmp_path: Path) -> None:
    findings = sample_findings()
    assert "Within 18 d" in night(tmp_path, findings).text
    none = replace(findings.kpis, target_s=None, target_name=None, within_target=None)
    text = night(tmp_path, replace(findings, kpis=none)).text
    assert "Within 18 d" not in text and "target" not in text


def test_of_few_cases_no_time_is_told(tmp_path: Path) -> None:
    """Four times are hardly typical of anything."""
    [first, second] = sample_findings().rework
    few = replace(sample_findings(), rework=(replace(first, cases=5), replace(second, cases=4)))
    text = night(tmp_path, few).text
    assert f"{first.activity} 5 7 % 93 20 d 17 d" in text
    assert f"{second.activity} 4 2 % 23 – 17 d" in text


def test_of_few_moves_no_range_is_told(tmp_path: Path) -> None:
    worst = next(one for one in sample_findings().bottlenecks if one.rank == 1)
    worst = replace(worst, share=0.46, share_interval=Interval(0.11, 0.83))
    ranges = []
    for n in (20, 19):
        page = night(tmp_path, replace(sample_findings(), bottlenecks=(replace(worst, n=n),)))
        ranges.append(
            (page.text.count("11–83 %"), len([line for line in page.every("line") if line.get("class") == "range"]))
        )
    assert ranges == [(2, 1), (0, 0)]  # beside the bar and in the table; drawn on the bar
