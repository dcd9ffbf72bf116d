"""How the work really runs: the directly-follows graph, the variants, what is done twice, and the cycle times."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import ibis
from ibis import _

from mining.findings import Activity, Flow, Graph, Kpis, Rework, Variant
from mining.process import Process
from mining.quantiles import weighted_quantiles
from mining.store import Tables

SECOND = 1_000_000  # microseconds
MINUTE = 60 * SECOND
TIMER_SHARE, TIMER_MOVES, TIMER_LEAST_S = 0.15, 30, 3600.0  # when a wait is a timer, not a queue
Times = dict[tuple[int, int], dict[str, Any]]  # of the waits of each pair of codes: see `_times`
_28_DAYS = 28 * 24 * 3600 * SECOND


def directly_follows(tables: Tables, keep: Collection[str] | None = None) -> Graph:
    """The directly-follows graph of all visible cases, or of the log projected on the activities `keep`.

    Projection removes the other events first and looks at what follows what then, so that flows stay balanced
    (van der Aalst 2019 on what goes wrong when edges are filtered instead). Counts are of all cases; waits in seconds, of all
    moves, but where a projected path passes hidden steps of a log of more than about two million events: of a fixed sample.
    """
    return _graph(tables, keep, _times(tables, tables.waits))


def projections(tables: Tables, full: Graph, levels: Iterable[Collection[str]]) -> Iterator[Graph]:
    """The graph of each level, as `directly_follows` gives it; `full` is that with all activities."""
    times = _times(tables, tables.waits)
    for keep in levels:
        yield full if len(keep) == len(full.activities) else _graph(tables, keep, times)


def _graph(tables: Tables, keep: Collection[str] | None, times: Times) -> Graph:
    paths = _paths(tables, keep)
    counts = tables.rows(tables.ways.aggregate(cases=_.cases.sum(), open=_.cases.sum(where=_.stop.isnull())))[0]
    activities = _activities(tables, paths)
    return Graph(
        cases=counts["cases"],
        finished=counts["cases"] - (counts["open"] or 0),
        open=counts["open"] or 0,
        events=sum(activity.events for activity in activities),
        events_total=tables.state.events,
        activities=activities,
        activities_total=len(tables.names),
        flows=_flows(tables, paths, keep, times),
    )


def _codes(tables: Tables, keep: Collection[str]) -> list[int]:
    return [code for code, name in tables.names.items() if name in set(keep)]


def _paths(tables: Tables, keep: Collection[str] | None) -> Any:
    """The steps of every variant, each with the kept one before it, and with the cases that run so: all and the open ones."""
    cases = tables.ways.group_by("variant").aggregate(cases=_.cases.sum(), open=_.cases.sum(where=_.stop.isnull()))
    told = (
        tables.variants.select("variant", "activities")
        .unnest("activities", offset="place")
        .rename(activity="activities")
    )
    if keep is not None:
        told = told.filter(_.activity.isin(_codes(tables, keep)))
    in_variant = ibis.window(group_by="variant", order_by="place")
    told = told.mutate(
        after=_.activity.lag().over(in_variant),
        skipping=_.place - _.place.lag().over(in_variant) > 1,
        last=_.place.lead().over(in_variant).isnull(),
    )
    return told.join(cases, "variant").cache()


def _activities(tables: Tables, paths: Any) -> tuple[Activity, ...]:
    each = paths.group_by("variant", "activity").aggregate(times=_.count(), cases=_.cases.max())
    cases = each.group_by("activity").aggregate(
        cases=_.cases.sum(), repeating=_.cases.sum(where=_.times > 1), events=(_.times * _.cases).sum()
    )
    places = paths.group_by("activity").aggregate(
        starts=_.cases.sum(where=_.after.isnull()), last=_.cases.sum(where=_.last), open=_.open.sum(where=_.last)
    )
    worked = {row["activity"]: row for row in tables.rows(tables.work)}
    found = [
        Activity(
            name=tables.names[row["activity"]],
            events=int(row["events"]),
            cases=int(row["cases"]),
            cases_repeating=int(row["repeating"] or 0),
            starts=int(row["starts"] or 0),
            ends=int((row["last"] or 0) - (row["open"] or 0)),
            open=int(row["open"] or 0),
            mean_processing_s=_mean_processing(worked.get(row["activity"])),
        )
        for row in tables.rows(cases.join(places, "activity"))
    ]
    return tuple(sorted(found, key=lambda activity: (-activity.cases, activity.name)))


def _mean_processing(work: dict[str, int] | None) -> float | None:
    return round(work["processing_us"] / work["processed"] / SECOND, 3) if work else None


def _flows(tables: Tables, paths: Any, keep: Collection[str] | None, times: Times) -> tuple[Flow, ...]:
    pair = ["after", "activity"]
    moves = paths.filter(_.after.notnull())
    each = moves.group_by("variant", *pair).aggregate(times=_.count(), skips=_.skipping.sum(), cases=_.cases.max())
    counted = tables.rows(
        each.group_by(pair).aggregate(
            n=(_.times * _.cases).sum(), cases=_.cases.sum(), skipping=(_.skips * _.cases).sum()
        )
    )
    if keep is not None:
        skipped = {(row["after"], row["activity"]) for row in counted if row["skipping"]}
        times = times | {pair: row for pair, row in _times(tables, _sampled(tables, keep)).items() if pair in skipped}
    found = [_flow(tables, row, times[row["after"], row["activity"]]) for row in counted]
    return tuple(sorted(found, key=lambda flow: (-flow.n, flow.source, flow.target)))


def _sampled(tables: Tables, keep: Collection[str]) -> Any:
    """Waits from one kept step to the next, of the sample."""
    in_case = ibis.window(group_by="case", order_by="position")
    kept = tables.sample.filter(_.activity.isin(_codes(tables, keep))).mutate(
        after=_.activity.lag().over(in_case), enabled_us=_.completed_us.lag().over(in_case)
    )
    wait = ibis.greatest(0, ibis.coalesce(_.started_us, _.completed_us) - _.enabled_us)
    waits = kept.filter(_.after.notnull()).mutate(us=wait)
    return waits.group_by("after", "activity", "us").aggregate(n=_.count()).mutate(total_us=_.us * _.n).cache()


def _times(tables: Tables, waits: Any) -> Times:
    """Per pair: how many waits, their sum, quantiles, sum with the longest 1 % cut, and the commonest minute."""
    pair = ["after", "activity"]
    quantiles = weighted_quantiles(waits, pair, {"median": 0.5, "p90": 0.9, "p99": 0.99})
    totals = (
        waits.join(quantiles, pair)
        .group_by(pair)
        .aggregate(
            waits=_.n.sum(),
            total=_.total_us.sum(),
            capped=ibis.ifelse(_.us <= _.p99, _.total_us, (_.n * _.p99).round().cast("int64")).sum(),
            median=_.median.max(),
            p90=_.p90.max(),
        )
    )
    minutes = waits.group_by(*pair, minute=_.us // MINUTE).aggregate(hits=_.n.sum())
    first = ibis.window(group_by=pair, order_by=[ibis.desc("hits"), "minute"])
    commonest = minutes.mutate(place=ibis.row_number().over(first)).filter(_.place == 0).drop("place")
    rows = tables.rows(totals.join(commonest, pair))
    return {(row["after"], row["activity"]): row for row in rows}


def _flow(tables: Tables, row: dict[str, Any], times: dict[str, Any]) -> Flow:
    """One flow; its sum of waits is that of all moves, by the mean of those that were timed."""
    n, timed, timer_s = int(row["n"]), int(times["waits"]), times["minute"] * 60.0
    total, capped = int(times["total"]), int(times["capped"])
    timer = timed >= TIMER_MOVES and times["hits"] >= TIMER_SHARE * timed and timer_s > TIMER_LEAST_S
    return Flow(
        source=tables.names[row["after"]],
        target=tables.names[row["activity"]],
        n=n,
        cases=int(row["cases"]),
        total_s=total / SECOND if timed == n else round(total / SECOND / timed * n, 3),
        mean_s=round(total / SECOND / timed, 3),
        winsorised_mean_s=round(capped / SECOND / timed, 3),
        median_s=round(times["median"] / SECOND, 3),
        p90_s=round(times["p90"] / SECOND, 3),
        skipping=int(row["skipping"] or 0),
        timer_s=timer_s if timer else None,
    )


def variants(tables: Tables, most: int | None = None) -> tuple[Variant, ...]:
    """The ways of running, most cases first; `fitness` is left for the model to fill in."""
    counted = tables.ways.group_by("variant").aggregate(cases=_.cases.sum(), open=_.cases.sum(where=_.stop.isnull()))
    chosen = counted.join(tables.variants, "variant").order_by(ibis.desc("cases"), "path")
    chosen = (chosen if most is None else chosen.limit(most)).cache()
    finished = tables.cycles.filter(_.stop.notnull()).semi_join(chosen, "variant")
    times = weighted_quantiles(finished, ["variant"], {"median": 0.5})
    total = tables.rows(tables.ways.aggregate(n=_.cases.sum()))[0]["n"]
    return tuple(
        Variant(
            activities=tuple(tables.names[code] for code in row["activities"]),
            cases=row["cases"],
            share=row["cases"] / total,
            open=row["open"] or 0,
            median_cycle_s=None if row["median"] is None else round(row["median"] / SECOND, 3),
            fitness=None,
        )
        for row in tables.rows(chosen.left_join(times, "variant").order_by(ibis.desc("cases"), "path"))
    )


def rework(tables: Tables) -> tuple[Rework, ...]:
    """Activities that cases go through more than once, most cases first, with the cycle times with and without."""
    told = tables.variants.select("variant", activity=_.activities.unnest())
    times = told.group_by("variant", "activity").aggregate(times=_.count())
    times = times.semi_join(times.filter(_.times > 1), "activity").cache()
    running = tables.ways.group_by("variant").aggregate(n=_.cases.sum())
    counted = (
        times.join(running, "variant")
        .group_by("activity")
        .aggregate(having=_.n.sum(), cases=_.n.sum(where=_.times > 1), repeats=((_.times - 1) * _.n).sum())
    )
    medians = tables.rows(weighted_quantiles(_cycles(tables, times), ["activity", "repeated"], {"median": 0.5}))
    median = {(row["activity"], row["repeated"]): row["median"] for row in medians}
    return tuple(
        Rework(
            activity=tables.names[row["activity"]],
            cases=int(row["cases"]),
            share=int(row["cases"]) / int(row["having"]),
            repeats=int(row["repeats"]),
            median_cycle_s=_seconds(median.get((row["activity"], True))),
            median_cycle_without_s=_seconds(median.get((row["activity"], False))),
        )
        for row in sorted(
            tables.rows(counted.filter(_.cases > 0)), key=lambda row: (-row["cases"], tables.names[row["activity"]])
        )
    )


def _cycles(tables: Tables, times: Any) -> Any:
    """Cycle times of finished cases, by activity and whether they repeat it.

    Variants that repeat the same and have the same once are brought together first: they are few, however many cases.
    """
    marks = times.mutate(mark=_.activity.cast("int64") * 2 + (_.times > 1).cast("int64"))
    kinds = marks.group_by("variant").aggregate(marks=_.mark.collect(order_by="mark"))
    kinds = kinds.mutate(kind=ibis.dense_rank().over(ibis.window(order_by="marks"))).cache()
    finished = tables.cycles.filter(_.stop.notnull()).join(kinds.select("variant", "kind"), "variant")
    by_kind = finished.group_by("kind", "cycle_class").aggregate(n=_.n.sum(), total_us=_.total_us.sum())
    told = kinds.select("kind", "marks").distinct().select("kind", mark=_.marks.unnest())
    each = by_kind.join(told, "kind")
    return (
        each.group_by(activity=_.mark // 2, repeated=_.mark % 2 == 1, cycle_class=_.cycle_class)
        .aggregate(n=_.n.sum(), total_us=_.total_us.sum())
        .mutate(us=_.total_us // _.n)
    )


def _seconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else round(microseconds / SECOND, 3)


def kpis(tables: Tables, process: Process, night_end_us: int) -> Kpis:
    """The morning's numbers; times in seconds, of finished cases, beside the count of the open ones."""
    target = process.targets[0] if process.targets else None
    target_us = None if target is None else int(target.at_most.total_seconds() * SECOND)
    age = night_end_us - _.first_us
    row = tables.rows(
        tables.cases.aggregate(
            recent=(_.first_us + _.cycle_us > night_end_us - _28_DAYS).sum(),
            within=(_.cycle_us <= (target_us or 0)).sum(),
        )
    )[0]
    counted = tables.rows(tables.ways.aggregate(cases=_.cases.sum(), finished=_.cases.sum(where=_.stop.notnull())))[0]
    finished = counted["finished"] or 0
    median, p90 = _cycle_quantiles(tables)
    old = 0 if p90 is None else tables.rows(tables.open.aggregate(n=(age > p90).sum()))[0]["n"]
    return Kpis(
        cases=counted["cases"],
        finished=finished,
        open=counted["cases"] - finished,
        events=tables.state.events,
        median_cycle_s=_seconds(median),
        p90_cycle_s=_seconds(p90),
        finished_last_28_days=row["recent"] or 0,
        open_older_than_p90=old or 0,
        cases_with_repeats=_cases_with_repeats(tables),
        target_name=target.name if target else None,
        target_s=target.at_most.total_seconds() if target else None,
        within_target=row["within"] if target else None,
    )


def _cycle_quantiles(tables: Tables) -> tuple[float | None, float | None]:
    """Median and 90 % quantile of the finished cases' cycle times, microseconds."""
    by_class = tables.cycles.filter(_.stop.notnull()).group_by("cycle_class")
    classes = by_class.aggregate(n=_.n.sum(), total_us=_.total_us.sum()).mutate(us=_.total_us // _.n, all=0)
    found = tables.rows(weighted_quantiles(classes, ["all"], {"median": 0.5, "p90": 0.9}))
    return (found[0]["median"], found[0]["p90"]) if found else (None, None)


def _cases_with_repeats(tables: Tables) -> int:
    repeating = tables.variants.filter(_.repeats > 0)
    return int(tables.rows(tables.ways.semi_join(repeating, "variant").aggregate(n=_.cases.sum()))[0]["n"] or 0)
