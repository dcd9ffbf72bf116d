"""The performance spectrum: one line for each passage of a hand-over."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import altair as alt

from mining.flowchart import duration_text
from mining.flowchart.labels import display_name
from mining.languages import _
from mining.morning_findings import Passage, Spectrum
from mining.pages.charts.axes import Size, data_of, day_ms, time_axis
from mining.pages.charts.palette import COLOURS

HEIGHT: Final = 262  # pixels


def spectrum_chart(found: Spectrum, size: Size) -> Any:
    """From above (the step before is done) to below (the step is done), coloured by how long it took; slow ones on top."""
    limits = [duration_text(limit) for limit in (found.typical_s, found.p90_s)]
    classes = [*(_("up to {time}").format(time=limit) for limit in limits), _("longer")]
    lines = sorted((_line(passage, found) for passage in found.passages), key=lambda line: line["class"])
    lines = [{**line, "class": classes[line["class"]]} for line in lines]
    end = max(line["x2"] for line in lines)
    scale = alt.Scale(type="utc", domain=[min(day_ms(found.weeks[0].first), end - 1), end], nice=False)
    x = alt.X("x:T", scale=scale, axis=time_axis(size, long=False))
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, 1]), axis=None)
    moves = alt.Chart(data_of(lines)).mark_rule(strokeWidth=1.2, opacity=0.75, clip=True, aria=False)
    return alt.layer(
        moves.encode(x=x, x2=alt.X2("x2:T"), y=y, y2=alt.Y2("y2:Q"), stroke=_stroke(classes)),
        _place(found.after, 1, y, size),
        _place(found.step, 0, y, size),
        width=size.whole,
        height=HEIGHT,
    )


def _line(passage: Passage, found: Spectrum) -> dict[str, Any]:
    entered, left = (datetime.fromisoformat(moment).timestamp() for moment in (passage.entered, passage.left))
    slow = sum(left - entered > limit for limit in (found.typical_s, found.p90_s))
    return {"x": round(entered * 1000), "x2": round(left * 1000), "y": 1, "y2": 0, "class": slow}


def _stroke(classes: list[str]) -> Any:
    colours = [COLOURS["wait0"], COLOURS["wait1"], COLOURS["wait3"]]
    symbols = {"symbolType": "stroke", "symbolStrokeWidth": 3}
    legend = alt.Legend(title=None, orient="top", direction="horizontal", offset=26, **symbols)
    return alt.Stroke("class:N", scale=alt.Scale(domain=classes, range=colours), legend=legend)


def _place(name: str, y: int, axis: Any, size: Size) -> Any:
    """The name of a step above the lines, or below their dates."""
    most, shown = (46 if size.phone else 120), display_name(name)
    words = shown if len(shown) <= most else shown[: most - 1] + "…"
    place: dict[str, Any] = {"baseline": "bottom", "dy": -4} if y else {"baseline": "top", "dy": 22}
    text = alt.Chart(data_of([{"y": y, "name": words}])).mark_text(
        align="left", fontWeight="bold", color=COLOURS["ink"], aria=False, **place
    )
    return text.encode(x=alt.value(0), y=axis, text=alt.Text("name:N"))
