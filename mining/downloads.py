"""The files beside a page: tables to take further, and what each of them is."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from mining.figures import figure_rows
from mining.findings import Bottleneck, Findings, Variant
from mining.languages import N_, _
from mining.pages.night_page import Download
from mining.process import Process
from mining.sources.quoting import literal, quoted
from mining.store import Tables

DOWNLOADS = {
    "night.pdf": (N_("The night on one page, PDF"), N_("for the weekly meeting")),
    "map.svg": (N_("Map, SVG"), N_("the map as shown, with its legend")),
    "map.pdf": (N_("Map, PDF"), N_("for printing")),
    "map.png": (N_("Map, PNG"), N_("for slides")),
    "map.dot": (N_("Map, DOT"), N_("Graphviz source")),
    "model.bpmn": (N_("Model, BPMN"), N_("the discovered model for BPMN tools")),
    "model.pnml": (N_("Model, PNML"), N_("the same as a Petri net")),
    "changed.svg": (N_("What changed, SVG"), N_("the map of what changed, with its legend")),
    "changed.csv": (N_("What changed, CSV"), N_("every path before and after, with moves and waits in seconds")),
    "trend.svg": (N_("Trend, SVG"), N_("typical time by week, with its limits")),
    "trend.csv": (N_("Trend, CSV"), N_("the weeks, their phases and signals")),
    "cohorts.svg": (N_("Finished by age, SVG"), N_("one curve per month of start")),
    "cohorts.csv": (N_("Finished by age, CSV"), N_("the points of the curves")),
    "spectrum.svg": (N_("Worst bottleneck, SVG"), N_("the moves, each from coming to leaving")),
    "spectrum.csv": (N_("Worst bottleneck, CSV"), N_("the moves drawn")),
    "workload.svg": (N_("Workload, SVG"), N_("steps by week and resource")),
    "workload.csv": (N_("Workload, CSV"), N_("the same as numbers")),
    "handovers.csv": (N_("Hand-overs, CSV"), N_("who hands over to whom")),
    "open-cases.csv": (N_("Oldest open cases, CSV"), N_("with their links")),
    "flows.csv": (N_("Paths, CSV"), N_("every move from one step to the next, with counts and waits in seconds")),
    "variants.csv": (N_("Variants, CSV"), N_("every way of running, with counts")),
    "bottlenecks.csv": (N_("Bottlenecks, CSV"), N_("the ranked hand-overs")),
    "cases.parquet": (N_("Cases, Parquet"), N_("one row per case: start, end, cycle time, segments")),
    "findings.json": (N_("Findings, JSON"), N_("everything on this page")),
}


def offered(site: Path) -> list[Download]:
    """Those that are there, in the spoken language."""
    return [Download(_(label), name, _(about)) for name, (label, about) in DOWNLOADS.items() if (site / name).exists()]


def write_tables(findings: Findings, variants: Sequence[Variant], site: Path) -> None:
    """The numbers behind the pictures and lists of a page, as CSV; of all `variants`, which the findings may not hold."""
    write_csv(site / "flows.csv", [asdict(flow) for flow in findings.graph.flows])
    ways = [{**asdict(variant), "activities": " > ".join(variant.activities)} for variant in variants]
    write_csv(site / "variants.csv", ways)
    write_csv(site / "bottlenecks.csv", [_bottleneck(bottleneck) for bottleneck in findings.bottlenecks])
    if findings.changed and findings.changed.paths:
        write_csv(site / "changed.csv", [asdict(path) for path in findings.changed.paths])
    for name, rows in figure_rows(findings.morning).items() if findings.morning else ():
        write_csv(site / f"{name}.csv", rows)


def _bottleneck(found: Bottleneck) -> dict[str, Any]:
    plain = {field.name: getattr(found, field.name) for field in fields(Bottleneck) if field.name != "share_interval"}
    return {**plain, "share_low": found.share_interval.low, "share_high": found.share_interval.high}


def write_csv(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Rows as CSV with a header line; no rows, no file content."""
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as handle:
        if rows:
            writer = csv.DictWriter(handle, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def write_cases(process: Process, tables: Tables, path: Path) -> None:
    """One row per case, readable: case_id, first and last event (UTC), finished, cycle time in seconds, segments by name."""
    named = [(f"segment_{number}", name) for number, name in enumerate(process.segments, 1)]
    segments = "".join(f", {column}.name as {quoted(name)}" for column, name in named)
    joins = "".join(
        f" left join names {column} on {column}.kind = '{column}' and {column}.code = cases.{column}"
        for column, _name in named
    )
    _copy(
        tables,
        f"""select case_id, make_timestamp(first_us) as first_event, make_timestamp(last_us) as last_event, events,
        stop is not null as finished, cycle_us / 1e6 as cycle_time_s {segments} from cases {joins} order by first_us, case_id""",
        path,
    )


def write_steps(tables: Tables, path: Path) -> None:
    """One row per event, readable: case_id, position, activity, after, completed, started (UTC), waits in seconds, resource."""
    _copy(
        tables,
        """select c.case_id, s.position, a.name as activity, b.name as after, make_timestamp(s.completed_us) as completed,
        make_timestamp(s.started_us) as started, s.wait_us / 1e6 as wait_s, s.processing_us / 1e6 as processing_s,
        s.sojourn_us / 1e6 as sojourn_s, r.name as resource
        from steps s join cases c using ("case") join names a on a.kind = 'activity' and a.code = s.activity
        left join names b on b.kind = 'activity' and b.code = s.after
        left join names r on r.kind = 'resource' and r.code = s.resource
        order by c.first_us, c.case_id, s.position""",
        path,
    )


def _copy(tables: Tables, query: str, path: Path) -> None:
    options = "format parquet, compression zstd" if path.suffix == ".parquet" else "format csv, header"
    tables.engine.con.execute(f"copy ({query}) to {literal(str(path))} ({options})")
