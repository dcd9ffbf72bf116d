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
from mining.flowchart.dot import add_arrow, add_pill, box, drawing_of, pill_name
from mining.flowchart.durations import NBSP, duration_text, pair_text, percent_text
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
from mining.languages import _, count_text, ngettext, number

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
        _sheet, dot, raw = render_first(sheets, partial(_Sheet.dot, legend=legend), _SECONDS)
        drawn[legend] = (dot, standalone(raw, clean(title), cohorts_text(changed), said))
    return DifferenceChart(*drawn[True], drawn[False][1])


def cohorts_text(changed: Changed) -> str:
    """Say which cases stand beside which: `2011-05-21 to 2011-11-04 (516 cases) → …`."""
    return " → ".join(_period_text(period) for period in (changed.before, changed.after) if period)


def sentences(changed: Changed) -> dict[str, str]:
    """Say each step and path in a sentence, by the id of its element."""
    said = {step_id(step.activity): _of_step(step) for step in changed.steps}
    said |= {path_id(path.source, path.target): _of_path(path) for path in changed.paths}
    still = _("Open: not finished in the time that each case is followed")
    return said | {START: pill_name(START), END: pill_name(END), OPEN: still}


def _period_text(period: Period) -> str:
    text = ngettext("{first} to {last} ({n} case)", "{first} to {last} ({n} cases)", period.cases)
    return text.format(first=period.first, last=period.last, n=count_text(period.cases))


def _per_hundred(before: float, after: float) -> str:
    return f"{number(100 * before, 0)}{NBSP}→{NBSP}{number(100 * after, 0)}"


def _of_step(step: StepChange) -> str:
    text = _("{step}: {n} times per 100 cases")
    return text.format(step=display_name(step.activity), n=_per_hundred(step.before, step.after))


def _of_path(path: PathChange) -> str:
    text = _("{source} → {target}: {shares} of the cases")
    wait = ""
    if path.wait_before_s is not None and path.wait_after_s is not None:
        wait = pair_text(path.wait_before_s, path.wait_after_s)
        text = _("{source} → {target}: no clear change of the wait, average wait {wait}; {shares} of the cases")
        if path.slower:
            text = _("{source} → {target}: slower, average wait {wait}; {shares} of the cases")
        if path.faster:
            text = _("{source} → {target}: faster, average wait {wait}; {shares} of the cases")
    names = {"source": display_name(path.source), "target": display_name(path.target)}
    return text.format(**names, wait=wait, shares=percent_text(_per_hundred(path.share_before, path.share_after)))


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
        add_pill(drawing, START, pill_name(START), "")
        for step in order:
            label = _step_label(steps[step])
            group = {"group": "main"} if step in spine else {}
            drawing.node(step, f"<{label.html}>", **box(step, "act", label, LIGHT["card"], LIGHT["border"]), **group)
        ends = {path.target for path in self.shown}
        finished = _finished(self.changed)
        if END in ends:
            add_pill(drawing, END, pill_name(END), _("{n} per 100 cases").format(n=_per_hundred(*finished)))
        if OPEN in ends:
            still = _per_hundred(1 - finished[0], 1 - finished[1])
            add_pill(drawing, OPEN, pill_name(OPEN), _("{n} per 100").format(n=still))
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
    runs.append(
        (Run(_("{n} per 100 cases").format(n=_per_hundred(step.before, step.after)), 11, step.changed, colour), 15)
    )
    rows = [gap_row(7, 2), *(text_row(run, high, 2) for run, high in runs), gap_row(7, 2)]
    return Label(table(rows), STEP_WIDTH, 14 + sum(high for _run, high in runs))


def _path_label(change: PathChange, way: str, wide: float) -> str:
    """Write by how much a path changed, from what to what; nothing where nothing is told from chance."""
    lines = []
    before, after = change.wait_before_s, change.wait_after_s
    if way != "same" and before is not None and after is not None:
        sign = "▲" if change.slower else "▼"
        lines.append((Run(f"{sign} {duration_text(abs(after - before))}", 12, True, LIGHT[way]), 16))
        lines.append((Run(pair_text(before, after)), 14))
    if change.share_changed:
        share = _("{share} of cases").format(share=percent_text(_per_hundred(change.share_before, change.share_after)))
        lines.append((Run(share, 11, True, LIGHT["ink"]), 14))
    if not lines:
        return ""
    room = max(room_of([run]) for run, _high in lines)
    return table(f"<TR>{cell(distance_of(wide), high)}{cell(room, high, [run])}</TR>" for run, high in lines)


def _legend(cohorts: str) -> str:
    """The key below the picture: what the colours and the lines mean, and which cases were compared."""
    signs = (
        ("slower", f"▲ {_('slower')}", 90),
        ("faster", f"▼ {_('faster')}", 90),
        ("same", _("no clear change"), 150),
    )
    marks = "".join(_swatch(LIGHT[way]) + cell(6, 18) + cell(room, 18, [Run(text)]) for way, text, room in signs)
    room = 3 * 46 + sum(room for _way, _text, room in signs)
    lines = _("Line width = share of cases. Dashed: new. Dotted: gone.")
    rows = [cell(room, 12), marks, cell(room, 18, [Run(lines)])]
    rows.append(cell(room, 18, [Run(cohorts)]))
    return table(f"<TR><TD>{table([f'<TR>{row}</TR>'])}</TD></TR>" for row in rows)


def _swatch(colour: str) -> str:
    rows = (cell(40, 7), cell(40, 4, colour=colour), cell(40, 7))
    return f"<TD>{table(f'<TR>{row}</TR>' for row in rows)}</TD>"
