"""What a miner sees of a world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.worlds.changes import Floats

Integers = NDArray[np.int64]

STEPS = ("Check", "Approve", "Pick", "Ship", "Invoice")
ACTIVITIES = ("Receive", *STEPS)
FIRST_US = 1_704_067_200_000_000  # 2024-01-01, a Monday, UTC
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Log:
    """Events of a log in order of completion, those after its last day cut off."""

    case: Integers
    activity: Integers  # code in ACTIVITIES
    completed: Floats
    started: Floats | None  # in a world of queues
    person: Integers | None  # of the step's people; -1: nobody
    segment_b: NDArray[np.bool_]  # one entry per case
    days: int

    def until(self, day: int) -> Log:
        """As it was known at the end of so many days."""
        seen = self.completed < day
        return Log(
            case=self.case[seen],
            activity=self.activity[seen],
            completed=self.completed[seen],
            started=None if self.started is None else self.started[seen],
            person=None if self.person is None else self.person[seen],
            segment_b=self.segment_b,
            days=day,
        )

    def table(self) -> pa.Table:
        """The log with the product's columns."""
        columns = {
            "case_id": pa.array(self.case).cast(pa.string()),
            "activity": pa.DictionaryArray.from_arrays(pa.array(self.activity.astype(np.int32)), ACTIVITIES),
            "timestamp": _moments(self.completed),
            "segment": pa.DictionaryArray.from_arrays(pa.array(self.segment_b[self.case].astype(np.int32)), ["A", "B"]),
        }
        if self.started is not None and self.person is not None:
            columns["start_timestamp"] = _moments(self.started)
            columns["resource"] = pa.array(
                [f"{ACTIVITIES[a]} {p}" if p >= 0 else None for a, p in zip(self.activity, self.person, strict=True)]
            )
        return pa.table(columns)

    def write(self, path: Path) -> Path:
        pq.write_table(self.table(), path)
        return path


def _moments(days: Floats) -> pa.Array:
    return pa.array(FIRST_US + (days * DAY_US).astype(np.int64)).cast(pa.timestamp("us", tz="UTC"))
