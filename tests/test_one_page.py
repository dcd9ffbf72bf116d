"""The night on one sheet: the words of the page are on it, once read back; names do no harm; the same bytes every time."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from morning_samples import sample_morning
from pages_samples import HOSTILE, hostile_findings, sample_findings
from pypdf import PdfReader

from mining.findings import Bottleneck, Changed, Findings
from mining.flowchart import draw, plain, scale_named
from mining.languages import language, speaking
from mining.morning_findings import Headline, Tone
from mining.pages.charts import draw_charts
from mining.pages.one_page import one_page


def sheet(findings: Findings) -> bytes:
    main = findings.variants[0].activities
    scale = scale_named("8h-7d")
    chart = draw(
        findings.graph, full=findings.graph, main=main, bottlenecks=findings.bottlenecks, scale=scale, title="T"
    )
    return one_page(findings, chart.svg, draw_charts(findings.morning))


@pytest.fixture(scope="module")
def findings() -> Findings:
    return replace(sample_findings(), morning=sample_morning())


@pytest.fixture(scope="module")
def printed(findings: Findings) -> bytes:
    return sheet(findings)


def text_of(pdf: bytes) -> str:
    [page] = PdfReader(BytesIO(pdf)).pages
    return " ".join(page.extract_text().replace("\u00a0", " ").split())


def test_it_is_one_sheet_of_a4_with_what_the_page_says(printed: bytes, findings: Findings) -> None:
    [page] = PdfReader(BytesIO(printed)).pages
    assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == [210, 297]
    text = text_of(printed)
    assert findings.title in text
    for said in ("Typical time", "Open now", "Needs attention", "Where does the time go?", "What changed?"):
        assert said in text
    worst = next(found for found in findings.bottlenecks if found.rank == 1)
    assert f"{worst.after} → {worst.step}" in text
    for activity in findings.graph.activities[:3]:  # on the map
        assert activity.name in text


def test_the_sheet_of_data_that_end_says_so_and_why_nothing_is_compared(findings: Findings) -> None:
    morning = sample_morning()
    ended = replace(morning, headline=Headline(Tone.ENDED, 3600.0, since="2026-11-02"), recent=None)
    note = "Hardly any case begins any more: the data seem to end, and what changed at their end is not told."
    said = text_of(sheet(replace(findings, morning=ended, changed=Changed(note=note))))
    assert "Since 2 Nov 2026 hardly any case has begun: the data seem to end there" in said
    assert note in said and "Nothing changed" not in said


def test_the_same_night_is_the_same_file(printed: bytes, findings: Findings) -> None:
    assert sheet(findings) == printed


def test_the_map_is_in_its_colours(printed: bytes, findings: Findings) -> None:
    """And no black box, as where a program does not know the colours of the style sheet."""
    picture = pypdfium2.PdfDocument(printed)[0].render(scale=1).to_pil().convert("L")
    dark = sum(picture.histogram()[:60]) / (picture.width * picture.height)
    assert dark < 0.15
    svg = plain('<svg class="map"><style>x</style></svg>')
    assert "var(" not in svg and "#7f1d16" in svg


def test_names_are_text(findings: Findings) -> None:
    hostile = hostile_findings()
    worst = replace(findings.bottlenecks[0], after='#panic("x") *b*', step="$x$ \\ <a> [")
    said = text_of(sheet(replace(hostile, title=HOSTILE[0], bottlenecks=(worst,))))
    assert '#panic("x") *b* → $x$ \\ <a> [' in said


def test_long_names_and_many_findings_stay_on_the_sheet(findings: Findings) -> None:
    long: tuple[Bottleneck, ...] = tuple(
        replace(found, after="A very long name of a step " * 12, rank=number)
        for number, found in enumerate(findings.bottlenecks * 3, 1)
    )
    assert len(PdfReader(BytesIO(sheet(replace(findings, bottlenecks=long)))).pages) == 1


def test_a_night_with_nothing_to_compare_has_one_too(findings: Findings) -> None:
    bare = replace(findings, morning=None, watch=None, changed=None)
    assert findings.title in text_of(sheet(bare))


@pytest.mark.skipif(not list(Path("/usr/share/fonts").rglob("*CJK*")), reason="no font with Chinese letters is here")
def test_chinese_can_be_read_back(findings: Findings) -> None:
    with speaking(language("zh")):
        assert "典型用时" in text_of(sheet(replace(findings, title="订单处理")))
