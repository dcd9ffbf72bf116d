"""Where each case stayed, from when to when: what period estimates count.

A *visit* is the stay of a case in a *state*: the activity that it completed last. The next completed activity ends the visit;
which one that will be is not known while it is open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mining.process import Process
from mining.store import Tables

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BEGUN = 0  # the state before the first completed activity
BEGUN_NAME = "just begun"
RARE_NAME = "another step"  # all the rare activities of a log with very many
OPEN = -1  # `next` of a visit that nothing has ended yet

MOST_ACTIVITIES = 40  # told apart; the rare ones of a log with more are one
MOST_STRATA = 20
MOST_CELLS = 2000  # flows times strata: what is counted by day and age of each would not fit into the memory otherwise
STRATA_DAYS = 100  # strata are told by the cases of the first days, so that they are the same in every later night
TOGETHER = (
    0.2  # at most this share of the cases may fall into the stratum of the rare ones, if a segment can be left out
)
FINAL_DAYS = (
    50  # where no ends are declared, an activity is final if, of the cases that completed it in the first so many days,
)
GO_ON = 0.05  # at most so many went on within as many days more
LEAST_FINAL = 20  # completions that tell anything
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Visits:
    """Every visit up to a night's end, by case and time; arrays of one entry per visit unless said otherwise.

    What had happened by an earlier moment does not depend on the night: a visit is here if its case was running, as the
    events up to its beginning tell, and is cut off at any moment by its times alone.

    state, next: codes of activities; `next` is `OPEN` while the visit is open. entered_us, left_us: µs since 1970 UTC,
        `left_us` is the night's end while the visit is open. A visit to `BEGUN` lasts from the first start of a case to its first
        completion, and is known of from then on only.
    stratum: number in `strata`. case: number of the case, in the order in which cases began.
    first_us, first_stratum: one entry per case: when it was first known of (its first completion), and its stratum.
    work_us, who: µs from the start to the completion of the activity that ended the visit, and the code of the resource that
        completed it; 0 where it is not known, None where it is not known of any.
    names: by code; the first is that of `BEGUN`. strata: of each the segments and their values; {} holds the rare ones.
    """

    state: Ints
    next: Ints
    entered_us: Ints
    left_us: Ints
    stratum: Ints
    case: Ints
    first_us: Ints
    first_stratum: Ints
    names: tuple[str, ...]
    strata: tuple[dict[str, str], ...]
    night_end_us: int
    work_us: Ints | None = None
    who: Ints | None = None

    def since(self, us: int) -> Visits:
        """The visits that lasted until a moment or later, and the cases that began then or later."""
        per_case = ("first_us", "first_stratum")
        per_visit = ("state", "next", "entered_us", "left_us", "stratum", "case", "work_us", "who")
        lasted, began = self.left_us >= us, self.first_us >= us
        kept = {name: getattr(self, name) for name in (*per_case, *per_visit)}
        chosen = {
            name: values[began if name in per_case else lasted] for name, values in kept.items() if values is not None
        }
        return replace(self, **chosen)

    @classmethod
    def of(cls, tables: Tables, process: Process) -> Visits:
        """The visits of all cases; of the fixed sample of cases where there are more than two million events."""
        steps = _columns(tables, _steps(tables).order_by("case", "position"))
        case, activity, completed = (steps[name].astype(np.int64) for name in ("case", "activity", "completed_us"))
        started = np.where(np.isnan(steps["started_us"]), completed, steps["started_us"]).astype(np.int64)
        who = np.nan_to_num(steps.get("resource", np.zeros(len(case)))).astype(np.int64)
        numbers, first, of_case = np.unique(case, return_index=True, return_inverse=True)
        last = np.append(first[1:], len(case)) - 1
        is_last = np.zeros(len(case), bool)
        is_last[last] = True
        left = np.where(is_last, tables.night_end_us, np.roll(completed, -1))
        finals, goals = _codes(tables, process)
        if not process.final_activities:
            finals = ends_seen(
                activity, completed, np.where(is_last, np.iinfo(np.int64).max, left), tables.night_end_us
            )
        running = ~stopped(of_case, activity, finals, goals)
        early = completed < completed.min() + STRATA_DAYS * DAY_US
        activity, names = _lumped(activity, early, tables.names)
        most = int(np.clip(MOST_CELLS // max(_flows(of_case[early], activity[early]), 1), 1, MOST_STRATA))
        stratum, strata = _strata(tables, process, numbers, completed[first], most)
        next_ = np.where(is_last, OPEN, np.roll(activity, -1))
        begun = started[first] < completed[first]
        order = np.lexsort(
            (np.r_[np.zeros(begun.sum()), np.ones(running.sum())], np.r_[first[begun], np.flatnonzero(running)])
        )
        visit_case = np.r_[np.flatnonzero(begun), of_case[running]][order]
        ending = np.r_[first[begun], np.where(is_last, -1, np.arange(1, len(case) + 1))[running]][order]
        return cls(
            state=np.r_[np.full(begun.sum(), BEGUN), activity[running]][order],
            next=np.r_[activity[first[begun]], next_[running]][order],
            entered_us=np.r_[started[first[begun]], completed[running]][order],
            left_us=np.r_[completed[first[begun]], left[running]][order],
            stratum=stratum[visit_case],
            case=visit_case,
            first_us=completed[first],
            first_stratum=stratum,
            names=names,
            strata=strata,
            night_end_us=tables.night_end_us,
            work_us=np.where(ending >= 0, (completed - started)[ending], 0),
            who=np.where(ending >= 0, who[ending], 0),
        )


def _lumped(activity: Ints, early: Flags, names: dict[int, str]) -> tuple[Ints, tuple[str, ...]]:
    """Codes of activities and their names; of very many those that were rare in the first days are one."""
    if len(names) <= MOST_ACTIVITIES:
        return activity, (BEGUN_NAME, *(names[code] for code in sorted(names)))
    counts = np.bincount(activity[early], minlength=max(names) + 1)
    counts[BEGUN] = -1  # is no activity
    kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_ACTIVITIES])
    place = np.searchsorted(kept, activity)
    here = np.append(kept, -1)[place] == activity
    return np.where(here, place + 1, len(kept) + 1), (BEGUN_NAME, *(names[int(code)] for code in kept), RARE_NAME)


def _flows(case: Ints, activity: Ints) -> int:
    """How many different moves there are."""
    same = case[1:] == case[:-1]
    return len(np.unique(activity[:-1][same] * (activity.max(initial=0) + 1) + activity[1:][same]))


def _steps(tables: Tables) -> Any:
    """The steps of all cases, or of the sample; who completed them is known of the former only."""
    columns = ("case", "position", "activity", "started_us", "completed_us")
    if tables.state.sample_power:
        return tables.sample.select(*columns)
    return tables.steps.select(*columns, "resource")


def _columns(tables: Tables, expression: Any) -> dict[str, npt.NDArray[np.float64]]:
    """The columns of a result as arrays of numbers; what is missing is NaN."""
    found = tables.engine.con.sql(tables.engine.compile(expression)).fetchnumpy()
    return {name: np.ma.filled(column.astype(float), np.nan) for name, column in found.items()}


def _codes(tables: Tables, process: Process) -> tuple[Ints, Ints]:
    """Codes of the final activities, and of the goals among them."""
    goals = process.clock.stops if process.clock else ()
    chosen = (process.final_activities, goals)
    finals, goal = (np.array([c for c, name in tables.names.items() if name in names], np.int64) for names in chosen)
    return finals, goal


def ends_seen(activity: Ints, completed_us: Ints, followed_us: Ints, night_end_us: int) -> Ints:
    """Codes of the activities after which hardly a case goes on, as the first days of a log tell (of a short log its first half).

    All arrays by completed activity. followed_us: when the case completed the next one; later than the night if it did not.
    """
    first_us = int(completed_us.min(initial=night_end_us))
    patience = min(FINAL_DAYS * DAY_US, (night_end_us - first_us) // 2)
    early = completed_us < first_us + patience
    went_on = early & (followed_us < first_us + 2 * patience)
    many, on = (np.bincount(activity[some], minlength=int(activity.max(initial=0)) + 1) for some in (early, went_on))
    return np.flatnonzero((many >= LEAST_FINAL) & (on <= GO_ON * many))


def stopped(case: Ints, activity: Ints, finals: Ints, goals: Ints) -> Flags:
    """Whether the clock of the case stood still after each step, as the steps up to it tell. Steps by case, in order.

    The rule is that of the cases' cycle times (`mining.store.steps`), applied to what had happened by then: it stands still
    at a goal until work of before the goal is done again; without a goal, at a final activity until anything follows.
    """
    row = np.arange(len(case))
    final, goal = np.isin(activity, finals), np.isin(activity, goals)
    new_case = np.r_[True, case[1:] != case[:-1]] if len(case) else np.zeros(0, bool)
    begin = np.maximum.accumulate(np.where(new_case, row, 0))
    run_begins = goal & (new_case | ~np.r_[False, goal[:-1]][: len(goal)])
    run = np.maximum.accumulate(np.where(run_begins, row, -1))
    reached = run >= begin
    _, first, group = np.unique(case * (activity.max(initial=0) + 1) + activity, return_index=True, return_inverse=True)
    again = reached & ~final & (first[group] < run)
    reopened = np.maximum.accumulate(np.where(again, row, -1)) > run
    return np.where(reached & ~reopened, True, final)


def _strata(
    tables: Tables, process: Process, cases: Ints, first_us: Ints, most: int
) -> tuple[Ints, tuple[dict[str, str], ...]]:
    """The stratum of each case, and what the strata are: the commonest combinations of segments, and one of all others."""
    kinds = [f"segment_{number}" for number in range(1, len(process.segments) + 1)]
    if not kinds or most == 1:
        return np.zeros(len(cases), np.int64), ({},)
    found = _columns(tables, tables.cases.select("case", *kinds).order_by("case"))
    here = np.searchsorted(found["case"], cases)
    codes = np.stack([np.nan_to_num(found[kind][here]).astype(np.int64) for kind in kinds], axis=1)
    early = codes[first_us < first_us.min() + STRATA_DAYS * DAY_US]
    kept = _told_apart(early, most)
    combinations, counts = np.unique(early[:, kept], axis=0, return_counts=True)
    common = combinations[np.argsort(-counts, kind="stable")[: most - 1]]
    names = {kind: tables.names_of(kind) for kind in kinds}
    told = tuple(
        {process.segments[s]: names[kinds[s]][code] for s, code in zip(kept, combination, strict=True) if code}
        for combination in common.tolist()
    )
    same = (codes[:, None, kept] == common[None]).all(axis=2)
    return np.where(same.any(axis=1), same.argmax(axis=1), len(common)), (*told, {})


def _told_apart(codes: Ints, most: int) -> list[int]:
    """Which segments are told apart: all, less those with the most values while too many cases would be lumped together."""
    kept = list(range(codes.shape[1]))
    while len(kept) > 1:
        counts = np.sort(np.unique(codes[:, kept], axis=0, return_counts=True)[1])[::-1]
        if counts[most - 1 :].sum() <= TOGETHER * len(codes):
            return kept
        kept.remove(max(kept, key=lambda s: len(np.unique(codes[:, s]))))
    return kept
