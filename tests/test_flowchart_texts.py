"""Durations, counts and letters: golden tables, and the widths of a real font."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining.flowchart.durations import duration_text, pair_text, share_text
from mining.flowchart.lettering import ELLIPSIS, clean, width, wrap
from mining.languages import count_text, language, speaking

MIN, H, D = 60.0, 3600.0, 86400.0
MO = 30.4375 * D


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.2, "< 1 s"),
        (4.25, "4.2 s"),
        (45, "45 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (90, "1.5 min"),
        (12 * MIN, "12 min"),
        (59.4 * MIN, "59 min"),
        (59.6 * MIN, "1 h"),
        (3.4 * H, "3.4 h"),
        (4 * H, "4 h"),
        (9.96 * H, "10 h"),
        (15.2 * H, "15 h"),
        (36 * H, "36 h"),
        (36.1 * H, "1.5 d"),
        (24 * H, "1 d"),
        (3.2 * D, "3.2 d"),
        (3 * D, "3 d"),
        (90 * D, "90 d"),
        (99.4 * D, "99 d"),
        (99.6 * D, "3.3 mo"),
        (120 * D, "120 d"),
        (4.1 * MO, "4.1 mo"),
        (14.2 * MO, "14 mo"),
        (-90, "−1.5 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds).replace("\xa0", " ") == text
    assert " " not in duration_text(seconds), "only no-break blanks"


def test_durations_in_chinese() -> None:
    with speaking(language("zh")):
        texts = [duration_text(seconds).replace("\xa0", " ") for seconds in (0.5, 3.2 * D, 12 * MIN, 32 * H, 5 * MO)]
        assert texts == ["< 1 秒", "3.2 天", "12 分钟", "32 小时", "5 个月"]
        assert pair_text(6.9 * D, 0.8 * D).replace("\xa0", " ") == "6.9 → 0.8 天"
        assert [share_text(part) for part in (0.001, 0.92)] == ["<\xa01%", "92%"]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (6.9 * D, 0.8 * D, "6.9 → 0.8 d"),
        (31 * H, 1.2 * D, "31 → 29 h"),
        (2 * D, 9.7 * D, "2.0 → 9.7 d"),
        (2 * D, 3 * D, "2 → 3 d"),
        (21 * MIN, 53 * MIN, "21 → 53 min"),
        (10, 5 * D, "< 0.1 → 5.0 d"),
        (0, 5.5 * H, "0.0 → 5.5 h"),
    ],
)
def test_pairs_have_one_unit(before: float, after: float, text: str) -> None:
    assert pair_text(before, after).replace("\xa0", " ") == text


@given(st.floats(1, 1e9))
def test_a_duration_is_right_within_its_two_digits(seconds: float) -> None:
    number, unit = duration_text(seconds).split("\xa0")
    length = {"s": 1.0, "min": MIN, "h": H, "d": D, "mo": MO}[unit]
    assert float(number.replace(",", "")) * length == pytest.approx(seconds, rel=0.051)


def test_counts_and_shares() -> None:
    assert count_text(1079) == "1,079"
    shares = [(0, 5), (1, 1000), (1, 100), (92, 100), (999, 1000), (5, 5), (0, 0)]
    texts = [share_text(part, whole).replace("\xa0", " ") for part, whole in shares]
    assert texts == ["0 %", "< 1 %", "1 %", "92 %", "> 99 %", "100 %", "0 %"]


def test_widths_are_those_of_arial() -> None:
    """Advances from Adobe's and Microsoft's published metrics: 278, 556, 667, 611 thousandths."""
    assert width("i i", 1000) == pytest.approx(222 + 278 + 222, abs=1)
    assert width("Aa0", 1000) == pytest.approx(667 + 556 + 556, abs=1)
    assert width("Aan", 1000, bold=True) == pytest.approx(722 + 556 + 611, abs=1)
    assert width("汉字", 12) == 24
    assert width("e\u0301", 10) == width("e", 10)


FONTS = Path("/usr/share/fonts/truetype/liberation2")


@pytest.mark.skipif(not FONTS.is_dir(), reason="Liberation fonts are not installed here")
@pytest.mark.parametrize("bold", [False, True])
def test_widths_agree_with_the_font(bold: bool) -> None:
    fonts = pytest.importorskip("fontTools.ttLib")
    font = fonts.TTFont(FONTS / f"LiberationSans-{'Bold' if bold else 'Regular'}.ttf")
    glyphs, advances = font.getBestCmap(), font["hmtx"]
    for character in "Tabcxyz0189 &·→%<«éßÄŁžαΩЖя–—…€\xa0":
        assert width(character, 2048, bold=bold) == advances[glyphs[ord(character)]][0], character


def test_wrapping() -> None:
    room = width("Check confirmation", 13, bold=True)
    assert wrap("Check confirmation of receipt", room, 13, lines=3, bold=True) == ("Check confirmation", "of receipt")
    assert wrap("Record_Goods_Receipt", width("Record_Goods_", 13), 13, lines=3) == ("Record_Goods_", "Receipt")
    assert wrap("检查采购订单", 13 * 4, 13, lines=3) == ("检查采购", "订单")
    assert wrap("检查采购。订", 13 * 4, 13, lines=3)[1].startswith("购。"), "a full stop never begins a line"
    cut = wrap("one two three four five six", width("one two", 13), 13, lines=2)
    assert len(cut) == 2 and cut[1].endswith(ELLIPSIS)


@given(st.text(max_size=120), st.integers(40, 200))
def test_wrapped_lines_fit_and_lose_nothing_but_the_end(text: str, room: int) -> None:
    text = clean(text)
    lines = wrap(text, room, 13, lines=3, bold=True)
    assert 1 <= len(lines) <= 3
    assert all(width(line, 13, bold=True) <= room for line in lines)
    letters = "".join(lines).replace(" ", "")
    whole = text.replace(" ", "")
    assert letters == whole or (letters.endswith(ELLIPSIS) and whole.startswith(letters.removesuffix(ELLIPSIS)))


def test_cleaning() -> None:
    assert clean("  a\n\tb\x00c ") == "a b c"
    assert clean("\u202eabc\u2066") == "abc"
    assert clean("\ud800\uffff") == "\ufffd\ufffd"
    assert clean("می\u200cخواهم") == "می\u200cخواهم", "Persian needs its joiners"
    assert clean("\x00\u200b") == ""
