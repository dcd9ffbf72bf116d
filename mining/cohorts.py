"""Two cohorts of cases by when they began, each case followed for equally long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from ibis import _

from mining.data_end import data_end
from mining.process import Process
from mining.quantiles import weighted_quantiles
from mining.store import Tables

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

WEEKS: Final = ((4, 12), (8, 24), (13, 39))  # recent and before: the first with cases enough
ENOUGH: Final = 100  # cases on each side
FEWEST: Final = 20
MATURE: Final = 0.95  # of the finished cases were done after as long as every case is followed
WHOLE: Final = 0.5  # of the earlier cases were over in that time, or the log does not hold those weeks whole
LONGEST: Final = timedelta(days=91)  # what began longer ago is no news
_SECOND: Final = 1_000_000  # microseconds


class NotComparableError(ValueError):
    """There are not two cohorts to compare; the message says why."""


@dataclass(frozen=True)
class Window:
    """When the cases of both cohorts began: whole weeks of local days, `begin` to `middle` and `middle` to `end`."""

    begin: datetime
    middle: datetime
    end: datetime


@dataclass(frozen=True)
class Cohorts:
    """The cases of both cohorts, and their steps within the time for which each is followed, by case and order.

    week: of the beginning of each case, counted from the begin of the window. recent: which cohort. finished: in time.
    case: of each step, a place in the arrays of cases. activity: its code. begun_us: its start, or completion where no start
    is known; completed_us. µs since 1970 UTC.
    """

    window: Window
    followed_us: int
    week: Ints
    recent: Flags
    finished: Flags
    case: Ints
    activity: Ints
    begun_us: Ints
    completed_us: Ints

    @classmethod
    def of(cls, tables: Tables, process: Process, night_end: datetime) -> Cohorts:
        """The youngest cases that have had the time that nearly all need, and those of the weeks before them.

        Raises:
            NotComparableError: no case has finished, too few have begun, none begins any more, or hardly any of the earlier
                ones was over in time.
        """
        followed_us = _followed_us(tables)
        first_us, cycle_us, number = _cases(tables)
        if data_end(first_us, night_end.astimezone(process.zone)):
            raise NotComparableError(
                "Hardly any case begins any more: the data seem to end, and what changed at their end is not told."
            )
        end = _midnight(night_end - timedelta(microseconds=followed_us), process)
        window = _window(first_us, end, process)
        chosen = (first_us >= _us(window.begin)) & (first_us < _us(window.end))
        first_us, cycle_us, number = first_us[chosen], cycle_us[chosen], number[chosen]
        steps = _steps(tables, _us(window.begin), _us(window.end))
        case = np.searchsorted(number, steps["case"])
        seen = steps["completed_us"] <= first_us[case] + followed_us
        found = cls(
            window=window,
            followed_us=followed_us,
            week=(first_us - _us(window.begin)) // (7 * 86_400 * _SECOND),
            recent=first_us >= _us(window.middle),
            finished=(cycle_us >= 0) & (cycle_us <= followed_us),
            case=case[seen],
            activity=steps["activity"][seen],
            begun_us=steps["begun_us"][seen],
            completed_us=steps["completed_us"][seen],
        )
        if found.finished[~found.recent].mean() < WHOLE:
            raise NotComparableError(
                "Fewer than half of the cases of the earlier weeks were over in the time that nearly all finished cases took: "
                "the log does not seem to hold those weeks whole, so they are not compared."
            )
        return found


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * _SECOND)


def _midnight(moment: datetime, process: Process) -> datetime:
    """The begin of its local day."""
    return moment.astimezone(process.zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _followed_us(tables: Tables) -> int:
    finished = tables.cycles.filter(_.stop.notnull()).mutate(all=0)
    found = tables.rows(weighted_quantiles(finished, ["all"], {"mature": MATURE}))
    if not found:
        raise NotComparableError("No case has finished yet, so it is not known how long one has to be followed.")
    return min(round(float(found[0]["mature"])), round(LONGEST.total_seconds() * _SECOND))


def _cases(tables: Tables) -> tuple[Ints, Ints, Ints]:
    """Begin and cycle time (-1 while open) of the cases, and their numbers, in the order of these."""
    sampled = tables.sample.select("case").distinct()
    cases = tables.cases.semi_join(sampled, "case").select("case", "first_us", cycle_us=_.cycle_us.fill_null(-1))
    found = _columns(tables, cases.order_by("case"))
    return found["first_us"], found["cycle_us"], found["case"]


def _steps(tables: Tables, begin_us: int, end_us: int) -> dict[str, Ints]:
    cases = tables.cases.filter(_.first_us >= begin_us, _.first_us < end_us).select("case")
    steps = tables.sample.semi_join(cases, "case").order_by("case", "position")
    begun = _.started_us.coalesce(_.completed_us)
    return _columns(tables, steps.select("case", "activity", "completed_us", begun_us=begun))


def _columns(tables: Tables, expression: Any) -> dict[str, Ints]:
    found = tables.engine.con.sql(tables.engine.compile(expression)).fetchnumpy()
    return {name: np.asarray(column, np.int64) for name, column in found.items()}


def _window(first_us: Ints, end: datetime, process: Process) -> Window:
    """The shortest recent weeks with cases enough; before them, at most three times as many, as far as there are cases.

    Raises:
        NotComparableError: even the longest hold too few.
    """
    log_begin = _midnight(datetime.fromtimestamp(int(first_us.min()) / _SECOND, process.zone), process) + timedelta(1)
    usable = None
    for recent, before in WEEKS:
        middle = end - timedelta(weeks=recent)
        there = min(before, (middle - log_begin) // timedelta(weeks=1))
        window = Window(middle - timedelta(weeks=there), middle, end)
        fewest = min(_count(first_us, window.begin, middle), _count(first_us, middle, end))
        if there >= recent and fewest >= (FEWEST if usable is None else ENOUGH):
            usable = window
        if fewest >= ENOUGH and usable is window:
            return window
    if usable is None:
        raise NotComparableError(
            "Too few cases have begun, and had the time to finish, to compare the last weeks with those before."
        )
    return usable


def _count(first_us: Ints, begin: datetime, end: datetime) -> int:
    return int(((first_us >= _us(begin)) & (first_us < _us(end))).sum())
