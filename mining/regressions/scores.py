"""How unusual recent days are, by a series' own history: textbook thresholds are wrong by its day-to-day dependence."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

WINDOWS = (3, 7, 14)  # nights that are looked at together: what is sudden, and what is small but stays
# Times as unusual they must be: what few nights show is mostly chance, and so is what the newest week hardly shows.
SURER = {3: 1.15, 7: 1.0, 14: 1.15}
HISTORY = 300  # nights from which the spread is learned
UNSEEN = 28  # newest nights that it is not learned from, or a change would hide itself
QUANTILE_ERROR = 0.78  # variance of the logarithm of a 90 % quantile, of normal scores, times how many
LEAST_HISTORY = 14  # nights with a score, before anything can be unusual
LEAST_EXITS = 5.0  # expected in a window: fewer tell nothing
CAUTION = (1.1, 1.0)  # times as wide the spread is taken with hardly a history, and with a whole one
ALARM = 2.9  # standard errors
SHARED = 0.5  # of how late the other steps are: so much is taken off, as days are good or bad for everybody
LEAST_OTHERS = 3  # steps, or nobody knows what is shared
# False alerts a year of a process of five unchanged steps, by the score from which on they are told (docs/regressions.md).
CURVE = {2.5: 2.5, 2.9: 1.0, 3.5: 0.25, 4.0: 0.1, 4.5: 0.05}
CURVE_SERIES = 5


def alarm_from(false_per_year: float, series: int = CURVE_SERIES) -> float:
    """The score from which on an alert is told, by how many false ones a year are put up with; between 2.5 and 4.5.

    series: how many are watched. Each brings its own false alerts, so that of many each must be surer.
    """
    rates = np.log([*CURVE.values()][::-1])
    each = false_per_year * CURVE_SERIES / max(series, CURVE_SERIES)
    return float(np.interp(np.log(each), rates, [*CURVE][::-1]))


def unusual(surplus: Floats, expected: Floats, variance: Floats) -> Floats:
    """By series, by how many standard errors of chance alone; NaN where too little was expected to tell."""
    enough = ~np.isnan(expected) & (np.nan_to_num(expected) >= LEAST_EXITS) & (np.nan_to_num(variance) > 0)
    return np.where(enough, surplus / np.sqrt(np.where(enough, variance, 1.0)), np.nan)


def alone(surplus: Floats, variance: Floats, due: Floats, expected: Floats) -> tuple[Floats, Floats]:
    """By series, the surplus without half of what it shares with the others, and the variance of that.

    Of the others the weighted median counts, so that one of them that is slow or quick makes no other one quick or slow.
    due: exits that were expected, in the unit of the surplus.
    """
    enough = np.nan_to_num(expected) >= LEAST_EXITS
    if enough.sum() <= LEAST_OTHERS:
        return surplus, variance
    rate = np.where(enough, surplus / np.where(enough, due, 1.0), 0.0)
    known = np.where(enough, due**2 / np.where(enough, variance, 1.0), 0.0)
    order = np.argsort(rate)
    others = np.where(order == np.arange(len(order))[:, None], 0.0, known[order])
    below, half = others.cumsum(axis=1), others.sum(axis=1, keepdims=True) / 2
    shared = (rate[order][(below >= half).argmax(axis=1)] + rate[order][(below > half).argmax(axis=1)]) / 2
    error = np.pi / 2 / np.maximum(2 * half[:, 0], 1e-9)  # variance of a median
    return surplus - SHARED * shared * due, variance + SHARED**2 * error * due**2


def spread(past: Floats, left_out: Flags, least: float, window: int) -> Floats:
    """By series, the spread of scores of `window` nights: of all past ones (axis 0) but the newest and those left out.

    `least` is the spread by chance alone. The 90 % quantile rather than the standard deviation, so that a few outliers do not
    count; drawn towards that of the others, as far as they are alike; wider while few have been seen. Infinite without a history.
    """
    newest = max(len(past) - UNSEEN, 0)
    history = past[max(newest - HISTORY, 0) : newest][~left_out[max(newest - HISTORY, 0) : newest]]
    nights = (~np.isnan(history)).sum(axis=0)
    if not len(history):
        return np.full(past.shape[1], np.inf)
    filled = np.where(np.isnan(history), 0.0, np.abs(history))
    ordered = np.sort(np.where(np.isnan(history), np.inf, filled), axis=0)
    place = np.clip(np.ceil(0.9 * nights).astype(int) - 1, 0, None)
    usual = np.take_along_axis(ordered, place[None], axis=0)[0] / norm.ppf(0.95)
    rms = np.sqrt((filled**2).sum(axis=0) / np.maximum(nights, 1))
    own = np.maximum(np.where(nights >= 100, usual, np.maximum(usual, rms)), least)
    known = nights >= LEAST_HISTORY
    own[known] = _drawn_together(own[known], QUANTILE_ERROR * window / nights[known])
    return np.where(known, own * np.interp(nights, (0, HISTORY), CAUTION), np.inf)


def _drawn_together(own: Floats, error: Floats) -> Floats:
    """Spreads of series, as far as they differ no more than chance would have it: a history holds few windows.

    error: variance of their logarithms by chance. The rest is how much the series differ (DerSimonian and Laird, 1986).
    """
    if len(own) < 2:
        return own
    logs = np.log(own)
    differ = max(float(logs.var(ddof=1) - error.mean()), 0.0)
    alike = error / (differ + error)
    return np.asarray(np.exp(logs + alike * (np.average(logs, weights=1 / error) - logs)))
