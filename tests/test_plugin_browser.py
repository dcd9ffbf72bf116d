"""The pages inside Airflow's UI, in Chromium under its login: nav, tabs, deep links, a stranger, and another site's frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import pytest
from airflow_site import DAG, SLOWER, Site, airflow_site
from playwright.sync_api import Browser, ConsoleMessage, FrameLocator, Page, Response, expect
from test_pages_browser import PHONE, WIDE, browser

pytestmark = [pytest.mark.airflow, pytest.mark.browser]
__all__ = ["browser"]  # the fixture
RUN = "manual__2026-11-20T02:30:00.5+00:00"
DEEP = "/plugin/processes/headrace/pages/orders/2026-11-19/index.html"
FRAMED = "iframe[src*='headrace']"

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with airflow_site(tmp_path_factory.mktemp("plugin_browser")) as running:
        running.run_of(DAG, "2026-11-18", RUN)
        yield running


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def opened(browser: Browser, site: Site, complaints: list[str]) -> Iterator[Open]:
    """Opens an address of Airflow as a user, or before the login; complaints of the browser fail the test."""
    contexts = []

    def _said(message: ConsoleMessage) -> None:
        airflows_own = "/ui/" in message.location.get("url", "")  # it asks before it has sent one to the login
        if message.type == "error" and not airflows_own:
            complaints.append(message.text)

    def _answered(answer: Response) -> None:
        if answer.status >= 400 and "/headrace/" in answer.url:
            complaints.append(f"{answer.status} {answer.url}")

    def _open(path: str, user: str | None, *, width: int = WIDE, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        contexts.append(context)
        if user:
            context.add_cookies([{"name": "_token", "value": site.token(user), "url": site.address}])
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", _said)
        page.on("response", _answered)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(site.address + path)
        return page

    yield _open
    for context in contexts:
        context.close()
    assert complaints == []


def log_in(page: Page, site: Site, user: str) -> None:
    page.locator("input[name=username]").fill(user)
    page.locator("input[name=password]").fill(site.passwords[user])
    page.get_by_role("button", name="Sign in").click()


def shown(page: Page) -> FrameLocator:
    return page.frame_locator(FRAMED)


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (PHONE, "dark")])
def test_a_link_in_a_mail_leads_through_the_login_to_its_night(
    opened: Open, site: Site, width: int, scheme: str
) -> None:
    page = opened(DEEP, None, width=width, scheme=scheme)
    log_in(page, site, "vera")
    expect(shown(page).locator("h1")).to_have_text("Order handling", timeout=30_000)
    assert page.url == site.address + DEEP
    page.reload()
    expect(shown(page).locator("h1")).to_have_text("Order handling", timeout=30_000)


def test_a_page_without_airflow_around_it_is_behind_the_same_login(opened: Open, site: Site) -> None:
    page = opened("/headrace/pages/orders/2026-11-19?from=mail", None)
    log_in(page, site, "vera")
    expect(page.locator("h1")).to_have_text("Order handling")
    assert page.url == f"{site.address}/headrace/pages/orders/2026-11-19/"


def test_the_nav_leads_to_the_processes_and_their_nights(opened: Open, site: Site) -> None:
    page = opened("/", "vera")
    page.get_by_role("link", name="Processes").click()
    inside = shown(page)
    expect(inside.locator("h1")).to_have_text("Processes")
    inside.get_by_role("link", name="orders").click()
    expect(inside.locator("h1")).to_have_text("Order handling")
    page.wait_for_url(f"**{DEEP}")
    slider = inside.get_by_role("slider", name="Activities")
    before = slider.get_attribute("aria-valuetext")
    slider.press("ArrowLeft")
    expect(slider).not_to_have_attribute("aria-valuetext", str(before))
    with page.expect_download() as download:
        inside.locator("#downloads a").first.click()
    assert download.value.suggested_filename == "map.svg"


def test_the_tab_of_the_dag_shows_its_newest_night(opened: Open) -> None:
    page = opened(f"/dags/{DAG}", "vera")
    page.get_by_role("link", name="Process", exact=True).click()
    inside = shown(page)
    expect(inside.locator(".banner")).to_contain_text("This night was not mined.")
    inside.get_by_role("link", name="Earlier").click()
    expect(inside.locator(".facts").first).to_contain_text("19 Nov 2026")


def test_the_tab_of_a_run_shows_its_night(opened: Open) -> None:
    page = opened(f"/dags/{DAG}/runs/{quote(RUN, safe='')}", "vera")
    page.get_by_role("link", name="Night", exact=True).click()
    expect(shown(page).locator(".facts").first).to_contain_text("18 Nov 2026")


def test_an_alert_is_acknowledged_on_the_tab_of_the_dag(opened: Open, site: Site) -> None:
    page = opened(f"/dags/{DAG}", "admin")
    page.get_by_role("link", name="Alerts", exact=True).click()
    card = shown(page).locator(f"#alert-{SLOWER}")
    card.get_by_label("What you know").fill("The carrier's lorry is broken.")
    card.get_by_role("button", name="Acknowledge").click()
    expect(card).to_contain_text("Acknowledged by admin: The carrier's lorry is broken.")
    card.get_by_label("Say nothing of it").fill("2026-12-01")
    card.get_by_role("button", name="Snooze").click()
    expect(card).to_contain_text("Quiet until the night of 1 Dec 2026")


def test_names_from_the_data_do_nothing_inside_airflow(opened: Open) -> None:
    page = opened("/plugin/processes/headrace/pages/hostile/2026-11-20/index.html", "vera")
    expect(shown(page).locator("h1")).to_have_text("<script>alert('x')</script>")


def test_the_stranger_sees_one_process_and_nothing_of_the_other(
    opened: Open, site: Site, complaints: list[str]
) -> None:
    page = opened("/plugin/processes", "stranger")
    inside = shown(page)
    expect(inside.locator(".processes > li")).to_have_count(1)
    assert "rder" not in inside.locator("body").inner_text()
    for path in (DEEP, f"/plugin/processes/headrace/dag/{DAG}"):
        page.goto(site.address + path)
        expect(inside.locator("h1")).to_have_text("Not yours to read")
        inside.get_by_role("link", name="All processes").click()
        expect(inside.locator("h1")).to_have_text("Processes")
    assert {"403" in complaint for complaint in complaints} == {True}  # and nothing else
    complaints.clear()


def test_another_site_cannot_show_a_page_as_its_own(
    opened: Open, site: Site, complaints: list[str], tmp_path: Path
) -> None:
    page = opened("/headrace/pages/orders/2026-11-19/", "vera")
    expect(page.locator("h1")).to_have_text("Order handling")
    (tmp_path / "index.html").write_text(f"<iframe src='{site.address}/headrace/pages/orders/2026-11-19/'></iframe>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path))) as other:
        Thread(target=other.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        page.goto(f"http://127.0.0.1:{other.server_port}/index.html")  # the same host: the browser sends the cookie
        page.wait_for_timeout(500)
        assert "Order" not in page.frames[1].content()
        other.shutdown()
    assert any("frame-ancestors" in complaint for complaint in complaints)
    complaints.clear()
