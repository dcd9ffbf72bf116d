"""What needs attention: said once, and never against what the page says elsewhere."""

from __future__ import annotations

from dataclasses import replace

from alert_samples import an_alert

from mining.findings import Decomposition, Improvement, Interval, Rise, Verdict, Watch
from mining.morning_findings import Headline, Tone
from mining.pages.attention import attention

HOUR = 3600.0
RISE = Rise("Pick", "Order", {}, "2024-02-01", "2024-03-27", 0.4, Interval(0.2, 0.6), 3 * HOUR)
SPLIT = Decomposition(40 * HOUR, 50 * HOUR, 6 * HOUR, 0.0, 4 * HOUR, Interval(8 * HOUR, 12 * HOUR), 500)
BETTER = Improvement("Pay", "Send", "2024-06-29", "2024-07-05", -0.25, Interval(-0.3, -0.2), 0.3, 4.7, SPLIT)


def headline(tone: Tone) -> Headline:
    return Headline(tone, HOUR)


def test_the_calm_words_do_not_deny_what_the_page_says_elsewhere() -> None:
    quiet = Watch((), (), 0, 365)
    assert attention(quiet, None, headline(Tone.STEADY)).calm.startswith("Nothing got slower")
    assert attention(quiet, None, None).calm.startswith("Nothing got slower")
    slower = attention(quiet, None, headline(Tone.SLOWER)).calm
    assert slower == "No alert is open: no single step stands out from its usual ups and downs."
    assert attention(replace(quiet, rises=(RISE,)), None, headline(Tone.STEADY)).calm == "No alert is open."


def test_where_the_data_end_nothing_is_told_that_only_their_end_may_have_changed() -> None:
    watch = Watch((), (), 0, 365, (BETTER,), (RISE,))
    ended = attention(watch, None, headline(Tone.ENDED))
    assert (ended.risen, ended.quicker, ended.calm) == ((), (), "No alert is open.")
    steady = attention(watch, None, headline(Tone.STEADY))
    assert (len(steady.risen), len(steady.quicker)) == (1, 1)


def test_what_all_alerts_have_in_common_is_said_once() -> None:
    one, other = (replace(an_alert(), alert=name, decomposition=SPLIT) for name in ("a1", "a2"))
    both = attention(Watch((), (one, other), 0, 365), None, None)
    assert [label for label, _text in both.together] == ["Cycle time", "Why"]
    assert all("Why" not in dict(notice.facts) for notice in both.notices)
    for alone in ((one,), (one, replace(other, decomposition=replace(SPLIT, now_s=60 * HOUR)))):
        shown = attention(Watch((), alone, 0, 365), None, None)
        assert shown.together == ()
        assert all("Why" in dict(notice.facts) for notice in shown.notices)


def test_it_is_told_how_the_typical_case_can_be_steady_beside_an_alert() -> None:
    slow, still = an_alert(), replace(an_alert(), verdict=Verdict.ABSENCE, decomposition=None)
    assert attention(Watch((), (slow,), 0, 365), None, headline(Tone.STEADY)).beside_steadiness
    assert not attention(Watch((), (slow,), 0, 365), None, headline(Tone.SLOWER)).beside_steadiness
    assert not attention(Watch((), (still,), 0, 365), None, headline(Tone.STEADY)).beside_steadiness
    assert not attention(Watch((), (), 0, 365), None, headline(Tone.STEADY)).beside_steadiness
