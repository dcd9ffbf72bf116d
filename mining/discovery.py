"""How the work really runs: the directly-follows graph, the variants, what is done twice, and the cycle times."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import ibis
from ibis import _

from mining.findings import Activity, Flow, Graph, Kpis, Rework, Variant
from mining.process import Process
from mining.store import Tables

SECOND = 1_000_000  # microseconds
MINUTE = 60 * SECOND
TIMER_SHARE, TIMER_MOVES, TIMER_LEAST_S = 0.15, 30, 3600.0  # when a wait is a timer, not a queue
_28_DAYS = 28 * 24 * 3600 * SECOND


def directly_follows(tables: Tables, keep: Collection[str] | None = None) -> Graph:
    """The directly-follows graph of all visible cases, or of the log projected on the activities `keep`.

    Projection removes the other events first and looks at what follows what then, so that flows stay balanced
    (van der Aalst 2019 on what goes wrong when edges are filtered instead). Waits in seconds.
    """
    steps = tables.steps if keep is None else _projected(tables, keep)
    counts = tables.rows(tables.cases.aggregate(cases=_.count(), finished=_.stop.count(), events=_.events.sum()))[0]
    activities = _activities(tables, steps)
    return Graph(
        cases=counts["cases"],
        finished=counts["finished"],
        open=counts["cases"] - counts["finished"],
        events=sum(activity.events for activity in activities),
        events_total=counts["events"] or 0,
        activities=activities,
        activities_total=len(tables.names),
        flows=_flows(tables, steps),
    )


def _projected(tables: Tables, keep: Collection[str]) -> Any:
    """The steps of the kept activities, each with the kept one before it."""
    codes = [code for code, name in tables.names.items() if name in set(keep)]
    in_case = ibis.window(group_by="case", order_by="position")
    kept = tables.steps.filter(_.activity.isin(codes)).mutate(
        position_before=_.position.lag().over(in_case),
        after=_.activity.lag().over(in_case),
        enabled_us=_.completed_us.lag().over(in_case),
    )
    wait = ibis.greatest(0, ibis.coalesce(_.started_us, _.completed_us) - _.enabled_us)
    return kept.mutate(wait_us=ibis.ifelse(_.after.isnull(), ibis.null("int64"), wait)).cache()


def _activities(tables: Tables, steps: Any) -> tuple[Activity, ...]:
    per_case = steps.group_by("case", "activity").aggregate(times=_.count())
    cases = per_case.group_by("activity").aggregate(cases=_.count(), repeating=(_.times > 1).sum())
    events = steps.group_by("activity").aggregate(
        events=_.count(), starts=_.after.isnull().sum(), processing_us=_.processing_us.mean()
    )
    last = (
        steps.group_by("case")
        .aggregate(activity=_.activity.argmax(_.position))
        .join(tables.cases.select("case", "stop"), "case")
    )
    ends = last.group_by("activity").aggregate(ends=_.stop.count(), open=_.stop.isnull().sum())
    rows = tables.rows(events.join(cases, "activity").left_join(ends, "activity").drop("activity_right"))
    found = [
        Activity(
            name=tables.names[row["activity"]],
            events=row["events"],
            cases=row["cases"],
            cases_repeating=row["repeating"],
            starts=row["starts"],
            ends=row["ends"] or 0,
            open=row["open"] or 0,
            mean_processing_s=None if row["processing_us"] is None else round(row["processing_us"] / SECOND, 3),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda activity: (-activity.cases, activity.name)))


def _flows(tables: Tables, steps: Any) -> tuple[Flow, ...]:
    moves = steps.filter(_.after.notnull())
    moves = moves.mutate(skipping=(_.position - _.position_before > 1) if "position_before" in moves.columns else False)
    pair = ["after", "activity"]
    flows = moves.group_by(pair).aggregate(
        n=_.count(),
        cases=_.case.nunique(),
        total=_.wait_us.sum(),
        median=_.wait_us.quantile(0.5),
        p90=_.wait_us.quantile(0.9),
        p99=_.wait_us.quantile(0.99),
        skipping=_.skipping.cast("int64").sum(),
    )
    capped = (
        moves.join(flows.select("after", "activity", "p99"), pair)
        .group_by(pair)
        .aggregate(capped=ibis.least(_.wait_us, _.p99.cast("int64")).sum())
    )
    rows = tables.rows(flows.join(capped, pair).left_join(_timers(moves), pair).drop("after_right", "activity_right"))
    found = [_flow(tables, row) for row in rows]
    return tuple(sorted(found, key=lambda flow: (-flow.n, flow.source, flow.target)))


def _timers(moves: Any) -> Any:
    """The minute in which most waits of a flow fall, with how many do."""
    minutes = moves.mutate(minute=_.wait_us // MINUTE).group_by("after", "activity", "minute").aggregate(hits=_.count())
    first = ibis.window(group_by=["after", "activity"], order_by=[ibis.desc("hits"), "minute"])
    return minutes.mutate(place=ibis.row_number().over(first)).filter(_.place == 0).drop("place")


def _flow(tables: Tables, row: dict[str, Any]) -> Flow:
    n, timer_s = row["n"], row["minute"] * 60.0
    timer = n >= TIMER_MOVES and row["hits"] >= TIMER_SHARE * n and timer_s > TIMER_LEAST_S
    return Flow(
        source=tables.names[row["after"]],
        target=tables.names[row["activity"]],
        n=n,
        cases=row["cases"],
        total_s=int(row["total"]) / SECOND,
        mean_s=round(int(row["total"]) / SECOND / n, 3),
        winsorised_mean_s=round(int(row["capped"]) / SECOND / n, 3),
        median_s=round(row["median"] / SECOND, 3),
        p90_s=round(row["p90"] / SECOND, 3),
        skipping=int(row["skipping"]),
        timer_s=timer_s if timer else None,
    )


def variants(tables: Tables, most: int | None = None) -> tuple[Variant, ...]:
    """The ways of running, most cases first; `fitness` is left for the model to fill in."""
    times = tables.cases.group_by("variant").aggregate(open=_.stop.isnull().sum(), median=_.cycle_us.quantile(0.5))
    chosen = tables.variants.join(times, "variant").order_by("variant")
    total = tables.rows(tables.cases.aggregate(n=_.count()))[0]["n"]
    return tuple(
        Variant(
            activities=tuple(tables.names[code] for code in row["activities"]),
            cases=row["cases"],
            share=row["cases"] / total,
            open=row["open"],
            median_cycle_s=None if row["median"] is None else round(row["median"] / SECOND, 3),
            fitness=None,
        )
        for row in tables.rows(chosen if most is None else chosen.limit(most))
    )


def rework(tables: Tables) -> tuple[Rework, ...]:
    """Activities that cases go through more than once, most cases first, with the cycle times with and without."""
    per_case = tables.steps.group_by("case", "activity").aggregate(times=_.count())
    timed = per_case.join(tables.cases.select("case", "cycle_us"), "case")
    repeated = _.times > 1
    found = timed.group_by("activity").aggregate(
        having=_.count(),
        cases=repeated.sum(),
        repeats=(_.times - 1).sum(),
        median=_.cycle_us.quantile(0.5, where=repeated),
        median_without=_.cycle_us.quantile(0.5, where=_.times == 1),
    )
    rows = tables.rows(found.filter(_.cases > 0))
    return tuple(
        Rework(
            activity=tables.names[row["activity"]],
            cases=row["cases"],
            share=row["cases"] / row["having"],
            repeats=int(row["repeats"]),
            median_cycle_s=_seconds(row["median"]),
            median_cycle_without_s=_seconds(row["median_without"]),
        )
        for row in sorted(rows, key=lambda row: (-row["cases"], tables.names[row["activity"]]))
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
            cases=_.count(),
            finished=_.stop.count(),
            events=_.events.sum(),
            median=_.cycle_us.quantile(0.5),
            p90=_.cycle_us.quantile(0.9),
            recent=(_.first_us + _.cycle_us > night_end_us - _28_DAYS).sum(),
            repeating=(_.events > _.activities).sum(),
            within=(_.cycle_us <= (target_us or 0)).sum(),
        )
    )[0]
    p90 = row["p90"]
    old = 0 if p90 is None else tables.rows(tables.cases.filter(_.stop.isnull()).aggregate(n=(age > p90).sum()))[0]["n"]
    return Kpis(
        cases=row["cases"],
        finished=row["finished"],
        open=row["cases"] - row["finished"],
        events=row["events"] or 0,
        median_cycle_s=_seconds(row["median"]),
        p90_cycle_s=_seconds(p90),
        finished_last_28_days=row["recent"] or 0,
        open_older_than_p90=old or 0,
        cases_with_repeats=row["repeating"] or 0,
        target_name=target.name if target else None,
        target_s=target.at_most.total_seconds() if target else None,
        within_target=row["within"] if target else None,
    )
