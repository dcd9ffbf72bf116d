"""How fast we finish what we start: the share finished by age, per month of starting, open cases counting as open.

Kaplan and Meier (1958): a case that is open now says that it was not finished at any age so far, and nothing of later ones.
"""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from mining.lifetimes import SECOND, Flags, Ints, Lifetimes, edges_us
from mining.morning_findings import Curve, Curves

Floats = npt.NDArray[np.float64]

MONTHS: Final = 6
FEWEST: Final = 10  # cases of a month
AT_RISK: Final = (
    5  # cases seen for longer, and this share of the month's cases: with fewer the curve would jump to 100 %
)
AT_RISK_SHARE: Final = 0.05
HORIZON: Final = 0.95  # of the finished cases were done by the age at which the curves end
POINTS: Final = 160


def curves(lives: Lifetimes) -> Curves | None:
    """The curves of the newest months with cases enough; None where no case has finished."""
    horizon_s = lives.quantile_s(HORIZON)
    if not horizon_s:
        return None
    found = [_month(lives, first, until, horizon_s) for first, until in _months(lives)]
    shown = [curve for curve in found if curve is not None][-MONTHS:]
    return Curves(round(horizon_s, 3), tuple(shown)) if shown else None


def _months(lives: Lifetimes) -> list[tuple[date, date]]:
    """First days of the last months of the log, oldest first, each with that of the next; a few more than are shown."""
    first = datetime.fromtimestamp(int(lives.began_us.min()) / SECOND, lives.zone)
    month = lives.night_end.year * 12 + lives.night_end.month - 1
    oldest = max(first.year * 12 + first.month - 1, month - 2 * MONTHS)
    starts = [date(number // 12, number % 12 + 1, 1) for number in range(oldest, month + 2)]
    return list(pairwise(starts))


def _month(lives: Lifetimes, first: date, until: date, horizon_s: float) -> Curve | None:
    begin, end = edges_us([first, until], lives.zone)
    chosen = (lives.began_us >= begin) & (lives.began_us < end)
    cases, finished = int(chosen.sum()), lives.finished[chosen]
    if cases < FEWEST:
        return None
    followed_us = lives.night_end.timestamp() * SECOND - lives.began_us[chosen]
    ages_us = np.where(finished, lives.cycle_us[chosen], followed_us).astype(np.int64)
    seen_s = min(_seen_us(ages_us, finished) / SECOND, horizon_s)
    grid = np.linspace(0, horizon_s, POINTS + 1)
    grid = np.append(grid[grid < seen_s], seen_s)
    ages, shares = _corners(grid, share_finished(ages_us, finished, grid * SECOND))
    return Curve(f"{first:%Y-%m}", cases, int(finished.sum()), ages, shares, running=seen_s < horizon_s)


def _seen_us(ages_us: Ints, finished: Flags) -> float:
    """The age up to which cases enough were seen; as long as none is lost because it is younger, all were."""
    if finished.all():
        return float("inf")
    enough = max(AT_RISK, int(np.ceil(AT_RISK_SHARE * len(ages_us))))
    return float(max(np.sort(ages_us)[-enough], ages_us[~finished].min()))


def share_finished(ages_us: Ints, finished: Flags, at_us: Floats) -> Floats:
    """The Kaplan-Meier estimate of the share that is finished by each age of `at_us`.

    Args:
        ages_us: of each case when it finished, or its age now.
        finished: whether it did.
    """
    order = np.lexsort((~finished, ages_us))
    ages, ends = ages_us[order], finished[order]
    at_risk = len(ages) - np.searchsorted(ages, ages, side="left")
    times, place = np.unique(ages, return_index=True)
    ended = np.add.reduceat(ends.astype(np.int64), place)
    open_still = np.cumprod(1 - ended / at_risk[place])
    last = np.searchsorted(times, at_us, side="right")
    return np.concatenate([[0.0], 1 - open_still])[last]


def _corners(ages: Floats, shares: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Only where the share changes, and both ends."""
    kept = np.append(np.diff(shares) > 0, True)
    kept[0] = True
    kept[1:] |= np.diff(shares) > 0
    rounded = [(round(float(a), 3), round(float(s), 6)) for a, s in zip(ages[kept], shares[kept], strict=True)]
    return tuple(age for age, _share in rounded), tuple(share for _age, share in rounded)
