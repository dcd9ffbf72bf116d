"""Typical times by week, with the limits of each phase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import altair as alt

from mining.flowchart import duration_text
from mining.languages import _, count_text
from mining.morning_findings import Trend, Week
from mining.pages.charts.axes import DAYS, Size, data_of, day_ms, named, time_axis
from mining.pages.charts.palette import COLOURS
from mining.pages.wording import day

HEIGHT: Final = 270  # pixels
ON_A_PHONE: Final = 52  # weeks
TICKS: Final = 7
_TICKS_S: Final = (1, 10, 60, 300, 900, 3600, 10_800, 28_800, *DAYS)
_DIAMOND: Final = {"shape": "diamond", "size": 90, "strokeWidth": 1.6, "opacity": 1}


def trend_chart(found: Trend, size: Size) -> Any:
    """Weeks as points on a scale by factors; a phase is a band between its limits, with its level dashed."""
    weeks = found.weeks[-ON_A_PHONE:] if size.phone else found.weeks
    points = [_point(week, found.days) for week in weeks if week.typical_s is not None]
    low, high = min(point["y"] for point in points) / 1.4, max(point["y"] for point in points) * 1.4
    x = alt.X("x:T", scale=alt.Scale(type="utc"), axis=time_axis(size, long=len(weeks) * found.days > 180))
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    y = alt.Y("y:Q", scale=scale, axis=_duration_axis(low, high))
    phases = alt.Chart(data_of(_phases(found, weeks[0].first, low, high))).encode(x=x, y=y)
    base = alt.Chart(data_of(points)).encode(x=x, y=y)
    layers = [
        phases.mark_rect(fill=COLOURS["rest"], opacity=0.75, aria=False).encode(
            x2=alt.X2("x2:T"), y=alt.Y("low:Q", scale=scale), y2=alt.Y2("high:Q")
        ),
        phases.mark_rule(stroke=COLOURS["timer"], strokeDash=[4, 3], aria=False).encode(x2=alt.X2("x2:T")),
        base.mark_line(stroke=COLOURS["bar"], strokeWidth=1.2, opacity=0.7, aria=False),
        *_marks(base),
        *_levels(phases, x.copy()),
    ]
    return alt.layer(*layers, width=size.half, height=HEIGHT)


def _point(week: Week, days: int) -> dict[str, Any]:
    text = _("Week from {day}: typical {time}, {n} finished")
    if days != 7:
        text = _("Four weeks from {day}: typical {time}, {n} finished")
    told = {"time": duration_text(week.typical_s or 0), "n": count_text(week.finished)}
    return {
        "x": day_ms(week.first, days / 2),
        "y": week.typical_s,
        "kind": week.signal or "usual",
        "say": text.format(day=day(week.first), **told),
    }


def _phases(found: Trend, first: str, low: float, high: float) -> list[dict[str, Any]]:
    """Those that are seen, their limits cut where the picture ends."""
    return [
        {
            "x": day_ms(max(phase.first, first)),
            "x2": day_ms(phase.last, found.days),
            "low": max(low, phase.low_s),
            "high": min(high, phase.high_s),
            "y": phase.typical_s,
            "say": _("typical {time}").format(time=duration_text(phase.typical_s)),
            "late": phase.first > first and phase is found.phases[-1],
        }
        for phase in found.phases
        if phase.last >= first and low <= phase.typical_s <= high
    ]


def _duration_axis(low: float, high: float) -> Any:
    ticks: Sequence[int] = [tick for tick in _TICKS_S if low <= tick <= high]
    ticks = ticks[:: -(-len(ticks) // TICKS) or 1]
    words = named(ticks, [duration_text(tick) for tick in ticks])
    return alt.Axis(values=ticks, labelExpr=words, title=None, domain=False, ticks=False)


def _marks(base: Any) -> list[Any]:
    """What each week is a signal of, by shape and not by colour alone."""
    styles: dict[str, dict[str, Any]] = {
        "usual": {"filled": True, "fill": COLOURS["bar"], "size": 26, "opacity": 1},
        "run": {"fill": COLOURS["card"], "stroke": COLOURS["slower"], **_DIAMOND},
        "limit": {"fill": COLOURS["slower"], "stroke": COLOURS["slower"], **_DIAMOND},
    }
    return [
        base.transform_filter(f"datum.kind === '{kind}'")
        .mark_point(**style)
        .encode(description=alt.Description("say:N"))
        for kind, style in styles.items()
    ]


def _levels(phases: Any, x: Any) -> list[Any]:
    """The level of each phase in words, on a halo, so that the line does not strike it out; the last ends where it ends."""
    halo = {"fill": COLOURS["card"], "stroke": COLOURS["card"], "strokeWidth": 4, "strokeJoin": "round"}
    x.shorthand = "x2:T"
    layers = []
    for wanted, place in (("!datum.late", {"align": "left", "dx": 4}), ("datum.late", {"align": "right", "dx": -4})):
        told = phases.transform_filter(wanted).encode(text=alt.Text("say:N"))
        told = told.encode(x=x) if wanted == "datum.late" else told
        words = {**place, "dy": -8, "fontWeight": "bold", "aria": False}
        layers += [told.mark_text(**words, **halo), told.mark_text(**words, fill=COLOURS["ink"])]
    return layers
