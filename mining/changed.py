"""What changed: the cases of the last weeks beside those of the weeks before.

No case of either cohort has had more time than another, so that unfinished ones cannot read as faster ones. A wait, a share of
the cases, or how often a step is passed has changed if chance would hardly do it, and by enough to matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from scipy.stats import false_discovery_control

from mining.chance import FALSE, Difference, Flags, Floats, Ints, of_means, of_ranks
from mining.cohorts import Cohorts, NotComparableError
from mining.findings import Activity, Changed, Flow, Graph, PathChange, Period, StepChange
from mining.process import Process
from mining.store import Tables

MOST_STEPS: Final = 12
LEAST_SHARE: Final = 0.05  # of the cases, on either side, for a step to be looked at
LEAST_MOVES: Final = 20  # on each side, for waits to be compared
MATERIAL: Final = 0.1  # of the wait before; or ten cases, or times, in a hundred cases
MATERIAL_S: Final = 600.0
_SECOND: Final = 1_000_000  # microseconds

Pair = tuple[int, int]  # codes of two steps


def changed(tables: Tables, process: Process, night_end: datetime) -> Changed:
    """Compare the two cohorts of a night; where there are not two, `note` says why."""
    try:
        cohorts = Cohorts.of(tables, process, night_end)
    except NotComparableError as error:
        return Changed(note=str(error))
    log = _Projected.of(cohorts, _kept(cohorts, tables.names))
    sides = _Sides(cohorts.recent, cohorts.week)
    passed = {code: np.bincount(log.case[log.activity == code], minlength=len(sides.recent)) for code in log.kept}
    went = {pair: sides.went(case) for pair, (case, _) in log.moves.items()}
    told = _told_apart(
        {("finished", 0, 0): sides.means(cohorts.finished)}
        | {("step", code, 0): sides.means(times) for code, times in passed.items()}
        | {("share", *pair): sides.means(some) for pair, some in went.items() if sides.share(some) >= MATERIAL}
        | {("wait", *pair): sides.ranks(*moves) for pair, moves in log.moves.items() if sides.enough(moves[0])}
    )
    paths = [_path(tables.names, sides, pair, log.moves[pair], told) for pair in log.moves]
    before, after = _periods(cohorts)
    return Changed(
        before=before,
        after=after,
        followed_s=cohorts.followed_us / _SECOND,
        finished_changed=_moved(("finished", 0, 0), told),
        steps=tuple(
            StepChange(tables.names[code], *sides.each(passed[code]), changed=_moved(("step", code, 0), told))
            for code in log.kept
        ),
        paths=tuple(sorted(paths, key=lambda path: (-abs(path.impact_s), path.source, path.target))),
        graph=_graph(tables.names, cohorts, log),
    )


@dataclass(frozen=True)
class _Sides:
    """Both cohorts, by case."""

    recent: Flags
    week: Ints

    def means(self, by_case: Flags | Ints) -> Difference:
        return of_means(by_case.astype(np.float64), self.recent, self.week)

    def ranks(self, case: Ints, wait_s: Floats) -> Difference:
        return of_ranks(wait_s, self.recent[case], self.week[case])

    def each(self, by_case: Flags | Ints) -> tuple[float, float]:
        """The mean per case: before, after."""
        return float(by_case[~self.recent].mean()), float(by_case[self.recent].mean())

    def went(self, case: Ints) -> Flags:
        found = np.zeros(len(self.recent), bool)
        found[case] = True
        return found

    def share(self, by_case: Flags) -> float:
        return max(self.each(by_case))

    def enough(self, case: Ints) -> bool:
        return min(int(self.recent[case].sum()), int((~self.recent[case]).sum())) >= LEAST_MOVES


@dataclass(frozen=True)
class _Projected:
    """The log of both cohorts without the steps that are not kept. `moves`: cases and waits (seconds) by pair of steps."""

    kept: tuple[int, ...]
    case: Ints
    activity: Ints
    first: Flags  # of its case
    last: Flags
    moves: Mapping[Pair, tuple[Ints, Floats]]

    @classmethod
    def of(cls, cohorts: Cohorts, kept: tuple[int, ...]) -> _Projected:
        chosen = np.isin(cohorts.activity, kept)
        case, activity = cohorts.case[chosen], cohorts.activity[chosen]
        begun, completed = cohorts.begun_us[chosen], cohorts.completed_us[chosen]
        same = case[1:] == case[:-1]
        wait_s = (np.maximum(begun[1:] - completed[:-1], 0) / _SECOND)[same]
        pairs, place = np.unique(np.stack([activity[:-1][same], activity[1:][same]]), axis=1, return_inverse=True)
        by_pair = np.argsort(place.ravel(), kind="stable")
        parts = np.split(by_pair, np.cumsum(np.bincount(place.ravel(), minlength=pairs.shape[1]))[:-1])
        moves = {
            (int(a), int(b)): (case[1:][same][part], wait_s[part]) for (a, b), part in zip(pairs.T, parts, strict=True)
        }
        return cls(kept, case, activity, np.r_[True, ~same], np.r_[~same, True], moves)


def _kept(cohorts: Cohorts, names: Mapping[int, str]) -> tuple[int, ...]:
    """The codes of the steps to compare, most cases first: on either side, at least one case in twenty passes them."""
    sides = _Sides(cohorts.recent, cohorts.week)
    codes = [int(code) for code in np.unique(cohorts.activity)]
    share = {code: sides.share(sides.went(cohorts.case[cohorts.activity == code])) for code in codes}
    ranked = sorted(codes, key=lambda code: (-share[code], names[code]))
    return tuple(code for code in ranked if share[code] >= LEAST_SHARE)[:MOST_STEPS]


def _told_apart(tests: Mapping[tuple[str, int, int], Difference]) -> dict[tuple[str, int, int], Difference]:
    """The differences that chance would hardly make, of all that were looked at together."""
    adjusted = false_discovery_control([test.p for test in tests.values()])
    return {key: test for (key, test), p in zip(tests.items(), adjusted, strict=True) if p <= FALSE}


def _moved(key: tuple[str, int, int], told: Mapping[tuple[str, int, int], Difference]) -> bool:
    return key in told and abs(told[key].size) >= MATERIAL


def _path(
    names: Mapping[int, str],
    sides: _Sides,
    pair: Pair,
    moves: tuple[Ints, Floats],
    told: Mapping[tuple[str, int, int], Difference],
) -> PathChange:
    case, wait_s = moves
    recent = sides.recent[case]
    before, after = _winsorised(wait_s[~recent]), _winsorised(wait_s[recent])
    grown = (after or 0.0) - (before or 0.0)
    rank = told.get(("wait", *pair))
    material = rank is not None and abs(grown) >= max(MATERIAL * (before or 0.0), MATERIAL_S) and grown * rank.size > 0
    shares = sides.each(sides.went(case))
    each = [n / cases for n, cases in ((sum(recent), sum(sides.recent)), (sum(~recent), sum(~sides.recent)))]
    return PathChange(
        source=names[pair[0]],
        target=names[pair[1]],
        moves_before=int((~recent).sum()),
        moves_after=int(recent.sum()),
        share_before=round(shares[0], 4),
        share_after=round(shares[1], 4),
        wait_before_s=before,
        wait_after_s=after,
        slower=material and grown > 0,
        faster=material and grown < 0,
        share_changed=_moved(("share", *pair), told),
        impact_s=round(float(each[0] * (after or 0.0) - each[1] * (before or 0.0)), 3),
    )


def _winsorised(wait_s: Floats) -> float | None:
    """The mean, waits above the 99th percentile counted as that; None of none."""
    return round(float(np.minimum(wait_s, np.quantile(wait_s, 0.99)).mean()), 3) if len(wait_s) else None


def _periods(cohorts: Cohorts) -> tuple[Period, Period]:
    window = cohorts.window

    def period(begin: datetime, end: datetime, cases: Flags) -> Period:
        last = (end - timedelta(days=1)).date()
        return Period(begin.date().isoformat(), last.isoformat(), int(cases.sum()), int(cohorts.finished[cases].sum()))

    before = period(window.begin, window.middle, ~cohorts.recent)
    return before, period(window.middle, window.end, cohorts.recent)


def _graph(names: Mapping[int, str], cohorts: Cohorts, log: _Projected) -> Graph:
    """Both cohorts as one directly-follows graph; a case that had not finished in time is open."""
    over = cohorts.finished[log.case]
    cases = np.unique(log.case)

    def activity(code: int) -> Activity:
        here = log.activity == code
        times = np.bincount(log.case[here])
        return Activity(
            name=names[code],
            events=int(here.sum()),
            cases=int((times > 0).sum()),
            cases_repeating=int((times > 1).sum()),
            starts=int((here & log.first).sum()),
            ends=int((here & log.last & over).sum()),
            open=int((here & log.last & ~over).sum()),
            mean_processing_s=None,
        )

    return Graph(
        cases=len(cases),
        finished=int(cohorts.finished[cases].sum()),
        open=int((~cohorts.finished[cases]).sum()),
        events=len(log.case),
        events_total=len(cohorts.case),
        activities=tuple(activity(code) for code in log.kept),
        activities_total=len(np.unique(cohorts.activity)),
        flows=tuple(
            sorted(
                (_flow(names, pair, *moves) for pair, moves in log.moves.items()),
                key=lambda flow: (-flow.n, flow.source, flow.target),
            )
        ),
    )


def _flow(names: Mapping[int, str], pair: Pair, case: Ints, wait_s: Floats) -> Flow:
    return Flow(
        source=names[pair[0]],
        target=names[pair[1]],
        n=len(wait_s),
        cases=len(np.unique(case)),
        total_s=round(float(wait_s.sum()), 3),
        mean_s=round(float(wait_s.mean()), 3),
        winsorised_mean_s=_winsorised(wait_s) or 0.0,
        median_s=round(float(np.median(wait_s)), 3),
        p90_s=round(float(np.quantile(wait_s, 0.9)), 3),
        skipping=0,
        timer_s=None,
    )
