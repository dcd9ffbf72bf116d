"""What could be told: by a detector that knows all about a world but whether, where and when a step becomes slower.

It sees each day how fast each step was, as well as its exits can tell it (normal errors, the information of a lognormal stay),
and knows how days depend on one another, at one step and between steps. Of a slow-down that has lasted for a given number of
days it computes the best score there is (generalised least squares over all steps), and alarms at one false alert a year. It is
no strict bound: which lengths it looks at moves a cell by some points, as the table shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.report import table
from benchmarks.scores import RECALL_NIGHTS
from benchmarks.worlds.world import PERSISTENCE, SPEED, SPREAD, World

Floats = npt.NDArray[np.float64]

WEEK = 7
BASE_DAYS = 56  # what is usual is known from so many
SEEN_DAYS = 28  # at once; what is older tells hardly anything
WINDOWS = ((3, 7, 14), (7,))  # days that a slow-down may have lasted
RUNS, DAYS = 200, 400
APART = 14  # nights without an alarm, or it is the same alert
ALARMS = np.arange(2.0, 5.0, 0.02)


@dataclass(frozen=True)
class Known:
    """All that is known of a world; one row per step."""

    noise: float  # sd of the logarithm of a day's speed
    orders: float  # a day

    def error(self, weekday: npt.NDArray[np.int64]) -> Floats:
        """[step, day] variance of the logarithm of the pace that a day's exits show."""
        exits = self.orders * WEEK * SPEED[weekday] / SPEED.sum()
        return np.asarray(np.array(SPREAD)[:, None] ** 2 / exits)

    def covariance(self, weekday: npt.NDArray[np.int64]) -> Floats:
        """[step and day, step and day] of what is seen on days that follow each other, against what is usual."""
        steps, days = len(SPREAD), len(weekday)
        apart = np.abs(np.subtract.outer(np.arange(days), np.arange(days)))
        share = np.ones((steps, steps)) + np.eye(steps)  # half of the variance is that of all steps
        noise = np.kron(share, self.noise**2 / 2 * PERSISTENCE**apart)
        lasting = (1 + PERSISTENCE) / (1 - PERSISTENCE)
        base = share * self.noise**2 / 2 * lasting + np.diag(np.array(SPREAD) ** 2 / self.orders)
        return np.asarray(
            noise + np.diag(self.error(weekday).ravel()) + np.kron(base / BASE_DAYS, np.ones((days, days)))
        )

    def filters(self, last: int, window: int) -> Floats:
        """[asked step, step, day] whose product with what was seen is the score, of days that end on that weekday."""
        weekday = (last + 1 - SEEN_DAYS + np.arange(SEEN_DAYS)) % WEEK
        lately = (np.arange(SEEN_DAYS) >= SEEN_DAYS - window).astype(float)
        asked = np.kron(np.eye(len(SPREAD)), lately)
        best = np.linalg.solve(self.covariance(weekday), asked.T).T
        return np.asarray(
            (best / np.sqrt((best * asked).sum(axis=1, keepdims=True))).reshape(len(SPREAD), len(SPREAD), -1)
        )

    def seen(self, random: np.random.Generator) -> Floats:
        """[run, step, day] logarithms of how much slower each day was, where nothing changes."""
        shocks = random.normal(size=(RUNS, len(SPREAD) + 1, DAYS))
        days = shocks.copy()
        for day in range(1, DAYS):
            days[..., day] = PERSISTENCE * days[..., day - 1] + np.sqrt(1 - PERSISTENCE**2) * shocks[..., day]
        slow = self.noise * np.sqrt(0.5) * (days[:, :1] + days[:, 1:])
        return np.asarray(slow + np.sqrt(self.error(np.arange(DAYS) % WEEK)) * random.normal(size=slow.shape))


@dataclass(frozen=True)
class Nights:
    """[run, asked step, night] the scores of nights on which nothing has changed, the first being that of SEEN_DAYS days."""

    filters: Floats  # [weekday, window, asked step, step, day]
    scores: Floats  # [window, run, asked step, night]

    @classmethod
    def of(cls, known: Known, windows: Sequence[int]) -> Nights:
        filters = np.array([[known.filters(last, window) for window in windows] for last in range(WEEK)])
        seen = np.lib.stride_tricks.sliding_window_view(known.seen(np.random.default_rng(1)), SEEN_DAYS, axis=2)
        scores = np.empty((len(windows), RUNS, len(SPREAD), seen.shape[2]))
        for last in range(WEEK):
            nights = slice((last + 1 - SEEN_DAYS) % WEEK, None, WEEK)
            scores[..., nights] = np.einsum("wksd,rsnd->wrkn", filters[last], seen[:, :, nights], optimize=True)
        return cls(filters, scores)

    def alarm(self) -> float:
        """The lowest that brings one false alert a year at most."""
        highest = self.scores.max(axis=(0, 2))
        years = highest.size / 365
        return next(float(alarm) for alarm in ALARMS if _alerts(highest >= alarm) <= years)

    def told(self, size: float, alarm: float) -> Floats:
        """Share told within each of RECALL_NIGHTS of a slow-down to so many times the time, over steps, weekdays and runs."""
        first = [
            self._first(size, alarm, step, begun) for step in range(len(SPREAD)) for begun in range(100, 100 + 3 * WEEK)
        ]
        return np.asarray([(np.array(first) <= nights).mean() for nights in RECALL_NIGHTS])

    def _first(self, size: float, alarm: float, step: int, begun: int) -> Floats:
        """[run] nights until it is told; infinite if it is not."""
        told = np.full(RUNS, np.inf)
        for night in range(begun + RECALL_NIGHTS[-1], begun - 1, -1):
            shift = self.filters[night % WEEK, :, step, step, begun - night - 1 :].sum(axis=1) * np.log(size)
            highest = (self.scores[:, :, step, night + 1 - SEEN_DAYS] + shift[:, None]).max(axis=0)
            told[highest >= alarm] = night - begun
        return told


def _alerts(on: npt.NDArray[np.bool_]) -> int:
    """[run, night] alarms, as alerts."""
    return sum(1 + int((np.diff(np.flatnonzero(run)) >= APART).sum()) for run in on if run.any())


def most(worlds: dict[str, World], sizes: Sequence[float]) -> str:
    """A table: of each world and size, what such a detector tells at one false alert a year."""
    return table(
        ["", "days", "alarm", *(f"+{size - 1:.0%}: told in 7/14/28 n, %" for size in sizes)], list(_rows(worlds, sizes))
    )


def _rows(worlds: dict[str, World], sizes: Sequence[float]) -> Iterator[list[object]]:
    for name, world in worlds.items():
        for windows in WINDOWS:
            nights = Nights.of(Known(world.noise, world.orders), windows)
            alarm = nights.alarm()
            told = ("/".join(f"{share:.0%}".rstrip("%") for share in nights.told(size, alarm)) for size in sizes)
            yield [name, ", ".join(map(str, windows)), f"{alarm:.2f}", *told]
