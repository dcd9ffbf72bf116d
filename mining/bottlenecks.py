"""Where the time goes: hand-overs ranked by their share of the expected cycle time, open visits kept in.

The expected cycle time of a case is the mean of a semi-Markov process: over all states (the activity last completed),
visits per case x mean sojourn. Visits come from the chances of what follows what, e_start (I - Q)^-1; the mean sojourn is
the area under the Kaplan-Meier curve, in which visits that still last count for as long as they have lasted. Dropping them,
as an inner join of "this event and the next" does, makes the newest weeks look fast (Kaplan & Meier 1958; for the process,
Kalenkova et al., IEEE Access 2025).
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Any

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, identity
from scipy.sparse.linalg import MatrixRankWarning, spsolve

from mining.discovery import MINUTE, SECOND
from mining.findings import Bottleneck, Flow, Graph, Interval
from mining.store import RECENT, Tables

RESAMPLES = 200
BLOCKS = 60  # weeks at most; a longer log is resampled in longer blocks
MOST = 50  # hand-overs listed
LOOKED_INTO = 15  # of these, looked into for overtaking and batches
_CODES = 1 << 31  # more than there are codes
_WEEK = 7 * 24 * 3600 * SECOND

Floats = NDArray[np.float64]
Pair = tuple[int, int]


def bottlenecks(tables: Tables, graph: Graph) -> tuple[Bottleneck, ...]:
    """The hand-overs that hold most of the expected cycle time, the worst first, at most 50.

    Shares sum to 1 over all hand-overs. Fixed timers (`Flow.timer_s`) keep their share but are not ranked. The interval is
    the 5-95 % range of 200 resamples of whole weeks (by the week in which a visit began), so that what cases of the same
    days have in common is in it.
    """
    moves = _moves(tables)
    if not moves.n:
        return ()
    shares = moves.shares(_mean_sojourns(tables))
    low, high = _intervals(tables, moves, shares)
    flows = {(flow.source, flow.target): flow for flow in graph.flows}
    worst = sorted(moves.n, key=lambda pair: (-shares[pair], tables.names[pair[0]], tables.names[pair[1]]))[:MOST]
    closer = _closer_look(tables, worst[:LOOKED_INTO])
    found = [
        _bottleneck(
            tables, moves, pair, flows, shares[pair], Interval(low[pair], high[pair]), closer.get(pair, (None, None))
        )
        for pair in worst
    ]
    return _ranked(found)


@dataclass(frozen=True)
class _Moves:
    """What followed what, how often and after how long; by codes."""

    cases: int
    starts: dict[int, int]  # cases by their first state
    n: dict[Pair, int]
    total_us: dict[Pair, int]
    processing_us: dict[Pair, float | None]
    stops: dict[int, int]  # cases by the state in which their clock stopped
    open: dict[int, int]  # visits that still last

    @cached_property
    def exits(self) -> dict[int, int]:
        """Moves out of each state."""
        exits: dict[int, int] = defaultdict(int)
        for (state, _next), count in self.n.items():
            exits[state] += count
        return exits

    def chance(self, pair: Pair) -> float:
        """That a visit to the first is followed by the second; the others go elsewhere or end the case."""
        return self.n[pair] / (self.exits[pair[0]] + self.stops.get(pair[0], 0))

    def visits_per_case(self) -> dict[int, float]:
        """Expected visits to each state, with the chances given by the exits seen: e_start (I - Q)^-1."""
        states = sorted({*self.starts, *(code for pair in self.n for code in pair)})
        place = {code: index for index, code in enumerate(states)}
        pairs = list(self.n)
        chances = [self.chance(pair) for pair in pairs]
        rows, columns = [place[b] for _a, b in pairs], [place[a] for a, _b in pairs]
        transposed = csr_matrix((chances, (rows, columns)), shape=(len(states), len(states)))
        start = np.array([self.starts.get(code, 0) / self.cases for code in states])
        matrix = (identity(len(states)) - transposed).tocsc()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MatrixRankWarning)
            expected = np.atleast_1d(spsolve(matrix, start))
        if not np.isfinite(expected).all():  # a loop that nobody has left yet: as often as it was gone through
            into = np.bincount([place[b] for _a, b in pairs], [self.n[pair] for pair in pairs], len(states))
            expected = start + into / self.cases
        return dict(zip(states, expected.tolist(), strict=True))

    def shares(self, mean_us: dict[int, float]) -> dict[Pair, float]:
        """Each hand-over's share of the expected cycle time: its state's part, split by the time its moves took."""
        visits = self.visits_per_case()
        spent: dict[int, int] = defaultdict(int)
        for pair, total in self.total_us.items():
            spent[pair[0]] += total
        part = {
            pair: visits[pair[0]] * self.chance(pair) * mean_us[pair[0]] * self._slowness(pair, spent[pair[0]])
            for pair in self.n
        }
        whole = sum(part.values())
        return {pair: value / whole if whole else 0.0 for pair, value in part.items()}

    def _slowness(self, pair: Pair, spent: int) -> float:
        """Mean stay before this move over the mean stay before any move out of the same state."""
        return (self.total_us[pair] / self.n[pair]) / (spent / self.exits[pair[0]]) if spent else 1.0


def _moves(tables: Tables) -> _Moves:
    summed = {name: _[name].sum() for name in ("n", "total_us", "processed", "processing_us")}
    rows = tables.rows(tables.weeks.group_by("after", "activity").aggregate(**summed))
    ways = tables.ways.join(tables.variants, "variant").rename(n="cases")
    ends = ways.mutate(
        first=_.activities[0], last=ibis.ifelse(_.stop.isnull(), ibis.null("int32"), _.activities[_.stop - 1])
    )
    starts = tables.rows(ends.group_by("first").aggregate(n=_.n.sum()))
    stops = tables.rows(ends.filter(_.last.notnull()).group_by("last").aggregate(n=_.n.sum()))
    pairs = {(row["after"], row["activity"]): row for row in rows}
    return _Moves(
        cases=sum(int(row["n"]) for row in starts),
        starts={row["first"]: int(row["n"]) for row in starts},
        n={pair: int(row["n"]) for pair, row in pairs.items()},
        total_us={pair: int(row["total_us"]) for pair, row in pairs.items()},
        processing_us={
            pair: int(row["processing_us"]) / int(row["processed"]) if row["processed"] else None
            for pair, row in pairs.items()
        },
        stops={row["last"]: int(row["n"]) for row in stops},
        open={row["state"]: row["n"] for row in tables.rows(tables.open.group_by("state").aggregate(n=_.count()))},
    )


def _mean_sojourns(tables: Tables) -> dict[int, float]:
    """Mean stay in each state, microseconds: the area under its Kaplan-Meier curve up to the longest stay seen."""
    exits = tables.stays.select(state=_.after, lasted_us=_.us, exits=_.n, stays=_.n)
    still = tables.open.group_by("state", "us_class").aggregate(stays=_.count(), total_us=_.us.sum())
    stays = (
        exits.union(
            still.select("state", lasted_us=_.total_us // _.stays, exits=ibis.literal(0, "int64"), stays=_.stays)
        )
        .group_by("state", "lasted_us")
        .aggregate(exits=_.exits.sum().cast("int64"), stays=_.stays.sum().cast("int64"))
    )
    longest_first = ibis.window(group_by="state", order_by=ibis.desc("lasted_us"), preceding=None, following=0)
    shortest_first = ibis.window(group_by="state", order_by="lasted_us", preceding=None, following=0)
    at_risk = stays.mutate(at_risk=_.stays.sum().over(longest_first))
    curve = tables.rows(
        at_risk.mutate(
            width=_.lasted_us
            - ibis.coalesce(_.lasted_us.lag().over(ibis.window(group_by="state", order_by="lasted_us")), 0),
            surviving=ibis.ifelse(_.exits < _.at_risk, (1 - _.exits / _.at_risk).ln(), -1e9).sum().over(shortest_first),
        )
        .mutate(
            before=ibis.coalesce(_.surviving.lag().over(ibis.window(group_by="state", order_by="lasted_us")), 0.0).exp()
        )
        .group_by("state")
        .aggregate(mean=(_.width * _.before).round().cast("int64").sum())  # integers add up the same in any order
    )
    return {row["state"]: float(row["mean"]) for row in curve}


def _intervals(tables: Tables, moves: _Moves, shares: dict[Pair, float]) -> tuple[dict[Pair, float], dict[Pair, float]]:
    """5 % and 95 % of each share over resampled weeks.

    A resample changes a share as it changes the person-time between the two steps, open visits included.
    """
    pairs = list(moves.n)
    weekly = _time_by_week(tables, moves, pairs)
    random = np.random.default_rng(20240101)
    draws = random.multinomial(len(weekly), np.full(len(weekly), 1 / len(weekly)), size=RESAMPLES)
    times = draws.astype(np.float64) @ weekly
    ratio = np.divide(times, weekly.sum(axis=0), out=np.ones_like(times), where=weekly.sum(axis=0) > 0)
    drawn = ratio * np.array([shares[pair] for pair in pairs])
    drawn /= np.maximum(drawn.sum(axis=1, keepdims=True), 1e-300)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    return dict(zip(pairs, low.tolist(), strict=True)), dict(zip(pairs, high.tolist(), strict=True))


def _time_by_week(tables: Tables, moves: _Moves, pairs: list[Pair]) -> Floats:
    """Time spent per block of weeks and hand-over; open visits are shared out as the finished ones of their state were."""
    still = tables.open.group_by(week=_.entered_us // _WEEK, state=_.state).aggregate(spent=_.us.sum())
    left = tables.weeks.select("week", state=_.after, next=_.activity, spent=_.total_us)
    rows = tables.rows(left.order_by("week", "state", "next"))
    rows += [{**row, "next": None} for row in tables.rows(still.order_by("week", "state"))]
    first, last = min(row["week"] for row in rows), max(row["week"] for row in rows)
    blocks = min(BLOCKS, last - first + 1)
    place = {pair: index for index, pair in enumerate(pairs)}
    by_state: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_state[pair[0]].append(pair)
    spent = np.zeros((blocks, len(pairs)))
    for row in rows:
        block = (row["week"] - first) * blocks // (last - first + 1)
        if row["next"] is not None:
            spent[block, place[row["state"], row["next"]]] += int(row["spent"])
            continue
        for pair in by_state[row["state"]]:
            spent[block, place[pair]] += int(row["spent"]) * moves.n[pair] / moves.exits[pair[0]]
    return spent


def _closer_look(tables: Tables, pairs: Collection[Pair]) -> dict[Pair, tuple[float, float]]:
    """Share of the newest moves that a later one overtook, and share that leaves in bunches beyond how they came.

    A bunch is three or more within a minute before or after; what already arrives in bunches is subtracted. Of the newest
    5,000 moves of each pair: how it is now.
    """
    pair = ["after", "activity"]
    newest = ibis.window(group_by=pair, order_by=[ibis.desc("left_us"), ibis.desc("entered_us")])
    moves = tables.recent.filter((_.after.cast("int64") * _CODES + _.activity).isin([a * _CODES + b for a, b in pairs]))
    moves = moves.mutate(place=ibis.row_number().over(newest)).filter(_.place < RECENT)
    later = ibis.window(group_by=pair, order_by=["entered_us", "left_us"], rows=(1, None))

    def in_a_bunch(column: str) -> Any:
        """Three or more within a minute before or after: looking two rows back and ahead is enough, and quick."""
        order = ibis.window(group_by=pair, order_by=column)
        before = [_[column] - _[column].lag(back).over(order) <= MINUTE for back in (1, 2)]
        after = [_[column].lead(ahead).over(order) - _[column] <= MINUTE for ahead in (1, 2)]
        return (before[1] | after[1] | (before[0] & after[0])).fill_null(False)

    seen = moves.mutate(
        next_out=_.left_us.min().over(later), bunched_out=in_a_bunch("left_us"), bunched_in=in_a_bunch("entered_us")
    )
    rows = tables.rows(
        seen.group_by(pair).aggregate(
            n=_.count(),
            overtaken=(_.next_out < _.left_us).sum(),
            bunched_out=_.bunched_out.sum(),
            bunched_in=_.bunched_in.sum(),
        )
    )
    return {
        (row["after"], row["activity"]): (
            int(row["overtaken"] or 0) / row["n"],
            max(0.0, int(row["bunched_out"] - row["bunched_in"]) / row["n"]),
        )
        for row in rows
    }


def _bottleneck(
    tables: Tables,
    moves: _Moves,
    pair: Pair,
    flows: dict[tuple[str, str], Flow],
    share: float,
    interval: Interval,
    closer: tuple[float | None, float | None],
) -> Bottleneck:
    state, following = tables.names[pair[0]], tables.names[pair[1]]
    flow = flows[state, following]
    processing = moves.processing_us[pair]
    return Bottleneck(
        rank=0,
        after=state,
        step=following,
        share=share,
        share_interval=interval,
        n=moves.n[pair],
        open=round(moves.open.get(pair[0], 0) * moves.n[pair] / moves.exits[pair[0]]),
        visits_per_case=moves.n[pair] / moves.cases,
        mean_sojourn_s=moves.total_us[pair] / moves.n[pair] / SECOND,
        mean_wait_s=flow.mean_s,
        median_wait_s=flow.median_s,
        mean_processing_s=None if processing is None else processing / SECOND,
        overtaken=closer[0],
        batched=closer[1],
        timer_s=flow.timer_s,
        reason_not_ranked="a fixed wait: a timer or a rule, not a queue" if flow.timer_s else "",
    )


def _ranked(found: list[Bottleneck]) -> tuple[Bottleneck, ...]:
    ranks = accumulate(0 if bottleneck.reason_not_ranked else 1 for bottleneck in found)
    return tuple(
        bottleneck if bottleneck.reason_not_ranked else replace(bottleneck, rank=rank)
        for bottleneck, rank in zip(found, ranks, strict=True)
    )
