"""Steps that take longer than a quarter or half a year ago, by the pace of four weeks: what grew too slowly for an alert.

The base of alerts moves on with the nights, and what has lasted for long is usual. Here the base is as old as it says.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mining.comparison import Comparison
from mining.drivers import explain
from mining.exposure import Exposure
from mining.findings import Rise, Verdict
from mining.regressions.evidence import Reason, cause
from mining.regressions.expected import Ints
from mining.regressions.finding import IMPACT
from mining.regressions.series import Matter
from mining.regressions.work import slower_work
from mining.semi_markov import REFERENCE

SPAN = 28  # nights that are compared
BEFORE = 56  # nights that they are compared with: eight weeks tell how much weeks differ
AGO = (91, 182)  # nights, from middle to middle
CLEAR = 4.5  # standard errors, by how much those weeks differ
DAY_S = 86_400
EFFECT = 0.25  # by which a step must have grown: by less, one quarter differs from another


def risen(exposure: Exposure, night: int, wall: Exposure | None = None) -> tuple[Rise, ...]:
    """The steps that clearly take longer in the night's last four weeks than long ago; what adds most comes first."""
    recent = np.arange(night + 1 - SPAN, night + 1)
    found: dict[int, Rise] = {}
    for ago in AGO:
        middle = night - SPAN // 2 - ago
        base = np.arange(middle + 1 - BEFORE // 2, middle + 1 + BEFORE // 2)
        for step in _slower(exposure, base, recent, wall) if base[0] >= 0 else ():
            found.setdefault(step, _told(exposure, base, recent, wall, step))
    return tuple(sorted(found.values(), key=lambda one: -one.added_s))


def _slower(exposure: Exposure, base: Ints, recent: Ints, wall: Exposure | None) -> Iterator[int]:
    """Of steps for which people are waited for, only those of which the work takes longer: queues come and go.

    None if a case would take longer than the log: then most of the waiting is of cases that ended where no end is declared.
    """
    seen = Comparison(exposure, base, recent, wall)
    if seen.estimate.mean[REFERENCE].max() > exposure.days * DAY_S:
        return
    into = seen.counts.next[:, None] == np.arange(len(exposure.names))
    score = seen.score(seen.split.duration.sum(axis=1) @ into)
    working = slower_work(exposure, base, int(recent[-1]))
    for step in np.flatnonzero(Matter.of(seen).slower(IMPACT, EFFECT) & (score >= CLEAR)).tolist():
        if step in working or cause(exposure, base, recent, step).reason is Reason.UNKNOWN:
            yield step


def _told(exposure: Exposure, base: Ints, recent: Ints, wall: Exposure | None, step: int) -> Rise:
    said = explain(exposure, base, recent, wall, step, Verdict.SLOWER_STEP)
    return Rise(
        step=exposure.names[step],
        after=said.after or "",
        segment=said.segment,
        first=exposure.day(int(base[0])).isoformat(),
        last=exposure.day(int(base[-1])).isoformat(),
        change=said.change,
        interval=said.interval,
        added_s=said.share * said.decomposition.now_s * said.change / (1 + said.change),
    )
