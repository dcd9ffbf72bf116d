"""The pages in a real browser: http and file, wide and narrow, light and dark, script or none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Thread

import pytest
from alert_samples import an_alert
from axe_playwright_python.sync_playwright import Axe
from morning_samples import sample_morning
from pages_samples import drawn_levels, empty_findings, hostile_findings, sample_findings
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from mining.findings import Findings
from mining.flowchart import path_id, step_id
from mining.languages import language, speaking
from mining.languages.editions import editions
from mining.pages.alerts_page import alerts_page
from mining.pages.charts import draw_charts
from mining.pages.failed_page import write_failed_night
from mining.pages.index_page import write_site
from mining.pages.night_page import Download, write_night
from mining.pages.summary import FINDINGS
from mining.pages.views import Left, View, Views
from mining.process import Process
from mining.register.life import Known, State
from mining.serve import server

pytestmark = pytest.mark.browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, PHONE = 1400, 390
ORDERS = "orders/2026-11-19/index.html"
PAGES = (
    "index.html",
    "orders/index.html",
    ORDERS,
    "orders/2026-11-21/index.html",
    "hostile/2026-11-20/index.html",
    "empty/2026-11-20/index.html",
    "index.zh.html",
    "orders/index.zh.html",
    "orders/2026-11-19/index.zh.html",
    "orders/2026-11-19/views/region-export/index.html",
)

VIEW = View("region", "export", 1_210)

ALERTS = (
    Known(
        an_alert(), State.OPEN, "2024-07-13", acknowledged_by="Mona", note="A new carrier.", snoozed_until="2024-08-01"
    ),
    Known(replace(an_alert(), alert="another"), State.RESOLVED, "2024-05-10"),
)

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on the PATH")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield running
        running.close()


def publish(root: Path, findings: Findings, views: Views | None = None) -> None:
    folder = root / findings.process / findings.night
    if views and views.current:
        folder = folder / "views" / views.current.folder
    for code in reversed(findings.languages):  # the files to take away are of the first
        with speaking(language(code)):
            publish_edition(folder, findings, views)


def publish_edition(folder: Path, findings: Findings, views: Views | None = None) -> None:
    maps = drawn_levels(findings) if findings.graph.activities else ()
    charts = draw_charts(findings.morning)
    offered = [Download("Map", "map.svg", "with its legend")]
    offered += [Download(f"{name}, SVG", f"{name}.svg", "") for name in charts]
    write_night(findings, maps, offered, folder, None, charts, views)
    for name, chart in charts.items():
        (folder / f"{name}.svg").write_text(chart.wide)
    (folder / "findings.json").write_bytes(FINDINGS.dump_json(findings))
    shown = next((one.chart.svg for one in maps if one.default), "<svg/>")
    (folder / "map.svg").write_text(shown)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nights = tmp_path_factory.mktemp("nights")
    for dated, languages in (("2026-11-18", ("en",)), ("2026-11-19", ("en", "zh"))):
        for current in (None, VIEW) if dated in ORDERS else (None,):
            findings = replace(sample_findings(), night=dated, morning=sample_morning(), languages=languages)
            publish(nights, findings, Views((VIEW,), (Left("region", 3),), current) if dated in ORDERS else None)
    publish(nights, replace(hostile_findings(), process="hostile"))
    publish(nights, replace(empty_findings(), process="empty"))
    columns = {"case": "a", "activity": "b", "completed": "c"}
    orders = {"process": "orders", "title": "Orders", "source": {"files": "*.csv"}, "columns": columns}
    failed = nights / "orders" / "2026-11-21"
    write_failed_night(Process.model_validate(orders), date(2026, 11, 21), "No data.", sample_findings().checks, failed)
    write_site(nights)
    files = editions((language("en"), language("zh")), "alerts")
    for spoken, file in files.items():
        with speaking(spoken):
            (nights / "orders" / file).write_text(alerts_page("orders", "Orders", ALERTS, "../", files, forms=True))
    return nights


@pytest.fixture(scope="module")
def site(root: Path) -> Iterator[str]:
    with server(root) as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.fixture
def opened(browser: Browser, site: str) -> Iterator[Open]:
    """Opens a page; whatever the browser complains of, then or later, fails the test."""
    complaints: list[str] = []
    contexts = []

    def _said(message: ConsoleMessage) -> None:
        complaints.append(f"console: {message.text}")

    def _failed(request: Request) -> None:
        complaints.append(f"request failed: {request.url}")

    def _open(path: str, *, width: int = WIDE, base: str = site, scheme: str = "light", script: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", _said)
        page.on("requestfailed", _failed)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
        page.goto(f"{base}/{path}")
        return page

    yield _open
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_a_page_is_clean_and_fits(opened: Open, root: Path, path: str, width: int) -> None:
    for base, scheme in ((None, "light"), (root.as_uri(), "dark")):
        page = opened(path, width=width, scheme=scheme, **({"base": base} if base else {}))
        for details in page.locator("details").all():
            details.locator("summary").click()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(245, 247, 249)" if scheme == "light" else "rgb(15, 21, 28)"
        )


@pytest.mark.parametrize(
    ("path", "width", "scheme"),
    [
        (ORDERS, WIDE, "light"),
        ("orders/2026-11-19/index.zh.html", PHONE, "dark"),
        ("orders/2026-11-19/views/region-export/index.html", PHONE, "light"),
        ("index.zh.html", WIDE, "dark"),
        ("orders/index.html", PHONE, "light"),
        ("orders/2026-11-21/index.html", PHONE, "dark"),
        ("hostile/2026-11-20/index.html", WIDE, "dark"),
        ("empty/2026-11-20/index.html", PHONE, "light"),
        ("orders/alerts.zh.html", PHONE, "dark"),
        ("orders/alerts.html", WIDE, "light"),
    ],
)
def test_nothing_keeps_people_from_reading_a_page(opened: Open, path: str, width: int, scheme: str) -> None:
    """Each kind of page, and each setting, once: axe takes its time, and does not judge colours inside pictures."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    options = {"runOnly": tags, "resultTypes": ["violations"], "preload": False}
    found = Axe().run(opened(path, width=width, scheme=scheme), options=options).response["violations"]
    assert [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]] == []


def test_ids_are_unique_on_the_whole_page(opened: Open) -> None:
    page = opened(ORDERS)
    page.get_by_role("slider", name="Activities").fill("0")
    page.get_by_role("slider", name="Activities").fill("1")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)")
    assert len(ids) == len(set(ids)) > 20


def test_the_level_is_chosen_by_keyboard(opened: Open) -> None:
    page = opened(ORDERS)
    slider = page.get_by_role("slider", name="Activities")
    assert page.locator(".level svg:visible").count() == 1
    said = page.locator("[data-say=activities]")
    expect(said).to_have_text("6 of 6")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(said).to_have_text("4 of 6")
    expect(slider).to_have_attribute("aria-valuetext", "4 of 6 activities")
    expect(page.locator("[data-say=paths]")).to_contain_text("of all moves")
    assert page.locator(".level svg:visible .act").count() == 4
    page.keyboard.press("ArrowRight")
    assert page.locator(".level svg:visible .act").count() == 6


@pytest.mark.parametrize(("width", "steps"), [(WIDE, 6), (PHONE, 4)])
@pytest.mark.parametrize("script", [True, False])
def test_each_screen_has_its_level_even_without_script(opened: Open, width: int, steps: int, script: bool) -> None:
    page = opened(ORDERS, width=width, script=script)
    assert page.locator(".level svg:visible .act").count() == steps
    assert page.locator(".controls").is_visible() == script
    assert page.locator("[data-hint]").is_visible() == script


def test_a_bottleneck_lights_its_path(opened: Open) -> None:
    page = opened(ORDERS)
    lit = page.locator(".level svg:visible .lit")
    wanted = path_id("Check credit", "Pick goods")
    page.locator(".bottlenecks > li").first.hover()
    expect(lit).to_have_count(1)
    assert str(lit.get_attribute("id")).endswith(wanted)
    expect(page.locator(".level svg:visible .act.near")).to_have_count(2)  # the two steps it joins stay bright
    expect(page.locator("[data-hint]")).to_contain_text("1,063 moves")
    page.locator("h2").first.hover()
    page.mouse.move(5, 5)
    expect(lit).to_have_count(0)
    page.locator(".bottlenecks > li").nth(1).focus()
    expect(lit).to_have_count(1)
    assert str(lit.get_attribute("id")).endswith(path_id("Pick goods", "Ship goods"))
    page.get_by_role("slider", name="Activities").fill("0")
    page.locator(".bottlenecks > li").nth(1).focus()
    page.locator(".bottlenecks > li").nth(1).hover()
    expect(page.locator("[data-hint]")).to_have_text("This path is not on the map at this level.")


def test_a_step_in_focus_lights_its_paths(opened: Open) -> None:
    page = opened(ORDERS)
    page.locator(f".level svg:visible [id$='{step_id('Ship goods')}'].act").focus()
    lit = page.locator(".level svg:visible .edge.lit")
    expect(lit).to_have_count(2)  # from Pick goods, to Send invoice
    expect(page.locator("[data-hint]")).to_contain_text("Ship goods: 1,048 of 1,170 cases")
    expect(page.locator(".bottlenecks > li.lit .name")).to_have_text("Pick goods → Ship goods")


def test_the_map_zooms_and_fits_again(opened: Open) -> None:
    page = opened(ORDERS, width=PHONE)

    def wide() -> float:
        return float(page.evaluate("document.querySelector('.chosen svg').getBoundingClientRect().width"))

    fitted = wide()
    page.get_by_role("button", name="Larger").click()
    assert wide() == pytest.approx(fitted * 1.25, abs=0.1)
    page.get_by_role("button", name="Smaller").click()
    page.get_by_role("button", name="Smaller").click()
    assert wide() == pytest.approx(fitted * 0.8, abs=0.1)
    page.get_by_role("button", name="Fit").click()
    assert wide() == pytest.approx(fitted, abs=0.1)


@pytest.mark.parametrize("over", ["http", "file"])
def test_nights_lead_to_each_other(opened: Open, root: Path, site: str, over: str) -> None:
    page = opened(ORDERS, base=site if over == "http" else root.as_uri())
    page.get_by_role("link", name="Earlier").click()
    page.wait_for_url("**/2026-11-18/index.html")
    assert not page.get_by_role("link", name="Earlier").is_visible()
    page.get_by_role("link", name="Later").click()
    page.get_by_role("link", name="Later").click()
    page.wait_for_url("**/2026-11-21/index.html")
    expect(page.locator(".banner")).to_contain_text("This night was not mined.")
    page.get_by_role("link", name="All processes").click()
    expect(page.locator("h1")).to_have_text("Processes")


@pytest.mark.parametrize("over", ["http", "file"])
def test_a_reader_stays_in_their_language(opened: Open, root: Path, site: str, over: str) -> None:
    page = opened("index.html", base=site if over == "http" else root.as_uri())
    page.get_by_role("link", name="中文").click()
    expect(page.locator("h1")).to_have_text("流程")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.locator("a[href='orders/index.zh.html']").click()
    page.get_by_role("link", name="2026年11月19日").click()
    page.wait_for_url("**/2026-11-19/index.zh.html")
    page.get_by_role("link", name="更晚").click()
    page.wait_for_url("**/2026-11-21/index.zh.html")
    page.get_by_role("link", name="更早").click()
    slider = page.get_by_role("slider", name="活动")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "6 个活动中的 4 个")
    page.locator(".bottlenecks > li").first.hover()
    expect(page.locator("[data-hint]")).to_contain_text("流转 1,063 次")
    page.get_by_role("link", name="更早").click()
    page.wait_for_url("**/2026-11-18/index.html")  # a night of before there was Chinese
    page.get_by_role("link", name="Later").click()
    page.wait_for_url("**/2026-11-19/index.html")
    page.get_by_role("link", name="中文").click()
    page.get_by_role("link", name="全部流程").click()
    page.wait_for_url("**/index.zh.html")


def test_a_file_is_downloaded(opened: Open) -> None:
    page = opened(ORDERS)
    with page.expect_download() as download:
        page.locator("#downloads a").first.click()
    assert download.value.suggested_filename == "map.svg"


def test_the_downloaded_map_can_be_opened_by_itself(opened: Open) -> None:
    page = opened("orders/2026-11-19/map.svg")
    assert page.locator("svg .act").count() == 6
    assert page.evaluate("getComputedStyle(document.querySelector('.act .box')).fill") == "rgb(255, 255, 255)"


@pytest.mark.parametrize(("width", "shown", "hidden"), [(WIDE, "desk", "phone"), (PHONE, "phone", "desk")])
def test_each_screen_has_its_charts(opened: Open, width: int, shown: str, hidden: str) -> None:
    page = opened("/orders/2026-11-19/", width=width)
    for part in ("trend", "cohorts", "workload", "spectrum"):
        drawn = page.locator(f"#{part} .at-{shown} svg")
        expect(drawn).to_be_visible()
        expect(page.locator(f"#{part} .at-{hidden}")).to_be_hidden()
        assert (
            drawn.evaluate("svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width") > 0.9
        )  # still read


def test_charts_are_dark_by_night(opened: Open) -> None:
    by_day, by_night = (opened("/orders/2026-11-19/", scheme=scheme) for scheme in ("light", "dark"))
    colour = "element => getComputedStyle(element).fill"
    for part in ("trend", "cohorts", "workload", "spectrum"):
        backs = [page.locator(f"#{part} .at-desk svg > rect").first.evaluate(colour) for page in (by_day, by_night)]
        assert backs == ["rgb(255, 255, 255)", "rgb(22, 30, 39)"]


def test_scripts_that_are_not_ours_do_not_run(browser: Browser, site: str) -> None:
    page = browser.new_page()
    page.goto(f"{site}/{ORDERS}")
    page.evaluate("""() => {
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.body.append(script);
    }""")
    assert page.evaluate("window.ran") is None
    page.close()
