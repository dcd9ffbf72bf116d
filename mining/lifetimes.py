"""When each case began, ended and was last seen: three numbers per case, for measures that look at all of them by time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from ibis import _

from mining.process import Process
from mining.store import Tables

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SECOND = 1_000_000  # microseconds


@dataclass(frozen=True)
class Lifetimes:
    """All cases of a log, in the order of their numbers. Microseconds since 1970 UTC."""

    began_us: Ints
    cycle_us: Ints  # -1 while open
    last_us: Ints  # its newest event, also one after its end
    repeats: Flags  # an activity came twice
    night_end: datetime
    zone: ZoneInfo

    @classmethod
    def of(cls, tables: Tables, process: Process) -> Lifetimes:
        """Read them; of all cases, also of a large log: 25 bytes each."""
        repeating = tables.variants.select("variant", "repeats")
        cases = tables.cases.left_join(repeating, "variant").select(
            "first_us", "last_us", "case", cycle_us=_.cycle_us.fill_null(-1), repeats=_.repeats.fill_null(0) > 0
        )
        query = tables.engine.compile(cases.order_by("case").select("first_us", "last_us", "cycle_us", "repeats"))
        found = tables.engine.con.sql(query).fetchnumpy()
        return cls(
            began_us=np.asarray(found["first_us"], np.int64),
            cycle_us=np.asarray(found["cycle_us"], np.int64),
            last_us=np.asarray(found["last_us"], np.int64),
            repeats=np.asarray(found["repeats"], np.bool_),
            night_end=datetime.fromtimestamp(tables.night_end_us / SECOND, process.zone),
            zone=process.zone,
        )

    @property
    def finished(self) -> Flags:
        return self.cycle_us >= 0

    @property
    def ended_us(self) -> Ints:
        """When each finished case ended; without a meaning for open ones."""
        return self.began_us + self.cycle_us

    def quantile_s(self, quantile: float) -> float | None:
        """Of the finished cases' cycle times, in seconds."""
        cycles = self.cycle_us[self.finished]
        return float(np.quantile(cycles, quantile)) / SECOND if len(cycles) else None


def micros(moment: datetime) -> int:
    """A moment as the store has it."""
    return round(moment.timestamp() * SECOND)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def mondays(first: datetime, until: datetime, zone: ZoneInfo, days: int = 7) -> list[date]:
    """The limits of the whole weeks from `first` to `until` by the local calendar; a week may have 7 `days` or 28."""
    last = until.astimezone(zone).date()
    last -= timedelta(days=last.weekday())
    begin = first.astimezone(zone).date()
    weeks = max(0, (last - begin).days // days)
    return [last - timedelta(days=days * back) for back in range(weeks, -1, -1)]


def edges_us(limits: list[date], zone: ZoneInfo) -> Ints:
    """The local midnights at which these days begin."""
    return np.array([micros(midnight(day, zone)) for day in limits], np.int64)
