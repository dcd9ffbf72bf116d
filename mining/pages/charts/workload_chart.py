"""Steps by week and resource, as a field of colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import altair as alt

from mining.flowchart.labels import display_name
from mining.languages import count_text, ngettext
from mining.morning_findings import Workload
from mining.pages.charts.axes import Size, data_of, named
from mining.pages.charts.palette import COLOURS
from mining.pages.wording import day_of_year

ON_A_PHONE: Final = 13  # weeks
NAME: Final = 16  # characters
ROW, AROUND = 20, 62  # pixels


def workload_chart(found: Workload, size: Size) -> Any:
    """One row per resource, the busiest above, all others together below; one column per week."""
    weeks = found.weeks[-ON_A_PHONE:] if size.phone else found.weeks
    rows = [(display_name(load.resource), load.steps) for load in found.loads]
    if found.others:
        others = found.resources - len(found.loads)
        text = ngettext("{n} other", "{n} others", others)
        rows.append((text.format(n=count_text(others)), found.others.steps))
    limits = class_limits(max(max(load.steps) for load in found.loads))
    classes = [_class_words(limits, number) for number in range(len(limits) + 1)]
    cells = [
        {"week": week, "row": row, "class": classes[sum(n >= limit for limit in limits)]}
        for row, (_name, steps) in enumerate(rows)
        for week, n in zip(weeks, steps[-len(weeks) :], strict=True)
    ]
    field = alt.Chart(data_of(cells), width=size.half, height=AROUND + ROW * len(rows)).mark_rect(aria=False)
    return field.encode(x=_columns(weeks, size), y=_rows([name for name, _steps in rows]), fill=_fill(classes, size))


def _columns(weeks: Sequence[str], size: Size) -> Any:
    every = 3 if size.phone else 4
    shown = [week for number, week in enumerate(weeks) if number % every == 0 and number + 2 < len(weeks)]
    words = named(shown, [day_of_year(week) for week in shown])
    still = {"title": None, "domain": False, "ticks": False, "labelOverlap": False}
    axis = alt.Axis(values=shown, labelExpr=words, labelAngle=0, labelAlign="left", **still)
    return alt.X("week:O", axis=axis, scale=alt.Scale(paddingInner=0.08))


def _rows(names: Sequence[str]) -> Any:
    short = [name if len(name) <= NAME else name[: NAME - 1] + "…" for name in names]
    words = named(range(len(short)), short)
    axis = alt.Axis(labelExpr=words, title=None, domain=False, ticks=False, labelLimit=130)
    return alt.Y("row:O", axis=axis, scale=alt.Scale(paddingInner=0.12))


def _fill(classes: Sequence[str], size: Size) -> Any:
    colours = [COLOURS[f"load{number}"] for number in range(len(classes))]
    symbols = {"symbolType": "square", "symbolSize": 120, "labelOffset": 2}
    columns = {"columns": 3 if size.phone else 5, "columnPadding": 8}
    legend = alt.Legend(title=None, orient="top", direction="horizontal", **columns, **symbols)
    return alt.Fill("class:N", scale=alt.Scale(domain=list(classes), range=colours), legend=legend)


def class_limits(most: int) -> list[int]:
    """Where the classes after "nothing" begin: round numbers near a tenth, three and six tenths of the most."""
    rough = [most * part for part in (0.1, 0.3, 0.6)]
    return sorted({1, *(max(1, int(round(limit, 1 - len(str(int(limit)))))) for limit in rough)})


def _class_words(limits: Sequence[int], number: int) -> str:
    if number == 0:
        return "0"
    first = limits[number - 1]
    if number == len(limits):
        return f"{count_text(first)}+"
    last = limits[number] - 1
    return count_text(first) if last == first else f"{count_text(first)}–{count_text(last)}"
