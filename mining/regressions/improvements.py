"""Steps that became quicker: the same scores on their other side. They are recorded, and never an alert.

An improvement changes nothing of what is usual for alerts. It has a base of its own, the one of the night that found it, and is
kept for as long as a slow-down would be, unless it fades. There is no hurry to tell it: so it has to be clearer than an alert.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mining.comparison import Comparison
from mining.drivers import explain
from mining.findings import Improvement, Verdict
from mining.regressions.echoes import CLEARER
from mining.regressions.expected import WEEK, Ints
from mining.regressions.finding import EFFECT, IMPACT, RECENT_NIGHTS, STAYS
from mining.regressions.series import SPAN, Kind, Matter, Series, Watched
from mining.regressions.work import SlowerWork, slower_work, work_began

KEPT = 56  # nights; by then it is what is usual
FADED = 0.5  # of the least effect: what is left is no improvement any more


@dataclass(frozen=True)
class _Better:
    step: int
    since: int
    found: int  # night
    score: float
    base: Ints


@dataclass
class Improvements:
    """The improvements of a process that are kept, night by night."""

    watched: Watched
    alarm: float
    kept: list[_Better] = field(default_factory=list, init=False)

    def play(self, night: int, matter: Matter, undisturbed: bool) -> None:
        """One night; `undisturbed`: no incident is open, and none was lately, from which steps would only recover."""
        self.kept = [one for one in self.kept if self._lasts(night, one)]
        if undisturbed:
            self.kept += self._found(night, matter)

    def told(self, night: int) -> tuple[Improvement, ...]:
        """What is kept at the end of the night; what saves most time first."""
        told = (self._told(night, one) for one in self.kept)
        return tuple(sorted(told, key=lambda one: one.share_of_cycle_time * one.change / (1 + one.change)))

    def _told(self, night: int, kept: _Better) -> Improvement:
        exposure = self.watched.exposure
        recent = np.arange(max(min(kept.since, night + 1 - WEEK), night + 1 - RECENT_NIGHTS), night + 1)
        said = explain(exposure, kept.base, recent, self.watched.wall, kept.step, Verdict.SLOWER_STEP, sign=-1)
        return Improvement(
            step=exposure.names[kept.step],
            after=said.after or "",
            since=exposure.day(kept.since).isoformat(),
            night=exposure.day(kept.found).isoformat(),
            change=said.change,
            interval=said.interval,
            share_of_cycle_time=said.share,
            score=min(kept.score, 99.0),
            decomposition=said.decomposition,
        )

    def _found(self, night: int, matter: Matter) -> list[_Better]:
        """Those that matter; where people are waited for, only quicker work and what lasts: queues get shorter by chance, too."""
        quicker = (matter.step <= -IMPACT) & (matter.effect <= -EFFECT)
        quicker[[one.step for one in self.kept]] = False
        if not quicker.any():
            return []
        work = slower_work(self.watched.exposure, self.watched.base(night), night, sign=-1)
        found = (self._better(night, int(step), work.get(int(step))) for step in np.flatnonzero(quicker))
        return [one for one in found if one]

    def _better(self, night: int, step: int, work: SlowerWork | None) -> _Better | None:
        watched, series = self.watched, Series(Kind.STEP, step)
        score, since = watched.score(night, series, sign=-1), watched.began(night, series, sign=-1)
        stays = night - since >= STAYS and watched.score(night, series, (WEEK,), sign=-1) >= self.alarm
        believed = score >= self.alarm + CLEARER and (watched.exposure.pool[step] < 0 or stays)
        if work and not believed:
            score, since = work.score, work_began(watched.exposure, watched.base(night), night, work)
        return _Better(step, since, night, score, watched.base(night)) if believed or work else None

    def _lasts(self, night: int, kept: _Better) -> bool:
        if night - kept.found >= KEPT:
            return False
        seen = Comparison(
            self.watched.exposure, kept.base, np.arange(night + 1 - SPAN, night + 1), self.watched.wall, noise=False
        )
        return float(Matter.of(seen).effect[kept.step]) <= -FADED * EFFECT
