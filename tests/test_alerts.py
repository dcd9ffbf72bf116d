"""What messages say, in each rendering: compared with the golden ones, and in the hands of programs that read them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from alert_samples import DAY, HARM, HOUR, an_alert, resolved, updated
from conftest import a_process
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt
from markdown_it.token import Token
from playwright.sync_api import Browser, sync_playwright

from mining.alerts import as_line, wording
from mining.alerts.blocks import Message
from mining.alerts.message import message_of, trial_message_of
from mining.alerts.rendering import as_html, as_markdown, as_text, inert, json_text
from mining.alerts.sentences import added_to_cycle_time, headline, why
from mining.findings import Alert, Decomposition, Improvement, Interval, Rise, Turn, Verdict, Watch
from mining.flowchart.labels import display_name
from mining.pages.attention import attention
from mining.register import Telling, Why

GOLDEN = Path(__file__).parent / "golden"
WRITE = "HEADRACE_WRITE_GOLDEN"  # set it to write what is now, then read the difference
NIGHT, PAGE = date(2024, 7, 13), "https://mill.example.com/nights/orders/2024-07-13/index.html"
LINKS = [PAGE, PAGE.replace("index.html", "night.pdf")]
ORDERS = a_process(title="Order handling", owner={"name": "Order desk"})
RENDERINGS = {"txt": as_text, "md": as_markdown, "html": as_html, "json": json_text}
A = an_alert()
GATE = "Step validate: The data did not pass the gate.\n- Every event has a readable time: 31 % have none; see `times`"


def opened(*alerts: Alert) -> list[Telling]:
    return [Telling(Why.OPENED, alert, alert.night, None) for alert in alerts]


def scenes() -> dict[str, Message]:
    no_step = {"step": None, "after": None}
    others = (
        an_alert(verdict=Verdict.MORE_REWORK, step="Check", after="Pick", change=0.09, interval=Interval(0.05, 0.14)),
        an_alert(verdict=Verdict.MIX_SHIFT, change=0.12, interval=Interval(-0.02, 0.3), **no_step),
        an_alert(verdict=Verdict.CONGESTION, segment={}, decomposition=None),
        an_alert(verdict=Verdict.SLOWER_STEP, segment={"region": "export", "channel": "web"}, **no_step),
        an_alert(verdict=Verdict.ABSENCE, segment={}, **no_step),
    )
    later = "2024-07-20"
    after = [
        Telling(Why.UPDATED, updated(A, later, change=0.61), "2024-07-13", A),
        Telling(Why.STILL_OPEN, updated(A, later), "2024-07-13", A),
        Telling(Why.RESOLVED, resolved(A, later), "2024-07-13", A),
        Telling(Why.RESOLVED, resolved(A, later, score=4.0), "2024-07-13", A),
        Telling(Why.REOPENED, updated(A, later), "2024-07-13", A),
        Telling(Why.WITHDRAWN, A, "2024-07-13", A),
    ]
    failed = an_alert(verdict=Verdict.DATA, since="2024-07-13", segment={}, decomposition=None, note=GATE, **no_step)
    hostile = an_alert(step=HARM, after=HARM, segment={HARM: HARM})
    return {
        "slower": message_of(ORDERS, NIGHT, opened(A), PAGE),
        "others": message_of(ORDERS, NIGHT, opened(*others), PAGE),
        "after": message_of(ORDERS, date(2024, 7, 20), after, PAGE),
        "failed": message_of(ORDERS, NIGHT, opened(failed), "/srv/headrace/nights/orders/2024-07-13/index.html"),
        "hostile": message_of(ORDERS, NIGHT, opened(hostile), PAGE),
        "trial": trial_message_of(ORDERS, NIGHT, PAGE),
    }


@pytest.mark.parametrize("kind", RENDERINGS)
@pytest.mark.parametrize("scene", scenes())
def test_a_message_reads_as_the_golden_one(scene: str, kind: str) -> None:
    message, golden = scenes()[scene], GOLDEN / f"{scene}.{kind}"
    shown = RENDERINGS[kind](message).strip() + "\n"
    if kind in ("txt", "md"):
        shown = f"Subject: {message.subject}\n\n{shown}"
    if WRITE in os.environ:
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")


def test_the_line_of_a_replay_has_the_fields_of_the_contract_in_their_order() -> None:
    assert json.dumps(as_line(replace(A, alert="2f6c")), ensure_ascii=False) == (
        '{"process": "orders", "alert": "2f6c", "event": "opened", "night": "2024-07-13", "verdict": "slower_step", '
        '"step": "Deliver", "after": "Ship goods", "segment": {"region": "export"}, "since": "2024-07-08", '
        '"change": 0.34, "interval": [0.21, 0.48], "share_of_cycle_time": 0.11, '
        '"text": "“Deliver” after “Ship goods” takes 34 % longer where region is “export” since 8 Jul 2024"}'
    )


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("event", Turn)
@pytest.mark.parametrize("step", ["Deliver", None])
def test_every_verdict_has_its_sentences_with_and_without_a_step(
    verdict: Verdict, event: Turn, step: str | None
) -> None:
    alert = an_alert(verdict=verdict, event=event, step=step, after=None, segment={}, decomposition=None)
    assert headline(alert)
    why = Why.RESOLVED if event == Turn.RESOLVED else Why.OPENED
    for rendering in RENDERINGS.values():
        shown = rendering(message_of(ORDERS, NIGHT, [Telling(why, alert, "2024-07-13", None)], PAGE))
        assert "None" not in shown
        assert "{" not in shown or rendering in (as_html, json_text)


def test_what_a_step_adds_to_the_cycle_time() -> None:
    # 4 d in all before, 0.5 d of it here; 40 % longer here: 0.2 d more, which is 5 % of what all had been
    parts = replace(A.decomposition, before_s=4 * DAY, now_s=4.2 * DAY) if A.decomposition else None
    alert = an_alert(change=0.4, share_of_cycle_time=0.7 / 4.2, decomposition=parts)
    assert added_to_cycle_time(alert) == pytest.approx(0.05)
    assert added_to_cycle_time(replace(alert, decomposition=None)) == pytest.approx(0.05)
    assert added_to_cycle_time(replace(alert, verdict=Verdict.MIX_SHIFT)) == 0.4


def test_an_end_after_which_it_is_still_slow_is_no_recovery() -> None:
    assert headline(resolved(A, "2024-07-20", score=0.99)) == (
        "“Deliver” after “Ship goods” is as fast as usual again where region is “export”"
    )
    assert headline(resolved(A, "2024-09-20", score=1.0)) == (
        "“Deliver” after “Ship goods” still takes 34 % longer where region is “export” than before 8 Jul 2024, "
        "which counts as usual from now on"
    )


def test_why_names_the_largest_part_first_and_leaves_out_the_small_ones() -> None:
    assert A.decomposition is not None
    parts = replace(A.decomposition, mix_s=-9 * HOUR, visits_s=0.1 * HOUR, duration_s=3 * HOUR)
    assert why(parts) == "−9 hours because more cases are of faster kinds, +3 hours because steps take longer"


def test_why_gives_no_direction_to_what_chance_may_have_made() -> None:
    assert A.decomposition is not None
    rest = "the rest cannot be told from the usual ups and downs"
    parts = replace(A.decomposition, mix_s=-4 * HOUR, duration_s=9 * HOUR, unsure=("mix", "visits"))
    assert why(parts) == f"+9 hours because steps take longer, {rest}"
    assert why(replace(parts, mix_s=0.0, visits_s=0.0)) == "+9 hours because steps take longer"
    assert why(replace(parts, unsure=("mix", "visits", "duration"))) == (
        "in the mean of all cases, no part of it can be told from the usual ups and downs"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (45, "45 seconds"),
        (90, "1.5 minutes"),
        (3599, "1 hour"),
        (2 * HOUR, "2 hours"),
        (3.84 * HOUR, "3.8 hours"),
        (11.25 * HOUR, "11 hours"),
        (36 * HOUR, "1.5 days"),
        (4 * DAY, "4 days"),
        (1234.5 * DAY, "1,234 days"),
        (-3.84 * HOUR, "3.8 hours"),
    ],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert wording.length(seconds) == text


def test_changes_and_their_ranges() -> None:
    assert wording.change_range(0.342, Interval(0.21, 0.478)) == "+34 % (21 to 48 %)"
    assert wording.change_range(0.12, Interval(-0.02, 0.3)) == "+12 % (−2 to +30 %)"
    assert wording.change_range(12.3, Interval(9, 15)) == "+1,230 % (900 to 1,500 %)"
    assert wording.change(-0.12) == "−12 %"
    assert wording.percent(0.004) == "less than 1 %"
    assert wording.length_range(5 * HOUR, 14 * HOUR, 9 * HOUR) == "5 to 14 hours"
    assert wording.length_range(-2 * HOUR, 3 * DAY, 2 * DAY) == "−0.1 to +3 days"
    assert wording.length_range(5 * HOUR, 36 * HOUR, 20 * HOUR) == "5 to 36 hours"
    assert wording.pair(10.83 * DAY, 11.66 * DAY) == ("10.8 days", "11.7 days")
    assert wording.pair(0.5 * HOUR, 2 * HOUR) == ("0.5 hours", "2.0 hours")
    assert wording.signed_length(-1800) == "−30 minutes"


def test_a_long_reason_is_cut_for_a_message() -> None:
    note = "Step pull: " + "x" * 5000 + "\n" + "\n".join(f"line {number}" for number in range(50))
    failed = an_alert(verdict=Verdict.DATA, step=None, after=None, segment={}, decomposition=None, note=note)
    shown = as_text(message_of(ORDERS, NIGHT, opened(failed), PAGE))
    assert len(shown) < 2000
    assert "line 8" in shown
    assert "line 9" not in shown


def spans(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from spans(token.children or [])


NAMES = st.text(
    st.sampled_from(list("ab1 .-#+=>*_`[]()<>&|~!\\@:/\"'{}\n\r\t\u202e\x00“”é中")), min_size=1, max_size=24
)


@settings(max_examples=150, deadline=None)
@example(step="&lt;b&gt; &amp;", after="# 1. - + =", segment={"https://x.example": "![x](y)"})
@given(step=NAMES, after=NAMES, segment=st.dictionaries(NAMES, NAMES, max_size=2))
def test_names_can_do_nothing_in_any_rendering(step: str, after: str, segment: dict[str, str]) -> None:
    alert = an_alert(step=step, after=after, segment=segment)
    message = message_of(ORDERS, NIGHT, opened(alert), PAGE)
    assert "\n" not in message.subject
    shown = [inert(display_name(name)) for name in (step, after, *segment, *segment.values())]

    text = as_text(message)
    assert len(text.splitlines()) == len(as_text(scenes()["slower"]).splitlines())
    assert all(name in text for name in shown)

    tokens = list(spans(MarkdownIt("gfm-like", {"linkify": False}).parse(as_markdown(message))))
    plain = "".join(token.content if token.type in ("text", "text_special") else "" for token in tokens)
    assert all("".join(name.split()) in "".join(plain.split()) for name in shown)
    assert [token.attrs["href"] for token in tokens if token.type == "link_open"] == LINKS
    kinds = {token.type for token in tokens}
    assert kinds <= {
        *("inline", "text", "text_special", "softbreak", "strong_open", "strong_close", "link_open", "link_close"),
        *(f"{block}_{end}" for block in ("paragraph", "bullet_list", "list_item") for end in ("open", "close")),
    }

    page = html.fromstring(as_html(message))
    assert {element.tag for element in page.iter()} == {
        element.tag for element in html.fromstring(as_html(scenes()["slower"])).iter()
    }
    told = "".join(page.itertext()).replace("\u00a0", " ")
    assert all(name in told for name in shown)
    assert page.xpath("//@href") == LINKS

    assert json.loads(json_text(message))["alerts"][0]["step"] == step


@pytest.mark.parametrize(
    "live", ["@everyone", "<!channel>", "<@U123>", "http://x.example", "www.x.example", "me@x.example"]
)
def test_what_chats_make_links_and_mentions_of_is_broken_up(live: str) -> None:
    broken = inert(f"a {live} b")
    assert live not in broken
    assert broken.replace("\u200b", "") == f"a {live} b"


def test_a_mail_loads_nothing_and_carries_its_styles() -> None:
    for message in scenes().values():
        page = html.fromstring(as_html(message))
        assert not page.xpath("//script | //img | //link | //iframe | //@src | //@onclick | //@onload")
        assert "url(" not in as_html(message)
        assert "@import" not in as_html(message)
        for element in page.xpath("//body//*[self::p or self::h1 or self::th or self::td[@class]]"):
            assert "font-size" in element.get("style") or "border" in element.get("style")


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on the PATH")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


CONTRAST = """() => {
  const light = text => text.match(/[\\d.]+/g).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => { for (let e = element; e; e = e.parentElement) {
    const colour = getComputedStyle(e).backgroundColor;
    if (!colour.endsWith(", 0)")) return colour; } };
  return Math.min(...[...document.querySelectorAll("p, h1, th, td.value, a, span")].map(element => {
    const [one, other] = [light(getComputedStyle(element).color), light(behind(element))];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05); }));
}"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [900, 390])
def test_a_mail_fits_its_reader_and_can_be_read(browser: Browser, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    for message in scenes().values():
        page.set_content(as_html(message))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CONTRAST) >= 4.5
    context.close()
    assert asked == []


def test_what_became_quicker_or_has_grown_slowly_is_a_calm_line_of_the_page() -> None:
    """30 h of the 100 h after which a case is over now; at 25 % less, they were 40 h."""
    parts = Decomposition(110 * HOUR, 100 * HOUR, 0.0, 0.0, -10 * HOUR, Interval(-12 * HOUR, -8 * HOUR), 500)
    better = Improvement("Pay", "Send <b>", "2024-06-29", "2024-07-05", -0.25, Interval(-0.3, -0.2), 0.3, 4.7, parts)
    rise = Rise("Pick", "Order", {"region": "south"}, "2024-02-01", "2024-03-27", 0.4, Interval(0.2, 0.6), 3 * HOUR)
    shown = attention(Watch((), (), 0, 365, (better,), (rise,)), owner=None, headline=None)
    text = "“Pick” after “Order” takes 40 % longer where region is “south” than from 1 Feb 2024 to 27 Mar 2024"
    assert shown.risen == (f"{text}, about 3 hours more per case",)
    assert shown.quicker == (
        "“Pay” after “Send <b>” takes 25 % less time since 29 Jun 2024, about 10 hours less per case",
    )
    assert shown.notices == ()
