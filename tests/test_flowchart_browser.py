"""The map in a real browser: under a strict content-security policy, by day and by night, every text in its place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from test_flowchart import HOSTILE, activity, chart, flow, orders

from mining.findings import Graph
from mining.flowchart import MAP_CSS, step_id
from mining.flowchart.colours import DARK, LIGHT

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

POLICY = "default-src 'none'; style-src 'self'; script-src 'self'"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def opened(browser: Any, svg: str, scheme: str = "light") -> tuple[Any, list[str]]:
    page = browser.new_page(color_scheme=scheme)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("dialog", lambda dialog: complaints.append("dialog"))
    head = '<!doctype html><meta charset="utf-8"><title>Map</title><link rel="stylesheet" href="map.css">'
    html = f"{head}<body>{svg}</body>"
    page.route("**/map.css", lambda route: route.fulfill(body=MAP_CSS, content_type="text/css"))
    page.route(
        "**/page",
        lambda route: route.fulfill(
            body=html, headers={"Content-Security-Policy": POLICY, "Content-Type": "text/html"}
        ),
    )
    page.goto("http://map.test/page")
    return page, complaints


@pytest.mark.parametrize(("scheme", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_a_strict_page_shows_the_map_by_day_and_by_night(browser: Any, scheme: str, colours: dict[str, str]) -> None:
    page, complaints = opened(browser, chart(orders()).inline_svg("m-"), scheme)
    seen = {
        name: page.eval_on_selector(selector, f"one => getComputedStyle(one).{key}")
        for name, selector, key in (
            ("card", ".card", "fill"),
            ("ink", ".act .ink", "fill"),
            ("bar", ".bar", "fill"),
            ("wait3", ".edge.w3 .line", "stroke"),
            ("timer", ".edge.timer .head", "fill"),
        )
    }
    wanted = {name: "rgb({}, {}, {})".format(*bytes.fromhex(colours[name][1:])) for name in seen}
    assert seen == wanted
    assert complaints == []


def test_steps_can_be_reached_by_the_keyboard(browser: Any) -> None:
    page, _ = opened(browser, chart(orders()).inline_svg("m-"))
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert reached == [f"m-{step_id(name)}" for name in ("Enter", "Check", "Deliver", "Invoice", "Close")], (
        "from top to bottom"
    )


BOXES = """texts => texts.map(text => {
  const box = text.getBoundingClientRect();
  const step = text.closest('.act')?.querySelector('.box').getBoundingClientRect();
  return {text: text.textContent, box: [box.left, box.top, box.right, box.bottom],
          inside: !step || (box.left >= step.left && box.right <= step.right
                            && box.top >= step.top && box.bottom <= step.bottom)};
})"""


def test_texts_stand_in_their_boxes_and_not_on_each_other(browser: Any) -> None:
    page, _ = opened(browser, chart(orders()).inline_svg("m-"))
    texts = page.eval_on_selector_all("svg.map text", BOXES)
    assert len(texts) > 30
    assert [one["text"] for one in texts if not one["inside"]] == []
    assert [
        (one["text"], other["text"]) for one in texts for other in texts if one is not other and overlap(one, other)
    ] == []


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Letters have some air above and below: two pixels of it may be shared."""
    left, top, right, bottom = (
        max(a, b) if i < 2 else min(a, b) for i, (a, b) in enumerate(zip(one["box"], other["box"], strict=True))
    )
    return right - left > 0.5 and bottom - top > 2


def test_hostile_names_do_nothing(browser: Any) -> None:
    steps = tuple(activity(name, starts=0 if index else 100, ends=100) for index, name in enumerate(HOSTILE))
    flows = tuple(flow(a, b) for a, b in pairwise(HOSTILE))
    graph = Graph(100, 100, 0, 1000, 1000, steps, 10, flows)
    page, complaints = opened(browser, chart(graph, main=HOSTILE).inline_svg("m-"))
    assert complaints == []
    assert page.locator("script, iframe, b").count() == 0
    texts = page.eval_on_selector_all("svg.map .act text", BOXES)
    assert [one["text"] for one in texts if not one["inside"]] == []
