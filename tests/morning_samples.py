"""The upper part of a page: an order process that took two days, and takes six since October."""

from __future__ import annotations

from datetime import date, timedelta

from mining.morning_findings import (
    Curve,
    Curves,
    Delta,
    HandOver,
    Headline,
    Load,
    Morning,
    OpenCase,
    Passage,
    PassageWeek,
    Phase,
    Recent,
    Spectrum,
    Tone,
    Trend,
    Week,
    Workload,
)

HOUR = 3600.0
DAY = 24 * HOUR


def sample_morning() -> Morning:
    typical = Delta(6 * DAY, 2 * DAY, changed=True, good=False)
    same = Delta(0.2, 0.21, changed=False)
    return Morning(
        headline=Headline(Tone.SLOWER, 6 * DAY, 2 * DAY, "2026-10-05", "Check credit", "Pick goods"),
        recent=Recent(
            "2026-10-24", "2026-11-20", typical, typical, same, None, Delta(120.0, 118.5, changed=False), same
        ),
        trend=_trend(),
        curves=_curves(),
        workload=_workload(),
        spectrum=_spectrum(),
        open_cases=tuple(
            OpenCase(f"4{n:03}", (40 - n) * DAY, "Pick goods", 3 * DAY, f"https://shop.example.com/4{n:03}")
            for n in range(8)
        ),
    )


def _weeks(count: int) -> list[str]:
    last = date(2026, 11, 9)
    return [(last - timedelta(weeks=back)).isoformat() for back in range(count - 1, -1, -1)]


def _trend() -> Trend:
    weeks = [
        Week(
            first,
            30,
            (6 if first >= "2026-10-05" else 2) * DAY,
            {"2026-08-03": "run", "2026-10-19": "limit"}.get(first, ""),
        )
        for first in _weeks(40)
    ]
    phases = (
        Phase(weeks[0].first, "2026-09-28", 2 * DAY, 1.2 * DAY, 3.4 * DAY),
        Phase("2026-10-05", weeks[-1].first, 6 * DAY, 5 * DAY, 7.2 * DAY),
    )
    return Trend(7, tuple(weeks), phases)


def _curves() -> Curves:
    def one(month: str, days: list[float], shares: list[float], *, running: bool) -> Curve:
        return Curve(month, 120, round(120 * shares[-1]), tuple(day * DAY for day in days), tuple(shares), running)

    early = one("2026-08", [0, 1, 2, 4, 20], [0.0, 0.3, 0.6, 0.9, 0.98], running=False)
    late = one("2026-10", [0, 4, 6, 20], [0.0, 0.2, 0.6, 0.93], running=False)
    return Curves(20 * DAY, (early, late, one("2026-11", [0, 4, 9], [0.0, 0.2, 0.5], running=True)))


def _workload() -> Workload:
    weeks = tuple(_weeks(3))
    loads = (Load("r-367723f430a4", (12, 0, 18), 30), Load("r-726c4e050b76", (5, 9, 1), 15))
    pair = HandOver("r-367723f430a4", "r-726c4e050b76", 9, 8, 5 * HOUR)
    return Workload(weeks, 5, loads, Load("", (3, 3, 4), 10), (pair,), 0.31)


def _spectrum() -> Spectrum:
    passages = tuple(
        Passage(f"2026-10-{day:02}T08:00:00+00:00", f"2026-10-{day + 1 + day % 7:02}T09:00:00+00:00")
        for day in range(1, 24)
    )
    weeks = tuple(PassageWeek(first, 8, 3 * DAY) for first in ("2026-09-28", "2026-10-05", "2026-10-12", "2026-10-19"))
    return Spectrum("Check credit", "Pick goods", 3 * DAY, 6 * DAY, 46, weeks, passages)
