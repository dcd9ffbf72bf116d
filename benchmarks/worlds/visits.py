"""A world as the detector sees it, without the way through files and store."""

from __future__ import annotations

import numpy as np

from benchmarks.worlds.log import ACTIVITIES, DAY_US, FIRST_US, Log
from mining.process import Process
from mining.visits import BEGUN_NAME, OPEN, Visits

PROCESS = Process.model_validate(
    {
        "process": "world",
        "title": "A world",
        "source": {"files": "world.parquet"},
        "columns": {"case": "case_id", "activity": "activity", "completed": "timestamp"},
        "segments": ["segment"],
        "ends": [ACTIVITIES[-1]],
        "timezone": "UTC",
    }
)


def visits(log: Log) -> Visits:
    """What `Visits.of` makes of the log's table, after the log's last day."""
    order = np.lexsort((log.activity, log.completed, log.case))
    known, case = np.unique(log.case[order], return_inverse=True)
    activity = log.activity[order] + 1
    at_us = FIRST_US + (log.completed[order] * DAY_US).astype(np.int64)
    night_end_us = FIRST_US + log.days * DAY_US
    last = np.append(case[1:] != case[:-1], True)
    running = activity != len(ACTIVITIES)
    first = np.append(True, last[:-1])
    started = log.completed if log.started is None else log.started
    work_us = ((log.completed - started)[order] * DAY_US).astype(np.int64)
    people = np.zeros(len(order), np.int64) if log.person is None else (log.activity * 100 + log.person + 1)[order]
    stratum = log.segment_b[known].astype(np.int64)
    return Visits(
        state=activity[running],
        next=np.where(last, OPEN, np.roll(activity, -1))[running],
        entered_us=at_us[running],
        left_us=np.where(last, night_end_us, np.roll(at_us, -1))[running],
        stratum=stratum[case][running],
        case=case[running],
        first_us=at_us[first],
        first_stratum=stratum,
        names=(BEGUN_NAME, *ACTIVITIES),
        strata=({"segment": "A"}, {"segment": "B"}),
        night_end_us=night_end_us,
        work_us=np.where(last, 0, np.roll(work_us, -1))[running],
        who=np.where(last, 0, np.roll(people, -1))[running],
    )
