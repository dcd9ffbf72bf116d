"""The detector that ours grew from, as its design has it: exits against expected ones by state, in the series' own usual spread.

No share of the other steps is taken off, every age counts the same, nothing is asked of causes, impact or echoes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from mining.exposure import OLDEST, Exposure
from mining.period_tables import PeriodTable
from mining.visits import BEGUN

Floats = npt.NDArray[np.float64]

WEEK = 7
BASE, GAP = 56, 7  # days of the base, and between it and the night
ROUNDS = 4  # of fitting ages and weekdays in turn
WINDOWS = (3, 7, 14)
HISTORY, NEWEST, LEAST_HISTORY = 300, 28, 100  # nights
LEAST_EXITS = 30.0  # expected in a window
ALARM = 3.5  # standard errors
EFFECT = 1.1  # times the usual mean stay


def limits_reached(exposure: Exposure) -> Floats:
    """[night, state] how many times the alarm is reached; 0 where the stay in the state is less than 10 % longer."""
    seen = exposure.exits.sum(axis=(1, 3))
    expected = np.concatenate([np.zeros((BASE + GAP, seen.shape[1])), *_expected(exposure)])
    scores = np.max([_by_own_spread(_late(expected - seen, expected, window)) for window in WINDOWS], axis=0)
    scores[:, BEGUN] = 0.0
    for night, state in np.argwhere(scores >= ALARM):
        if _longer(exposure, int(night), int(state)) < EFFECT:
            scores[night, state] = 0.0
    return np.asarray(scores / ALARM)


def ways_on(exposure: Exposure) -> list[str]:
    """By state, the activity that mostly ends it."""
    return [exposure.names[code] for code in exposure.moves.sum(axis=(0, 1)).argmax(axis=1)]


def _expected(exposure: Exposure) -> Iterator[Floats]:
    """Week by week [day, state] exits by the hazards of the base, by segment and age, and the speed of the weekday."""
    weekday = (exposure.first_day.weekday() + np.arange(exposure.days)) % WEEK
    for first in range(BASE + GAP, exposure.days, WEEK):
        base, days = np.arange(first - GAP - BASE, first - GAP), np.arange(first, min(first + WEEK, exposure.days))
        exits, lived = exposure.exits[base], exposure.exposure[base]
        speed = np.ones((WEEK, exits.shape[2]))
        for _ in range(ROUNDS):
            spent = (lived * speed[weekday[base], None, :, None]).sum(axis=0)
            hazard = np.divide(exits.sum(axis=0), spent, out=np.zeros(spent.shape), where=spent > 0)
            for day in range(WEEK):
                mine = weekday[base] == day
                usual = (lived[mine] * hazard).sum(axis=(0, 1, 3))
                speed[day] = exits[mine].sum(axis=(0, 1, 3)) / np.maximum(usual, 1e-9)
        yield (exposure.exposure[days] * hazard).sum(axis=(1, 3)) * speed[weekday[days]]


def _late(surplus: Floats, expected: Floats, window: int) -> Floats:
    """[night, state] exits that did not come in the last days, in standard errors of counts; NaN before 70 days."""
    sums, due = (
        np.cumsum(np.concatenate([np.zeros((window, each.shape[1])), each]), axis=0) for each in (surplus, expected)
    )
    sums, due = (each[window:] - each[:-window] for each in (sums, due))
    enough = (due >= LEAST_EXITS) & (np.arange(len(due)) >= BASE + 2 * GAP)[:, None]
    return np.asarray(np.divide(sums, np.sqrt(due), out=np.full(due.shape, np.nan), where=enough))


def _by_own_spread(late: Floats) -> Floats:
    """In units of the 90 % quantile of the past, the newest four weeks left out; never more than by chance alone."""
    scores = np.zeros(late.shape)
    for night in range(NEWEST, len(late)):
        past = np.abs(late[max(night - NEWEST - HISTORY, 0) : night - NEWEST])
        for state in np.flatnonzero(~np.isnan(late[night])):
            own = past[~np.isnan(past[:, state]), state]
            enough = len(own) >= LEAST_HISTORY
            usual = np.quantile(own, 0.9) / 1.645 if enough else np.sqrt((own**2).mean()) if len(own) else np.inf
            scores[night, state] = late[night, state] / max(usual, 1.0)
    return scores


def _longer(exposure: Exposure, night: int, state: int) -> float:
    """The mean stay of the last week by that of the base, from their period tables."""
    ends = night + 1
    spans = slice(ends - WEEK, ends), slice(ends - GAP - BASE, ends - GAP)
    now, usual = (
        PeriodTable.of(
            exposure.exits[days, :, state].sum(axis=(0, 1)),
            exposure.exposure[days, :, state].sum(axis=(0, 1)),
            exposure.ages,
            OLDEST,
        ).mean()
        for days in spans
    )
    return float(now / usual)
