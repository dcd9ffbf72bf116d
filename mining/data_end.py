"""Do the data end before the night does? Where hardly any case begins any more, it is an extract's end, a stop or a lost source.

At such an end only what is left over is finished, the quick or the slow, whichever the extract holds; what is compared there
would tell changes that nobody made.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

HARDLY: Final = 0.05  # of the usual number of a week
USUAL: Final = 8  # weeks before, whose median is the usual number
ENOUGH: Final = 20  # cases in a usual week: fewer come and go by chance
_SECOND: Final = 1_000_000  # microseconds
_WEEK_US: Final = 7 * 86_400 * _SECOND


def data_end(began_us: Ints, night_end: datetime) -> date | None:
    """The first local day since which hardly any case has begun, for a week at least; None while they do.

    None, too, where the same has happened before and was over again: then it is how this process runs.

    Args:
        began_us: when each case began, in microseconds since 1970 UTC.
        night_end: in the process's own zone.
    """
    end_us = round(night_end.timestamp() * _SECOND)
    begun = began_us[began_us < end_us]
    weeks = np.bincount((end_us - 1 - begun) // _WEEK_US) if len(begun) else np.zeros(0, np.int64)
    silent = next((count for count in range(len(weeks) - USUAL, 0, -1) if _falls_silent(weeks, 0, count)), 0)
    if not silent or any(_falls_silent(weeks, at, silent) for at in range(silent, len(weeks) - USUAL - silent)):
        return None
    last_us = int(begun[begun < end_us - silent * _WEEK_US].max())
    return datetime.fromtimestamp(last_us / _SECOND, night_end.tzinfo).date() + timedelta(days=1)


def _falls_silent(weeks: Ints, at: int, count: int) -> bool:
    """Whether in `count` weeks (counted back from the end) hardly any case began, after weeks in which many did."""
    usual = float(np.median(weeks[at + count : at + count + USUAL]))
    return usual >= ENOUGH and bool((weeks[at : at + count] < HARDLY * usual).all())
