"""From measures to a folder: findings.json, the map at its levels, the page and the downloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from mining.downloads import offered, write_tables
from mining.findings import Check, Data, Findings, Watch
from mining.flowchart import DifferenceChart, draw_difference
from mining.languages import Language, speaking
from mining.maps import Maps, draw_maps
from mining.measured import Discovered, Located, kept
from mining.morning_findings import Morning
from mining.pages.charts import Drawing, Ordered, has_charts, order_charts
from mining.pages.engine import Engine, start
from mining.pages.night_page import write_night
from mining.pages.one_page import FILE as ONE_PAGE
from mining.pages.one_page import one_page
from mining.pages.summary import FINDINGS, write_summary
from mining.pages.views import Views, take_views
from mining.process import Process
from mining.store import Batch
from mining.verdict import cause

VARIANTS_KEPT = 100  # in findings.json; variants.csv has all
MEASURED = ("model.bpmn", "model.pnml", "cases.parquet")  # files of the night that are made where it is measured


@dataclass(frozen=True)
class Mined:
    """A night that is to be published."""

    process: Process
    day: date
    end: datetime
    seen: tuple[Batch, ...]  # the batches that this night or an earlier one pulled; never none
    work: Path
    settings: Path

    @property
    def own_batches(self) -> tuple[Batch, ...]:
        return tuple(batch for batch in self.seen if batch.night == self.day.isoformat())


def publish(night: Mined, engine: Engine) -> Path:
    """Write the night's folder beside its final place and return it; the engine draws its charts."""
    found = kept(Discovered, night.work)
    findings = findings_of(night, found, kept(Located, night.work), kept(Watch, night.work))
    if findings.morning and has_charts(findings.morning):
        start(engine)
    site = night.work / "site"
    site.mkdir(exist_ok=True)
    for name in MEASURED:
        if (night.work / name).exists():
            (night.work / name).rename(site / name)
    write_summary(findings, site)
    write_folder(night, findings, found, site, take_views(night.work, site), engine)
    return site


def write_folder(night: Mined, findings: Findings, found: Discovered, site: Path, views: Views, engine: Engine) -> None:
    """Write what there is to see of the whole night, or of the part of the cases that was found, in all languages.

    The files beside the page are in the first one.
    """
    site.mkdir(exist_ok=True)
    charts = {language: _order_charts(findings, language, engine) for language in night.process.spoken}
    (site / "findings.json").write_bytes(FINDINGS.dump_json(findings, indent=1))
    write_tables(findings, found.variants, site)
    maps = {language: _draw_maps(night, findings, found, language, views) for language in charts}
    first = night.process.spoken[0]
    _write_pictures(maps[first], site, views)
    for language, ordered in charts.items():
        with speaking(language):
            drawn = {chart.name: chart.drawn() for chart in ordered}
            if language == first:
                _write_sheets(findings, maps[first], drawn, site, views)
            shown, difference = maps[language].night.shown, maps[language].difference
            write_night(findings, shown, offered(site), site, difference, drawn, views)


def _order_charts(findings: Findings, language: Language, engine: Engine) -> tuple[Ordered, ...]:
    with speaking(language):
        return order_charts(findings.morning, engine)


@dataclass(frozen=True)
class _Drawn:
    """What Graphviz draws of a night, in one language."""

    night: Maps
    difference: DifferenceChart | None


def _draw_maps(night: Mined, findings: Findings, found: Discovered, language: Language, views: Views) -> _Drawn:
    main, title, moved = found.variants[0].activities, night.process.title, findings.changed
    part = views.current is not None
    with speaking(language):
        maps = draw_maps(found.levels, found.graph, main, findings.bottlenecks, night.settings, title, few=part)
        return _Drawn(maps, draw_difference(moved, main, title) if moved and moved.any else None)


def _write_pictures(maps: _Drawn, site: Path, views: Views) -> None:
    """The maps to take away."""
    maps.night.write(site, ("svg",) if views.current else ("svg", "dot", "png", "pdf"))
    if maps.difference:
        (site / "changed.svg").write_text(maps.difference.svg, encoding="utf-8")


def _write_sheets(findings: Findings, maps: _Drawn, charts: Mapping[str, Drawing], site: Path, views: Views) -> None:
    """The charts to take away and, of a whole night, the sheet of paper."""
    for name, chart in charts.items():
        (site / f"{name}.svg").write_text(chart.wide, encoding="utf-8")
    if not views.current:
        (site / ONE_PAGE).write_bytes(one_page(findings, maps.night.file.svg, charts))


def findings_of(night: Mined, found: Discovered, located: Located, watch: Watch | None) -> Findings:
    """Put together what was measured."""
    process = night.process
    return Findings(
        process=process.process,
        title=process.title,
        owner=process.owner.name if process.owner else None,
        night=night.day.isoformat(),
        timezone=str(process.zone),
        data=_data(night, found),
        checks=_checks(night),
        kpis=found.kpis,
        graph=found.graph,
        variants=found.variants[:VARIANTS_KEPT],
        variants_total=len(found.variants),
        model=found.model,
        model_note=found.model_note,
        bottlenecks=located.bottlenecks,
        rework=found.rework,
        changed=found.changed,
        watch=watch,
        morning=_morning(found, located, watch),
        languages=process.language_codes,
    )


def _morning(found: Discovered, located: Located, watch: Watch | None) -> Morning:
    headline = found.morning.headline
    if headline:
        after, step = cause(headline.tone, watch.open if watch else (), found.changed)
        headline = replace(headline, after=after, step=step)
    return replace(found.morning, headline=headline, spectrum=located.spectrum)


def _checks(night: Mined) -> tuple[Check, ...]:
    """What the gate said of the night's own pull; of the newest one before, where the night brought nothing."""
    return (night.own_batches or night.seen)[-1].checks


def _data(night: Mined, found: Discovered) -> Data:
    return Data(
        first_event=found.span.first_event,
        last_event=found.span.last_event,
        data_through=night.end.astimezone(UTC).isoformat(),
        new_events=sum(batch.rows for batch in night.own_batches),
        quarantined=sum(batch.set_aside for batch in night.seen),
        ties=found.span.ties,
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
