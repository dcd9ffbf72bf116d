"""The map's two sliders in a real browser, from a file and under the page's own strict policy: by keyboard and by mouse."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pages_samples import drawn_levels, sample_findings
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from mining.flowchart import path_id, step_id
from mining.pages.index_page import write_site
from mining.pages.night_page import write_night

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
WIDE, PHONE = 1400, 390


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nights = tmp_path_factory.mktemp("nights")
    findings = sample_findings()
    write_night(findings, drawn_levels(findings), [], nights / "orders" / findings.night)
    (nights / "orders" / "nights.js").write_text("")
    write_site(nights)
    return nights / "orders" / findings.night / "index.html"


@pytest.fixture
def pages(browser: Browser, place: Path) -> Iterator[dict[int, Page]]:
    """The page at two widths; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    opened = {}
    for width in (WIDE, PHONE):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(place.as_uri())
        opened[width] = page
    yield opened
    for page in opened.values():
        page.close()
    assert complaints == []


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name)


def drawn(page: Page) -> tuple[int, int]:
    """How many steps and paths the reader sees."""
    seen = page.locator(".level svg:visible")
    return seen.locator(".act").count(), seen.locator(".edge").count()


def test_both_sliders_by_keyboard(pages: dict[int, Page]) -> None:
    page = pages[WIDE]
    activities, paths = slider(page, "Activities"), slider(page, "Paths")
    assert drawn(page) == (6, 10)
    expect(page.locator("[data-say=paths]")).to_have_text("10 paths · 99 % of all moves")
    paths.focus()
    page.keyboard.press("ArrowRight")
    assert drawn(page) == (6, 16)
    expect(page.locator("[data-say=paths]")).to_have_text("16 paths · 100 % of all moves")
    expect(paths).to_have_attribute("aria-valuetext", "16\u00a0paths · 100\u00a0% of all moves")
    activities.focus()
    page.keyboard.press("ArrowLeft")
    assert drawn(page) == (4, 12)
    expect(activities).to_have_attribute("aria-valuetext", "4 of 6 activities")
    expect(page.locator("[data-say=paths]")).to_contain_text("100 % of all moves")
    page.keyboard.press("ArrowRight")
    assert drawn(page) == (6, 16), "who wanted to see all paths still does"


def test_both_sliders_by_mouse(pages: dict[int, Page]) -> None:
    page = pages[WIDE]
    for name, at, wanted in (("Paths", 0.99, (6, 16)), ("Paths", 0.01, (6, 10)), ("Activities", 0.01, (4, 8))):
        box = slider(page, name).bounding_box()
        assert box
        page.mouse.click(box["x"] + at * box["width"], box["y"] + box["height"] / 2)
        assert drawn(page) == wanted


def test_nothing_overflows_on_a_phone_at_any_setting(pages: dict[int, Page]) -> None:
    page = pages[PHONE]
    assert drawn(page)[0] == 4
    for key in ("End", "Home"):
        slider(page, "Activities").press(key)
        slider(page, "Paths").press(key)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE
        legend = page.locator(".legend").bounding_box()
        assert legend and legend["x"] + legend["width"] <= PHONE
        wide = page.evaluate(
            "[...document.querySelectorAll('.legend *')].map(one => one.getBoundingClientRect().right)"
        )
        assert max(wide) <= PHONE, "the key to the map wraps"


def test_ids_stay_unique_however_many_maps_have_been_looked_at(pages: dict[int, Page]) -> None:
    page = pages[WIDE]
    for key in ("Home", "End"):
        slider(page, "Activities").press(key)
        for other in ("Home", "End"):
            slider(page, "Paths").press(other)
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids)) > 60


def test_arrow_keys_go_from_a_step_along_its_paths(pages: dict[int, Page]) -> None:
    page = pages[WIDE]
    slider(page, "Paths").press("End")
    focus = "document.activeElement.id.replace(/^m[0-9]+-/, '')"
    page.locator(f".level svg:visible [id$='{step_id('Pick goods')}'].act").focus()
    around = set()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
        around.add(page.evaluate(focus))
    assert path_id("Pick goods", "Ship goods") in around and len(around) == 5, "round and round"
    page.keyboard.press("ArrowLeft")
    while page.evaluate(focus) != path_id("Pick goods", "Ship goods"):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-hint]").first).to_contain_text("Pick goods → Ship goods: 1,045 moves")
    expect(page.locator(".bottlenecks > li.lit .name")).to_have_text("Pick goods → Ship goods")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focus) == step_id("Ship goods")


def test_without_a_script_the_map_and_its_coverage_stay(browser: Browser, place: Path) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": WIDE, "height": 900})
    page = context.new_page()
    page.goto(place.as_uri())
    assert drawn(page) == (6, 10)
    expect(page.locator(".coverage:visible")).to_have_text("6 of 6 activities; 10 paths · 99 % of all moves")
    assert not page.get_by_role("slider").all()
    context.close()


def test_the_slider_for_paths_has_as_many_stops_as_the_level_has_maps(browser: Browser, tmp_path: Path) -> None:
    findings = sample_findings()
    maps = [one for one in drawn_levels(findings) if one.phone or one.chart.activities_shown == 6]
    night = tmp_path / "orders" / "2026-11-20"
    write_night(findings, maps, [], night)
    write_site(tmp_path)
    page = browser.new_page()
    page.goto((night / "index.html").as_uri())
    paths = slider(page, "Paths")
    stops = []
    for key in ("Home", "End"):
        slider(page, "Activities").press(key)
        stops.append((paths.get_attribute("max"), paths.is_disabled()))
    assert stops == [("0", True), ("1", False)]
    page.close()


def test_on_paper_the_coverage_stands_below_the_map_that_was_chosen(pages: dict[int, Page]) -> None:
    page = pages[WIDE]
    slider(page, "Paths").press("End")
    assert not page.locator(".coverage").first.is_visible()
    page.emulate_media(media="print")
    expect(page.locator(".coverage:visible")).to_have_text("6 of 6 activities; 16 paths · 100 % of all moves")
    assert not page.locator(".controls").is_visible()


def test_a_process_with_one_map_has_nothing_to_slide(browser: Browser, tmp_path: Path) -> None:
    findings = sample_findings()
    only = next(one for one in drawn_levels(findings) if one.default)
    night = tmp_path / "orders" / "2026-11-20"
    write_night(findings, [replace(only, phone=True)], [], night)
    write_site(tmp_path)
    page = browser.new_page()
    page.goto((night / "index.html").as_uri())
    assert [slider(page, name).is_disabled() for name in ("Activities", "Paths")] == [True, True]
    page.close()
