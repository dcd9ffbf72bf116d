"""Who works how much per week, and who hands over to whom; resources by the names the store has, mostly pseudonyms."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import ibis
from ibis import _

from mining.lifetimes import SECOND, Lifetimes, edges_us, mondays
from mining.morning_findings import HandOver, Load, Workload
from mining.store import Tables

WEEKS: Final = 26
BUSIEST: Final = 10
HAND_OVERS: Final = 10


def workload(tables: Tables, lives: Lifetimes) -> Workload | None:
    """Steps by week and resource, and hand-overs, of the last 26 whole weeks; None where no resources are known in them."""
    first = datetime.fromtimestamp(int(lives.began_us.min()) / SECOND, lives.zone)
    since = max(first, lives.night_end - timedelta(weeks=WEEKS + 1))
    limits = mondays(since, lives.night_end, lives.zone)[-WEEKS - 1 :]
    if len(limits) < 2:
        return None
    begin, end = (int(edges_us([day], lives.zone)[0]) for day in (limits[0], limits[-1]))
    steps = tables.steps.filter(_.completed_us >= begin, _.completed_us < end)
    names = tables.names_of("resource")
    edges = [int(edge) for edge in edges_us(limits, lives.zone)]
    loads = _loads(tables, steps, edges, names)
    if not loads:
        return None
    total, between, most = _hand_overs(tables, steps, names)
    return Workload(
        weeks=tuple(day.isoformat() for day in limits[:-1]),
        resources=len(loads),
        loads=tuple(loads[:BUSIEST]),
        others=_together(loads[BUSIEST:]),
        hand_overs=most,
        handed_over=between / total if total else None,
    )


def _loads(tables: Tables, steps: Any, edges: list[int], names: dict[int, str]) -> list[Load]:
    """All resources of these weeks, busiest first. A week is found by its place among the edges: clocks change."""
    week = sum((_.completed_us >= edge).cast("int64") for edge in edges[1:-1])
    counted = steps.filter(_.resource.notnull()).group_by("resource", week=week).aggregate(n=_.count())
    by_resource: dict[int, list[int]] = {}
    for row in tables.rows(counted):
        by_resource.setdefault(row["resource"], [0] * (len(edges) - 1))[row["week"]] = row["n"]
    loads = [Load(names[code], tuple(counts), sum(counts)) for code, counts in by_resource.items()]
    return sorted(loads, key=lambda load: (-load.total, load.resource))


def _together(loads: list[Load]) -> Load | None:
    """The sum of many."""
    if not loads:
        return None
    steps = tuple(sum(week) for week in zip(*(load.steps for load in loads), strict=True))
    return Load("", steps, sum(steps))


def _hand_overs(tables: Tables, steps: Any, names: dict[int, str]) -> tuple[int, int, tuple[HandOver, ...]]:
    """Moves whose two resources are known, those between two of them, and the most frequent pairs."""
    in_case = ibis.window(group_by="case", order_by="position")
    moves = steps.select("case", "position", "resource", "completed_us").mutate(
        giver=_.resource.lag().over(in_case), took_us=_.completed_us - _.completed_us.lag().over(in_case)
    )
    known = moves.filter(_.giver.notnull(), _.resource.notnull())
    pairs = known.group_by("giver", taker=_.resource).aggregate(
        n=_.count(), cases=_.case.nunique(), typical_us=_.took_us.median()
    )
    rows = tables.rows(pairs)
    between = [row for row in rows if row["giver"] != row["taker"]]
    named = [
        HandOver(names[row["giver"]], names[row["taker"]], row["n"], row["cases"], round(row["typical_us"] / SECOND, 3))
        for row in between
    ]
    named.sort(key=lambda found: (-found.n, found.giver, found.taker))
    return sum(row["n"] for row in rows), sum(row["n"] for row in between), tuple(named[:HAND_OVERS])
