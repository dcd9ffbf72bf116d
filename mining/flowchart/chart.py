"""The map of a process at one level: what it shows, as DOT and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from mining.findings import Bottleneck, Graph
from mining.flowchart.dot import Sheet, dot_source, empty_source
from mining.flowchart.durations import count_text, share_text
from mining.flowchart.lettering import clean
from mining.flowchart.render import LayoutError, render
from mining.flowchart.scale import Scale
from mining.flowchart.sentences import sentences
from mining.flowchart.simplify import Path, all_paths, flagged, main_pairs, selections, share_of_moves
from mining.flowchart.svg import inline, standalone

_NOTHING = "No cases to show yet"


@dataclass(frozen=True)
class Chart:
    """A drawn map. Paths are flows between steps as well as those from Start, to End and to Open."""

    activities_shown: int
    activities_total: int
    flows_shown: int
    flows_total: int  # at this level
    coverage: float  # share of all moves at this level that the shown paths carry
    dot: str
    svg: str  # a file of its own, with legend and style sheet

    def inline_svg(self, prefix: str) -> str:
        """Give the drawing for a page that has `MAP_CSS`; `prefix` keeps the ids of several maps on it apart."""
        return inline(self.svg, prefix)


def draw(
    graph: Graph,
    *,
    full: Graph,
    main: tuple[str, ...],
    bottlenecks: Sequence[Bottleneck],
    scale: Scale,
    title: str,
    timeout_s: float = 10,
    coverage: float = 0.9,
) -> Chart:
    """Draw the map of one level.

    Args:
        graph: the directly-follows graph of the level, from the log projected on its activities.
        full: the graph with all activities; line widths refer to it.
        main: the activities of the most frequent variant, in their order.
        bottlenecks: those with rank 1 to 5 get a badge, where the level shows both steps.
        scale: colours of waits; keep it per process.
        title: name of the picture for those who do not see it.
        timeout_s: time for the whole drawing. Where a layout does not end or fails, fewer paths are tried.
        coverage: share of all moves that the shown paths should carry; above 0.95 also where that makes many paths.

    Raises:
        LayoutTimeoutError: not even the backbone could be laid out in time.
        LayoutError: Graphviz failed.
        ValueError: the graph's counts do not add up: some step is not on a way from Start to End or Open.
    """
    paths = all_paths(graph)
    if not graph.activities or not paths:
        dot = empty_source(_NOTHING)
        svg = standalone(render(dot, "svg", timeout_s), clean(title), _NOTHING, {})
        return Chart(0, graph.activities_total, 0, 0, 1.0, dot, svg)
    ranks = flagged(graph, bottlenecks)
    spine = main_pairs(graph, main)
    n_max = max(path.n for path in (*paths, *all_paths(full)))
    choices = selections(paths, len(graph.activities), set(spine) | set(ranks), coverage)
    sheets = [Sheet(graph, shown, n_max, spine, ranks, scale, _summary(graph, shown, paths)) for shown in choices]
    sheet, dot, raw = _first_in_time(sheets, timeout_s)
    svg = standalone(raw, clean(title), sheet.summary, sentences(graph, ranks))
    share = share_of_moves(sheet.shown, paths)
    return Chart(len(graph.activities), graph.activities_total, len(sheet.shown), len(paths), share, dot, svg)


def _first_in_time(sheets: Sequence[Sheet], timeout_s: float) -> tuple[Sheet, str, bytes]:
    """Lay out the first sheet that Graphviz can do; each may take half of the time left, the last all of it."""
    end = monotonic() + timeout_s
    for sheet in sheets[:-1]:
        dot = dot_source(sheet)
        try:
            return sheet, dot, render(dot, "svg", (end - monotonic()) / 2)
        except LayoutError:
            continue
    dot = dot_source(sheets[-1])
    return sheets[-1], dot, render(dot, "svg", max(0.01, end - monotonic()))


def _summary(graph: Graph, shown: Sequence[Path], paths: Sequence[Path]) -> str:
    steps = f"{count_text(len(graph.activities))} of {count_text(graph.activities_total)} steps"
    return f"{steps} · {count_text(len(shown))} paths · {share_text(share_of_moves(shown, paths))} of all moves"
