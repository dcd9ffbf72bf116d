"""What changed, on the page: what it says in each case, and that list and map light each other in a real browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pages_samples import drawn_levels, hostile_findings, sample_findings
from playwright.sync_api import Browser, Page, expect, sync_playwright
from test_flowchart_difference import MAIN, tickets

from mining.findings import Changed, Findings
from mining.flowchart import draw_difference, path_id
from mining.pages.index_page import write_site
from mining.pages.night_page import write_night

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Words(HTMLParser):
    """The text of the section on what changed."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.words: list[str] = []
        found = re.search(r'<section class="card" id="changed".*?</section>', page.read_text(), re.S)
        self.feed(found[0] if found else "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())


def written(folder: Path, changed: Changed | None, findings: Findings | None = None) -> str:
    difference = draw_difference(changed, MAIN, "Tickets") if changed and changed.any else None
    found = replace(findings or sample_findings(), changed=changed)
    return Words(write_night(found, (), [], folder, difference)).text


def test_it_says_which_cases_are_compared_and_what_changed(tmp_path: Path) -> None:
    text = written(tmp_path, tickets())
    assert (
        "Cases that began 25 Mar 2024 – 21 Apr 2024 (100), beside those that began 1 Jan 2024 – 24 Mar 2024 (300)."
        in text
    )
    assert "Each case is followed for its first 18 d" in text
    assert "Enter to → Check" not in text
    assert "▲ 7.7 d avg wait 2.0 → 9.7 d 100 % of the cases · + 7.7 d a case" in text.replace("+7.7", "+ 7.7")
    assert "▼ 25 h avg wait 30 → 5 h" in text
    assert "Ask 0 → 60" in text and "Finished within 18 d 95 → 80" in text
    assert "Nothing changed" not in text


def test_it_says_when_nothing_changed_and_why_nothing_is_compared(tmp_path: Path) -> None:
    same = replace(tickets(), finished_changed=False, steps=(), paths=())
    steady = written(tmp_path, same)
    assert "Nothing changed that can be told from chance." in steady and "▲" not in steady
    assert written(tmp_path, Changed(note="Too few cases have begun.")) == "What changed? Too few cases have begun."
    assert written(tmp_path, None) == "", "a night from before it was told"


def test_names_are_only_ever_text(tmp_path: Path) -> None:
    hostile = hostile_findings()
    names = [activity.name for activity in hostile.graph.activities]
    path = replace(tickets().paths[0], source=names[0], target=names[1])
    page = write_night(replace(hostile, changed=replace(tickets(), paths=(path,))), (), [], tmp_path)
    assert "<script>alert" not in page.read_text() and "&lt;script&gt;alert" in page.read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nights = tmp_path_factory.mktemp("nights")
    findings = replace(sample_findings(), changed=tickets())
    folder = nights / "orders" / findings.night
    write_night(findings, drawn_levels(findings), [], folder, draw_difference(tickets(), MAIN, "Tickets"))
    (nights / "orders" / "nights.js").write_text("")
    write_site(nights)
    return folder / "index.html"


def opened(browser: Browser, place: Path, width: int, complaints: list[str]) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(place.as_uri())
    return page


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_list_and_map_light_each_other(browser: Browser, place: Path) -> None:
    complaints: list[str] = []
    page = opened(browser, place, 1400, complaints)
    part, wanted = page.locator("#changed"), path_id("Enter", "Check")
    part.locator(".changes > li").first.focus()
    expect(part.locator("svg .edge.lit")).to_have_id(f"c0-{wanted}")
    expect(part.locator("[data-hint]")).to_contain_text("slower, average wait 2.0 → 9.7 d")
    assert page.locator("#map .lit").count() == 0, "the other map stays as it is"
    part.locator(f"#c0-{wanted} text").first.hover()
    expect(part.locator(".changes > li.lit")).to_have_count(1)
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids))
    assert complaints == []
    page.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_it_fits_a_phone(browser: Browser, place: Path) -> None:
    complaints: list[str] = []
    page = opened(browser, place, 390, complaints)
    for details in page.locator("#changed details").all():
        details.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    legend = page.evaluate(
        "[...document.querySelectorAll('#changed .legend *')].map(o => o.getBoundingClientRect().right)"
    )
    assert max(legend) <= 390
    assert complaints == []
    page.close()
