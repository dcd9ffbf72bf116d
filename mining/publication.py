"""From measures to a folder: findings.json, the map at its levels, the page and the downloads."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import TypeAdapter

from mining.bottlenecks import read_bottlenecks
from mining.changed import changed
from mining.discovery import SECOND, directly_follows, kpis, rework, variants
from mining.downloads import offered, write_cases, write_tables
from mining.findings import Bottleneck, Changed, Check, Data, Findings, Graph, Kpis, Model, Rework, Variant, Watch
from mining.flowchart import draw_difference
from mining.languages import Language, speaking, spoken
from mining.maps import draw_maps, level_graphs
from mining.morning import morning
from mining.morning_findings import Morning
from mining.pages import Views, draw_charts, take_views, write_night
from mining.pages.charts import Drawing
from mining.pages.one_page import FILE as ONE_PAGE
from mining.pages.one_page import one_page
from mining.pages.summary import write_summary
from mining.process import Process
from mining.store import Batch, Tables
from mining.watching import read_watch

VARIANTS_KEPT = 100  # in findings.json; variants.csv has all


@dataclass(frozen=True)
class Discovered:
    """What `discover` leaves for `publish`."""

    graph: Graph
    levels: tuple[Graph, ...]  # the graph again for each level of the map
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
        return cls._of(tables, process, end, found.variants, found.model, found.note, few=False)

    @classmethod
    def of_part(cls, tables: Tables, process: Process, end: datetime) -> Discovered:
        """Of a part of the cases: without a model of its own."""
        return cls._of(tables, process, end, variants(tables), None, "", few=True)

    @classmethod
    def _of(
        cls,
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
        return cls(
            graph=graph,
            levels=level_graphs(tables, graph, ways[0].activities, few=few),
            variants=ways,
            model=model,
            model_note=model_note,
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
    found = _DISCOVERED.validate_json((night.work / "discovered.json").read_bytes())
    findings = findings_of(night, night.tables, found, read_bottlenecks(night.work), read_watch(night.work))
    site = night.work / "site"
    site.mkdir(exist_ok=True)
    write_cases(night.process, night.tables, site / "cases.parquet")
    for name in ("model.bpmn", "model.pnml"):
        if (night.tables.folder / name).exists():
            (night.tables.folder / name).rename(site / name)
    write_summary(findings, site)
    write_folder(night, findings, found, site, take_views(night.work, site))
    return site


def write_folder(night: Mined, findings: Findings, found: Discovered, site: Path, views: Views) -> None:
    """Write what there is to see of the whole night, or of the part of the cases that was found, in all languages.

    The files beside the page are in the first one.
    """
    site.mkdir(exist_ok=True)
    (site / "findings.json").write_bytes(TypeAdapter(Findings).dump_json(findings, indent=1))
    write_tables(findings, found.variants, site)
    with ThreadPoolExecutor(1) as beside:  # the engine of the charts and Graphviz are not in each other's way
        charts = {language: beside.submit(_charts_in, language, findings.morning) for language in night.process.spoken}
        for language, drawn in charts.items():
            with speaking(language):
                _write_edition(night, findings, found.variants[0].activities, found.levels, drawn, site, views)


def _charts_in(language: Language, found: Morning | None) -> dict[str, Drawing]:
    with speaking(language):
        return draw_charts(found)


def _write_edition(
    night: Mined,
    findings: Findings,
    main: tuple[str, ...],
    graphs: Sequence[Graph],
    drawn: Future[dict[str, Drawing]],
    site: Path,
    views: Views,
) -> None:
    """The page in the spoken language; in the first one the pictures to take away too."""
    title, part, moved = night.process.title, views.current is not None, findings.changed
    maps = draw_maps(graphs, findings.graph, main, findings.bottlenecks, night.settings, title, few=part)
    difference = draw_difference(moved, main, title) if moved and moved.any else None
    charts = drawn.result()
    if spoken() == night.process.spoken[0]:
        maps.write(site, ("svg",) if part else ("svg", "dot", "png", "pdf"))
        pictures = {name: chart.wide for name, chart in charts.items()}
        for name, svg in (pictures | {"changed": difference.svg} if difference else pictures).items():
            (site / f"{name}.svg").write_text(svg, encoding="utf-8")
        if not part:
            (site / ONE_PAGE).write_bytes(one_page(findings, maps.file.svg, charts))
    write_night(findings, maps.shown, offered(site), site, difference, charts, views)


def findings_of(
    night: Mined, tables: Tables, found: Discovered, bottlenecks: tuple[Bottleneck, ...], watch: Watch | None
) -> Findings:
    """Put together what was measured on `tables`."""
    process = night.process
    return Findings(
        process=process.process,
        title=process.title,
        owner=process.owner.name if process.owner else None,
        night=night.day.isoformat(),
        timezone=str(process.zone),
        data=_data(night, tables),
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
        morning=morning(tables, process, bottlenecks, found.changed, watch),
        languages=process.language_codes,
    )


def _checks(night: Mined) -> tuple[Check, ...]:
    """What the gate said of the night's own pull; of the newest one before, where the night brought nothing."""
    return (night.own_batches or night.seen)[-1].checks


def _data(night: Mined, tables: Tables) -> Data:
    query = """select min(first_us), max(last_us), sum(simultaneous) / sum(events) from cases"""
    first, last, ties = tables.engine.con.execute(query).fetchall()[0]
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
