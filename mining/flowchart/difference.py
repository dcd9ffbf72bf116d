"""One map of what changed: where cases now wait longer or shorter, and where more or fewer of them pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Final

from mining.findings import Changed, Graph, PathChange, Period, StepChange
from mining.flowchart.chart import render_first
from mining.flowchart.colours import LIGHT
from mining.flowchart.dot import add_arrow, add_pill, box, drawing_of
from mining.flowchart.durations import NBSP, duration_text, pair_text
from mining.flowchart.labels import (
    STEP_WIDTH,
    Label,
    Run,
    cell,
    display_name,
    distance_of,
    gap_row,
    name_lines,
    room_of,
    table,
    text_row,
)
from mining.flowchart.lettering import clean
from mining.flowchart.order import order_of
from mining.flowchart.simplify import END, OPEN, START, Path, all_paths, main_pairs, path_id, selections, step_id
from mining.flowchart.svg import inline, standalone
from mining.languages import count_text

_COVERAGE: Final = 0.9
_SECONDS: Final = 10.0


@dataclass(frozen=True)
class DifferenceChart:
    """A drawn difference map; `svg` is a file of its own, with its legend."""

    dot: str
    svg: str
    bare: str  # without legend, for a page that tells it beside the picture

    def inline_svg(self, prefix: str) -> str:
        """Give the drawing for a page that has `MAP_CSS`; `prefix` keeps its ids apart from those of other maps."""
        return inline(self.bare, prefix)


def draw_difference(changed: Changed, main: tuple[str, ...], title: str) -> DifferenceChart:
    """Draw what changed; the paths that changed are always on the map.

    Raises:
        LayoutTimeoutError: not even the backbone could be laid out in time.
        LayoutError: Graphviz failed.
        ValueError: there are not two cohorts.
    """
    if changed.graph is None:
        raise ValueError("there is no difference to draw: " + changed.note)
    paths = all_paths(changed.graph)
    moved = {path_id(path.source, path.target) for path in changed.paths if path.told}
    wanted = {(path.source, path.target) for path in paths if path.id in moved} | main_pairs(changed.graph, main)
    choices = selections(paths, len(changed.graph.activities), set(wanted), _COVERAGE)
    sheets = [_Sheet(changed, changed.graph, shown, main_pairs(changed.graph, main)) for shown in choices]
    said = sentences(changed)
    drawn = {}
    for legend in (True, False):
        _, dot, raw = render_first(sheets, partial(_Sheet.dot, legend=legend), _SECONDS)
        drawn[legend] = (dot, standalone(raw, clean(title), cohorts_text(changed), said))
    return DifferenceChart(*drawn[True], drawn[False][1])


def cohorts_text(changed: Changed) -> str:
    """Say which cases stand beside which: `2011-05-21 to 2011-11-04 (516 cases) → …`."""
    return " → ".join(_period_text(period) for period in (changed.before, changed.after) if period)


def sentences(changed: Changed) -> dict[str, str]:
    """Say each step and path in a sentence, by the id of its element."""
    said = {step_id(step.activity): _of_step(step) for step in changed.steps}
    said |= {path_id(path.source, path.target): _of_path(path) for path in changed.paths}
    return said | {START: "Start", END: "End", OPEN: "Open: not finished in the time that each case is followed"}


def _period_text(period: Period) -> str:
    return f"{period.first} to {period.last} ({count_text(period.cases)} cases)"


def _per_hundred(before: float, after: float) -> str:
    return f"{100 * before:.0f}{NBSP}→{NBSP}{100 * after:.0f}"


def _of_step(step: StepChange) -> str:
    return f"{display_name(step.activity)}: {_per_hundred(step.before, step.after)} times per 100 cases"


def _of_path(path: PathChange) -> str:
    text = f"{display_name(path.source)} → {display_name(path.target)}: "
    if path.wait_before_s is not None and path.wait_after_s is not None:
        told = "slower, " if path.slower else "faster, " if path.faster else "no clear change of the wait, "
        text += f"{told}average wait {pair_text(path.wait_before_s, path.wait_after_s)}; "
    return text + f"{_per_hundred(path.share_before, path.share_after)}{NBSP}% of the cases"


@dataclass(frozen=True)
class _Sheet:
    changed: Changed
    graph: Graph
    shown: tuple[Path, ...]
    spine: frozenset[tuple[str, str]]

    def dot(self, *, legend: bool) -> str:
        """Write the DOT source; the same changes give the same text."""
        drawing = drawing_of(_legend(cohorts_text(self.changed)) if legend else None)
        steps = {step_id(step.activity): step for step in self.changed.steps}
        order = order_of(list(steps), {(path.source, path.target): path.n for path in self.shown if path.flow})
        spine = {step for pair in self.spine for step in pair}
        add_pill(drawing, START, "Start", "")
        for step in order:
            label = _step_label(steps[step])
            group = {"group": "main"} if step in spine else {}
            drawing.node(step, f"<{label.html}>", **box(step, "act", label, LIGHT["card"], LIGHT["border"]), **group)
        ends = {path.target for path in self.shown}
        finished = _finished(self.changed)
        if END in ends:
            add_pill(drawing, END, "End", f"{_per_hundred(*finished)} per 100 cases")
        if OPEN in ends:
            add_pill(drawing, OPEN, "Open", f"{_per_hundred(1 - finished[0], 1 - finished[1])} per 100")
        place = {step: index for index, step in enumerate((START, *order, END, OPEN))}
        changes = {path_id(path.source, path.target): path for path in self.changed.paths}
        for path in sorted(self.shown, key=lambda path: (place[path.source], place[path.target])):
            back = place[path.source] > place[path.target]
            add_arrow(drawing, path, self._look(path, changes), back=back)
        return str(drawing.source)

    def _look(self, path: Path, changes: Mapping[str, PathChange]) -> dict[str, str]:
        weight = 1 + 40 * path.n // self.graph.cases + (30 if (path.source, path.target) in self.spine else 0)
        if path.id not in changes:
            wide = 0.8 + 2.2 * sqrt(path.n / self.graph.cases)
            return {"class": "terminal", "color": LIGHT["terminal"], "penwidth": f"{wide:.2f}", "weight": "1"}
        change = changes[path.id]
        wide = 1 + 5 * sqrt(min(1.0, max(change.share_before, change.share_after)))
        way = "slower" if change.slower else "faster" if change.faster else "same"
        gone, new = (change.share_changed and not n for n in (change.moves_after, change.moves_before))
        label = _path_label(change, way, wide)
        return {
            "class": way + (" new" if new else " gone" if gone else ""),
            "color": LIGHT[way],
            "penwidth": f"{wide:.2f}",
            "weight": str(weight),
            **({"label": f"<{label}>"} if label else {}),
        }


def _finished(changed: Changed) -> tuple[float, float]:
    each = [period.finished / period.cases for period in (changed.before, changed.after) if period and period.cases]
    return each[0], each[-1]


def _step_label(step: StepChange) -> Label:
    runs = [(Run(line, 13, True, LIGHT["ink"]), 16) for line in name_lines(step.activity)]
    colour = LIGHT["ink"] if step.changed else LIGHT["secondary"]
    runs.append((Run(f"{_per_hundred(step.before, step.after)} per 100 cases", 11, step.changed, colour), 15))
    rows = [gap_row(7, 2), *(text_row(run, high, 2) for run, high in runs), gap_row(7, 2)]
    return Label(table(rows), STEP_WIDTH, 14 + sum(high for _, high in runs))


def _path_label(change: PathChange, way: str, wide: float) -> str:
    """Write by how much a path changed, from what to what; nothing where nothing is told from chance."""
    lines = []
    before, after = change.wait_before_s, change.wait_after_s
    if way != "same" and before is not None and after is not None:
        sign = "▲" if change.slower else "▼"
        lines.append((Run(f"{sign} {duration_text(abs(after - before))}", 12, True, LIGHT[way]), 16))
        lines.append((Run(pair_text(before, after)), 14))
    if change.share_changed:
        share = f"{_per_hundred(change.share_before, change.share_after)}{NBSP}% of cases"
        lines.append((Run(share, 11, True, LIGHT["ink"]), 14))
    if not lines:
        return ""
    room = max(room_of([run]) for run, _ in lines)
    return table(f"<TR>{cell(distance_of(wide), high)}{cell(room, high, [run])}</TR>" for run, high in lines)


def _legend(cohorts: str) -> str:
    """The key below the picture: what the colours and the lines mean, and which cases were compared."""
    signs = (("slower", "▲ slower", 90), ("faster", "▼ faster", 90), ("same", "no clear change", 150))
    marks = "".join(_swatch(LIGHT[way]) + cell(6, 18) + cell(room, 18, [Run(text)]) for way, text, room in signs)
    room = 3 * 46 + sum(room for _, _, room in signs)
    rows = [cell(room, 12), marks, cell(room, 18, [Run("Line width = share of cases. Dashed: new. Dotted: gone.")])]
    rows.append(cell(room, 18, [Run(cohorts)]))
    return table(f"<TR><TD>{table([f'<TR>{row}</TR>'])}</TD></TR>" for row in rows)


def _swatch(colour: str) -> str:
    rows = (cell(40, 7), cell(40, 4, colour=colour), cell(40, 7))
    return f"<TD>{table(f'<TR>{row}</TR>' for row in rows)}</TD>"
