"""All that a page shows of the cases, measured: for `publish` to draw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from mining.bottlenecks import bottlenecks
from mining.changed import changed
from mining.discovery import SECOND, directly_follows, kpis, projections, rework, variants
from mining.downloads import write_cases
from mining.findings import Graph, Model, Variant
from mining.flowchart.simplify import default_level, levels, phone_level
from mining.lifetimes import Lifetimes
from mining.measured import Discovered, Located, Span
from mining.morning import morning
from mining.process import Process
from mining.spectrum import spectrum
from mining.store import Tables


def discover_all(tables: Tables, process: Process, end: datetime, beside: Path) -> Discovered:
    """Of all cases; the model and the list of cases are written into the folder `beside`, too."""
    from mining.model import discover  # noqa: PLC0415 - pm4py takes seconds to import

    found = discover(variants(tables))
    found.write(beside)
    write_cases(process, tables, beside / "cases.parquet")
    return _discovered(tables, process, end, found.variants, found.model, found.note, few=False)


def discover_part(tables: Tables, process: Process, end: datetime) -> Discovered:
    """Of a part of the cases: without a model of its own, and with few levels of the map."""
    return _discovered(tables, process, end, variants(tables), None, "", few=True)


def locate(tables: Tables, process: Process, graph: Graph) -> Located:
    """Where the time goes; `graph` is that of all activities."""
    ranked = bottlenecks(tables, graph)
    return Located(ranked, spectrum(tables, Lifetimes.of(tables, process), ranked))


def level_graphs(tables: Tables, full: Graph, main: tuple[str, ...], *, few: bool = False) -> tuple[Graph, ...]:
    """Mine the log at each level of the map.

    Args:
        tables: of the night.
        full: the graph with all activities, at least one.
        main: the activities of the most frequent variant, in their order.
        few: at most three levels.
    """
    kept = levels(full, main)
    return tuple(projections(tables, full, _three(full, kept) if few else kept))


def _discovered(
    tables: Tables,
    process: Process,
    end: datetime,
    ways: tuple[Variant, ...],
    model: Model | None,
    model_note: str,
    *,
    few: bool,
) -> Discovered:
    graph = directly_follows(tables)
    moved = changed(tables, process, end)
    return Discovered(
        graph=graph,
        levels=level_graphs(tables, graph, ways[0].activities, few=few),
        variants=ways,
        model=model,
        model_note=model_note,
        kpis=kpis(tables, process, round(end.timestamp() * SECOND)),
        rework=rework(tables),
        changed=moved,
        span=_span(tables),
        morning=morning(tables, process, (), moved, None),
    )


def _three(full: Graph, kept: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The level for a phone, the one to open with, and the last."""
    chosen = {phone_level(kept), default_level(full, kept), len(kept) - 1}
    return tuple(kept[place] for place in sorted(chosen))


def _span(tables: Tables) -> Span:
    query = """select min(first_us), max(last_us), sum(simultaneous) / sum(events) from cases"""
    first, last, ties = tables.engine.con.execute(query).fetchall()[0]
    return Span(_iso(first), _iso(last), round(ties, 6))


def _iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / SECOND, UTC).isoformat()
