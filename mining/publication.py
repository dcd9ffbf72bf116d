"""From measures to a folder: findings.json, the map at its levels, the page and the downloads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from mining.bottlenecks import read_bottlenecks
from mining.changed import changed
from mining.discovery import SECOND, directly_follows, kpis, rework, variants
from mining.figures import figure_rows
from mining.findings import Bottleneck, Changed, Check, Data, Findings, Graph, Kpis, Model, Rework, Variant
from mining.flowchart import draw_difference
from mining.maps import draw_maps
from mining.morning import morning
from mining.pages import Download, draw_charts, write_night
from mining.process import Process
from mining.sources.quoting import literal, quoted
from mining.store import Batch, Tables
from mining.watching import read_watch

VARIANTS_KEPT = 100  # in findings.json; variants.csv has all
DOWNLOADS = {
    "map.svg": ("Map, SVG", "the map as shown, with its legend"),
    "map.pdf": ("Map, PDF", "for printing"),
    "map.png": ("Map, PNG", "for slides"),
    "map.dot": ("Map, DOT", "Graphviz source"),
    "model.bpmn": ("Model, BPMN", "the discovered model for BPMN tools"),
    "model.pnml": ("Model, PNML", "the same as a Petri net"),
    "changed.svg": ("What changed, SVG", "the map of what changed, with its legend"),
    "changed.csv": ("What changed, CSV", "every path before and after, with moves and waits in seconds"),
    "trend.svg": ("Trend, SVG", "typical time by week, with its limits"),
    "trend.csv": ("Trend, CSV", "the weeks, their phases and signals"),
    "cohorts.svg": ("Finished by age, SVG", "one curve per month of start"),
    "cohorts.csv": ("Finished by age, CSV", "the points of the curves"),
    "spectrum.svg": ("Worst bottleneck, SVG", "the moves, each from coming to leaving"),
    "spectrum.csv": ("Worst bottleneck, CSV", "the moves drawn"),
    "workload.svg": ("Workload, SVG", "steps by week and resource"),
    "workload.csv": ("Workload, CSV", "the same as numbers"),
    "handovers.csv": ("Hand-overs, CSV", "who hands over to whom"),
    "open-cases.csv": ("Oldest open cases, CSV", "with their links"),
    "flows.csv": ("Paths, CSV", "every move from one step to the next, with counts and waits in seconds"),
    "variants.csv": ("Variants, CSV", "every way of running, with counts"),
    "bottlenecks.csv": ("Bottlenecks, CSV", "the ranked hand-overs"),
    "cases.parquet": ("Cases, Parquet", "one row per case: start, end, cycle time, segments"),
    "findings.json": ("Findings, JSON", "everything on this page"),
}


@dataclass(frozen=True)
class Discovered:
    """What `discover` leaves for `publish`."""

    graph: Graph
    variants: tuple[Variant, ...]
    model: Model | None
    model_note: str
    kpis: Kpis
    rework: tuple[Rework, ...]
    changed: Changed

    @classmethod
    def of(cls, tables: Tables, process: Process, end: datetime) -> Discovered:
        from mining.model import discover  # noqa: PLC0415 - pm4py takes seconds to import; publishing does not need it

        found = discover(variants(tables))
        found.write(tables.folder)
        return cls(
            graph=directly_follows(tables),
            variants=found.variants,
            model=found.model,
            model_note=found.note,
            kpis=kpis(tables, process, round(end.timestamp() * SECOND)),
            rework=rework(tables),
            changed=changed(tables, process, end),
        )


_DISCOVERED = TypeAdapter(Discovered)


def write_discovered(discovered: Discovered, work: Path) -> int:
    """Keep the results in the work folder; the number of variants."""
    (work / "discovered.json").write_bytes(_DISCOVERED.dump_json(discovered))
    return len(discovered.variants)


@dataclass(frozen=True)
class Mined:
    """A night that is to be published."""

    process: Process
    day: date
    end: datetime
    tables: Tables
    seen: tuple[Batch, ...]  # the batches that this night or an earlier one pulled; never none
    work: Path
    settings: Path

    @property
    def own_batches(self) -> tuple[Batch, ...]:
        return tuple(batch for batch in self.seen if batch.night == self.day.isoformat())


def publish(night: Mined) -> Path:
    """Write the night's folder beside its final place and return it."""
    process, tables, work = night.process, night.tables, night.work
    found = _DISCOVERED.validate_json((work / "discovered.json").read_bytes())
    bottlenecks = read_bottlenecks(work)
    site = work / "site"
    site.mkdir(exist_ok=True)
    findings = _findings(night, found, bottlenecks)
    (site / "findings.json").write_bytes(TypeAdapter(Findings).dump_json(findings, indent=1))
    main = found.variants[0].activities
    maps = draw_maps(tables, found.graph, main, bottlenecks, night.settings, process.title)
    maps.write(site)
    difference = draw_difference(found.changed, main, process.title) if found.changed.any else None
    if difference:
        (site / "changed.svg").write_text(difference.svg, encoding="utf-8")
    _write_tables(process, tables, found, bottlenecks, site)
    charts = draw_charts(findings.morning)
    for name, chart in charts.items():
        (site / f"{name}.svg").write_text(chart.wide, encoding="utf-8")
    for name, rows in figure_rows(findings.morning).items() if findings.morning else ():
        write_csv(site / f"{name}.csv", rows)
    for name in ("model.bpmn", "model.pnml"):
        if (tables.folder / name).exists():
            (tables.folder / name).rename(site / name)
    offered = [Download(label, name, about) for name, (label, about) in DOWNLOADS.items() if (site / name).exists()]
    write_night(findings, maps.shown, offered, site, difference, charts)
    return site


def _findings(night: Mined, found: Discovered, bottlenecks: tuple[Bottleneck, ...]) -> Findings:
    process, watch = night.process, read_watch(night.work)
    return Findings(
        process=process.process,
        title=process.title,
        owner=process.owner.name if process.owner else None,
        night=night.day.isoformat(),
        timezone=str(process.zone),
        data=_data(night),
        checks=_checks(night),
        kpis=found.kpis,
        graph=found.graph,
        variants=found.variants[:VARIANTS_KEPT],
        variants_total=len(found.variants),
        model=found.model,
        model_note=found.model_note,
        bottlenecks=bottlenecks,
        rework=found.rework,
        changed=found.changed,
        watch=watch,
        morning=morning(night.tables, process, bottlenecks, found.changed, watch),
    )


def _checks(night: Mined) -> tuple[Check, ...]:
    """What the gate said of the night's own pull; of the newest one before, where the night brought nothing."""
    return (night.own_batches or night.seen)[-1].checks


def _data(night: Mined) -> Data:
    query = """select min(first_us), max(last_us), sum(simultaneous) / sum(events) from cases"""
    first, last, ties = night.tables.engine.con.execute(query).fetchall()[0]
    return Data(
        first_event=_iso(first),
        last_event=_iso(last),
        data_through=night.end.astimezone(UTC).isoformat(),
        new_events=sum(batch.rows for batch in night.own_batches),
        quarantined=sum(batch.set_aside for batch in night.seen),
        ties=round(ties, 6),
        ends_rule=_ends_rule(night.process),
        batches=len(night.seen),
        effect=night.own_batches[-1].effect if night.own_batches else None,
    )


def _ends_rule(process: Process) -> str:
    if process.clock:
        return "declared: the clock stops at " + " or ".join(process.clock.stops)
    if process.ends:
        return "declared: " + " or ".join(process.ends)
    return "learned: a case is over when at most 1 in 20 went on after so long a silence at the same step"


def _iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / SECOND, UTC).isoformat()


def _write_tables(
    process: Process, tables: Tables, found: Discovered, bottlenecks: Sequence[Bottleneck], site: Path
) -> None:
    write_csv(site / "flows.csv", [asdict(flow) for flow in found.graph.flows])
    ways = [{**asdict(variant), "activities": " > ".join(variant.activities)} for variant in found.variants]
    write_csv(site / "variants.csv", ways)
    names = [field.name for field in fields(Bottleneck) if field.name != "share_interval"]
    rows = [
        {
            **{name: getattr(b, name) for name in names},
            "share_low": b.share_interval.low,
            "share_high": b.share_interval.high,
        }
        for b in bottlenecks
    ]
    write_csv(site / "bottlenecks.csv", rows)
    if found.changed.paths:
        write_csv(site / "changed.csv", [asdict(path) for path in found.changed.paths])
    write_cases(process, tables, site / "cases.parquet")


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
