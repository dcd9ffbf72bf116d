"""The share finished by age: one curve per month of start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import altair as alt

from mining.flowchart import duration_text
from mining.languages import _, count_text, ngettext
from mining.morning_findings import Curve, Curves
from mining.pages.charts.axes import DAYS, Size, data_of, named
from mining.pages.charts.palette import COLOURS
from mining.pages.wording import month, percent

HEIGHT: Final = 270  # pixels
_NAME_PX: Final = 16  # from one name to the next below it
_AXIS_PX: Final = 50  # below the curves
_STEPS_S: Final = tuple(sorted((1, 5, 15, 60, 300, 900, 3600, 10_800, 21_600, 43_200, 2 * 86_400, *DAYS)))
_SHARES: Final = (0, 0.25, 0.5, 0.75, 1)


def cohorts_chart(found: Curves, size: Size) -> Any:
    """Steps from 0 to 100 %; the newest months stand out, and a ring is where a curve stops before its time."""
    back = range(len(found.months) - 1, -1, -1)
    ends = [_end(curve, _colour(age)) for curve, age in zip(found.months, back, strict=True)]
    points = [
        {"x": x, "y": y, "month": curve.month, "colour": end["colour"]}
        for curve, end in zip(found.months, ends, strict=True)
        for x, y in zip(curve.ages_s, curve.shares, strict=True)
    ]
    x, y, colour = _ages(found.horizon_s, size), _share_axis(), alt.Stroke("colour:N", scale=None)
    lines = alt.Chart(data_of(points)).mark_line(interpolate="step-after", strokeWidth=1.8, aria=False)
    ring = {"shape": "circle", "size": 42, "fill": COLOURS["card"], "strokeWidth": 1.6, "opacity": 1}
    stops = alt.Chart(data_of(ends)).transform_filter("datum.running").mark_point(**ring)
    names = alt.Chart(data_of(_apart(ends, found.horizon_s))).mark_text(align="left", dx=6, fontWeight="bold")
    return alt.layer(
        lines.encode(x=x, y=y, detail=alt.Detail("month:N"), stroke=colour),
        stops.encode(x=x, y=y, stroke=colour, description=alt.Description("say:N")),
        names.encode(
            x=x,
            y=y,
            text=alt.Text("name:N"),
            description=alt.Description("say:N"),
            fill=alt.Fill("colour:N", scale=None),
        ),
        width=size.half,
        height=HEIGHT,
    )


def _end(curve: Curve, colour: str) -> dict[str, Any]:
    name = month(curve.month)
    text = ngettext(
        "{month}: {share} finished after {age}; {n} case",
        "{month}: {share} finished after {age}; {n} cases",
        curve.cases,
    )
    done = {"share": percent(curve.shares[-1]), "age": duration_text(curve.ages_s[-1]), "n": count_text(curve.cases)}
    said = {"name": name, "say": text.format(month=name, **done)}
    place = {"x": curve.ages_s[-1], "y": curve.shares[-1], "month": curve.month}
    return {**place, **said, "colour": colour, "running": curve.running}


def _colour(months_back: int) -> str:
    return COLOURS[("wait2", "accent", "timer", "timer")[months_back] if months_back < 4 else "same"]


def _ages(horizon_s: float, size: Size) -> Any:
    """The axis of ages, with room for the names at its right."""
    most = 4 if size.phone else 6
    step = next((step for step in _STEPS_S if horizon_s / step <= most), _STEPS_S[-1])
    ticks = [step * number for number in range(int(horizon_s // step) + 1)]
    words = named(ticks, ["0", *(duration_text(tick) for tick in ticks[1:])])
    axis = alt.Axis(values=ticks, labelExpr=words, title=_("age since start"), grid=False, domain=False)
    return alt.X("x:Q", scale=alt.Scale(domain=[0, horizon_s * (1.36 if size.phone else 1.19)], nice=False), axis=axis)


def _share_axis() -> Any:
    words = named(_SHARES, [percent(share) for share in _SHARES])
    axis = alt.Axis(values=list(_SHARES), labelExpr=words, title=None, domain=False, ticks=False)
    return alt.Y("y:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)


def _apart(ends: Sequence[dict[str, Any]], x: float) -> list[dict[str, Any]]:
    """Names at the right end, moved down so that none hides another, and up again where they would fall off."""
    gap = _NAME_PX / (HEIGHT - _AXIS_PX)
    placed: list[dict[str, Any]] = []
    for end in sorted(ends, key=lambda end: (-end["y"], end["month"])):
        highest = placed[-1]["y"] - gap if placed else 1.0
        placed.append({**end, "x": x, "y": min(end["y"], highest)})
    for below, end in enumerate(reversed(placed)):
        end["y"] = round(max(end["y"], below * gap), 6)
    return placed
