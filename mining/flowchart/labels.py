"""What is written in a box or beside an arrow: HTML-like labels of Graphviz, of cells that we measure ourselves.

Every cell has a fixed size, so that the layout does not depend on the fonts of the machine that draws it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil
from typing import Final

from mining.findings import Activity, Flow
from mining.flowchart.colours import LIGHT
from mining.flowchart.durations import MINUTE, NBSP, duration_text, share_text
from mining.flowchart.lettering import clean, width, wrap
from mining.languages import N_, _, count_text, ngettext

STEP_WIDTH: Final = 172
CONTENT: Final = 152
BADGE: Final = 17
_PAD: Final = 10
_BAR: Final = 4
_NAMELESS: Final = N_("(no name)")
_SLACK: Final = 1.12  # room for machines that draw Arial with a somewhat wider font
_REPEAT_SHOWN: Final = 0.03


@dataclass(frozen=True)
class Run:
    """A piece of text in one style."""

    text: str
    size: int = 11
    bold: bool = False
    colour: str = LIGHT["secondary"]

    @property
    def width(self) -> float:
        return width(self.text, self.size, bold=self.bold)

    @property
    def html(self) -> str:
        # Graphviz replaces \N, \G and others even here: a doubled backslash stands for one
        text = escape(self.text.replace("\\", "\\\\").replace(" ", NBSP))
        inner = f"<B>{text}</B>" if self.bold else text
        return f'<FONT POINT-SIZE="{self.size}" COLOR="{self.colour}">{inner}</FONT>'


@dataclass(frozen=True)
class Label:
    """What stands in a box, and how large the box has to be, in pixels."""

    html: str
    width: int
    height: int


def display_name(activity: str) -> str:
    """Make an activity's name printable on one line; one that shows nothing is called so."""
    return clean(activity) or _(_NAMELESS)


def step_label(activity: Activity, cases: int) -> Label:
    """Write a step: its name on up to three lines, its cases, a bar of their share, and what it does itself."""
    filled = round(CONTENT * min(1.0, activity.cases / cases)) if cases else 0
    parts = [(part, colour) for part, colour in ((filled, LIGHT["bar"]), (CONTENT - filled, LIGHT["rest"])) if part]
    columns = len(parts) + 2  # pad, bar, rest of the bar, pad
    name = [(Run(line, 13, True, LIGHT["ink"]), 16) for line in name_lines(activity.name)]
    above = [*name, (_cases_run(activity, cases), 15)]
    note = _note(activity)
    below = [(Run(note), 15)] if note else []
    foot = 5 if note else 6
    rows = [
        gap_row(7, columns),
        *(text_row(run, high, columns) for run, high in above),
        gap_row(3, columns),
        _bar_row(parts),
        gap_row(3, columns),
        *(text_row(run, high, columns) for run, high in below),
        gap_row(foot, columns),
    ]
    height = 7 + sum(high for _run, high in above + below) + 3 + _BAR + 3 + foot
    return Label(table(rows), STEP_WIDTH, height)


def pill_label(name: str, note: str, colour: str) -> Label:
    """Write Start, End or Open, and how many cases that are."""
    runs = (
        [Run(name, 12, True, colour), Run(f"{NBSP * 3}{note}", 12, False, colour)]
        if note
        else [Run(name, 12, True, colour)]
    )
    room = room_of(runs)
    rows = [f"<TR>{cell(room, 3)}</TR>", f"<TR>{cell(room, 20, runs, align='CENTER')}</TR>"]
    return Label(table(rows), room + 2 * 12, 24)


def flow_label(flow: Flow, rank: int | None, thickness: float) -> str:
    """Write a flow: its average wait and moves; with a badge if it is one of the worst, and what the average hides."""
    first = [Run(count_text(flow.n))]
    if flow.winsorised_mean_s >= MINUTE:
        first = [
            Run(duration_text(flow.winsorised_mean_s), 12, True, LIGHT["ink"]),
            Run(f"{NBSP}· {count_text(flow.n)}"),
        ]
    second = _second_line(flow, rank)
    badge = badge_cells(rank) if rank else ""
    badge_room = BADGE + 5 if rank else 0
    room = max(badge_room + room_of(first), room_of([Run(second)]))
    rows = [f"<TR>{cell(distance_of(thickness), 16)}{badge}{cell(room - badge_room, 16, first)}</TR>"]
    if second:
        rows.append(
            f"<TR>{cell(distance_of(thickness), 14)}{cell(room, 14, [Run(second)], columns=3 if rank else 1)}</TR>"
        )
    return table(rows)


def count_label(count: int, thickness: float) -> str:
    """Write how many cases start, end or are open there."""
    runs = [Run(count_text(count))]
    return table([f"<TR>{cell(distance_of(thickness), 16)}{cell(room_of(runs), 16, runs)}</TR>"])


def table(rows: Iterable[str]) -> str:
    """Put rows into a table without lines and blanks of its own."""
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{"".join(rows)}</TABLE>'


def cell(
    wide: int, high: int, runs: Sequence[Run] = (), *, columns: int = 1, colour: str = "", align: str = "LEFT"
) -> str:
    """Make a cell of fixed size, empty, filled with a colour, or with text from its left."""
    span = f' COLSPAN="{columns}"' if columns > 1 else ""
    fill = f' BGCOLOR="{colour}"' if colour else ""
    text = "".join(run.html for run in runs)
    return f'<TD FIXEDSIZE="TRUE" WIDTH="{wide}" HEIGHT="{high}" ALIGN="{align}"{span}{fill}>{text}</TD>'


def badge_cells(rank: int) -> str:
    """Make the badge of a bottleneck, and the distance to what stands right of it."""
    number = Run(str(rank), 11, True, LIGHT["card"]).html
    fill = f'STYLE="ROUNDED" BGCOLOR="{LIGHT["ink"]}"'
    return f'<TD FIXEDSIZE="TRUE" WIDTH="{BADGE}" HEIGHT="16" {fill}>{number}</TD>{cell(5, 16)}'


def name_lines(activity: str) -> tuple[str, ...]:
    """Break an activity's name into the lines of its box."""
    return wrap(display_name(activity), CONTENT, 13, lines=3, bold=True)


def _cases_run(activity: Activity, cases: int) -> Run:
    text = ngettext("{n} case · {share}", "{n} cases · {share}", activity.cases)
    return Run(text.format(n=count_text(activity.cases), share=share_text(activity.cases, cases)))


def _note(activity: Activity) -> str:
    """Say how long the step itself takes, if known, and which share of its cases repeat it, if that matters."""
    parts = []
    if activity.mean_processing_s:
        parts.append(_("service {time}").format(time=duration_text(activity.mean_processing_s)))
    if activity.cases_repeating >= _REPEAT_SHOWN * activity.cases > 0:
        parts.append(_("{share} repeat").format(share=share_text(activity.cases_repeating, activity.cases)))
    return " · ".join(parts)


def _second_line(flow: Flow, rank: int | None) -> str:
    if flow.timer_s is not None:
        return _("fixed wait {time}").format(time=duration_text(flow.timer_s))
    if rank and flow.median_s < flow.winsorised_mean_s / 8:
        return _("half < {time}").format(time=duration_text(max(MINUTE, flow.median_s)))
    return ""


def gap_row(high: int, columns: int) -> str:
    """Make an empty row of a box."""
    return f"<TR>{cell(STEP_WIDTH, high, columns=columns)}</TR>"


def text_row(run: Run, high: int, columns: int) -> str:
    """Write from the left pad on; the right pad belongs to the text, for machines that draw it wider."""
    return f"<TR>{cell(_PAD, high)}{cell(STEP_WIDTH - _PAD, high, [run], columns=columns - 1)}</TR>"


def _bar_row(parts: Iterable[tuple[int, str]]) -> str:
    bar = "".join(cell(part, _BAR, colour=colour) for part, colour in parts)
    return f"<TR>{cell(_PAD, _BAR)}{bar}{cell(_PAD, _BAR)}</TR>"


def room_of(runs: Iterable[Run]) -> int:
    """Say how wide the cell of a text has to be."""
    return ceil(sum(run.width for run in runs) * _SLACK)


def distance_of(thickness: float) -> int:
    """Keep the text off its line, however thick that is."""
    return round(6 + thickness)
