"""What a detector told on a trial, held against what was planted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from benchmarks.trials import CHANGE_DAYS, Planted
from mining.drivers import FACTORS
from mining.findings import Decomposition

RECALL_NIGHTS = (7, 14, 28)
DUE = 0.05  # of the mean cycle time
PASSED_NIGHTS = 21
CONGESTION = "congestion"


@dataclass(frozen=True)
class Incident:
    """One alert, from the night it opened to the night it was resolved; nights are numbers of days of the log."""

    opened: int
    resolved: int | None
    verdict: str | None  # None: the contender tells none
    step: str | None
    decomposition: Decomposition | None = None  # as it was last told within 28 nights of its opening
    tellings: tuple[tuple[int, str, str | None], ...] = ()  # of each of its nights: the verdict and the step


@dataclass(frozen=True)
class Score:
    """One contender on one trial."""

    contender: str
    group: str
    days: int  # nights watched before the change, or all
    false: int  # incidents opened in them, congestion not counted
    congestion: int
    alarmed: int  # of these nights, those on which an incident was open
    changed: bool = False
    effect: float | None = None  # of the change, relative, of the mean cycle time
    due: bool = False  # made the mean cycle time longer by 5 % at least: must be told
    delay: int | None = (
        None  # nights from the change to the first incident that opened after it; None: none within 28 (and its ramp)
    )
    told: str = ""  # its verdict and step
    right_step: bool = False
    right_verdict: bool = False
    put_right: bool = False  # the verdict and step that an alert, open before or not, last gave in those nights
    stays: bool = False  # a passing change: still open three weeks after it was over
    last_week: tuple[float, float] = (0.0, 0.0)  # exits seen, and expected from the weeks before, where nothing changed
    split: tuple[
        tuple[float, float], ...
    ] = ()  # (told, true) of mix, visits and duration, relative to the mean cycle time
    unsure: tuple[bool, ...] = ()  # of these, whether it was told that chance may have made it


def score(contender: str, group: str, incidents: Iterable[Incident], planted: Planted | None, nights: range) -> Score:
    """Count what was told before the change, and look at the first that was told after it."""
    told = sorted(incidents, key=lambda incident: incident.opened)
    until = planted.day if planted else nights.stop
    early = [incident for incident in told if nights.start <= incident.opened < until]
    congestion = sum(incident.verdict == CONGESTION for incident in early)
    alarmed = {night for one in early for night in range(one.opened, min(one.resolved or until, until))}
    quiet = Score(contender, group, until - nights.start, len(early) - congestion, congestion, len(alarmed))
    if planted is None:
        return quiet
    due = planted.effect is not None and planted.effect >= DUE
    changed = replace(
        quiet, changed=True, effect=planted.effect, due=due, stays=any(_stays(incident, planted) for incident in told)
    )
    soon = range(planted.day, planted.day + planted.ramp + CHANGE_DAYS + 1)
    changed = replace(changed, put_right=any(_put_right(incident, planted, soon) for incident in told))
    found = next((one for one in told if one.opened in soon), None)
    if found is None:
        return changed
    return replace(
        changed,
        delay=found.opened - planted.day,
        told=" ".join(filter(None, (found.verdict, found.step))),
        right_step=_right_step(found.step, planted),
        right_verdict=found.verdict in planted.verdicts,
        split=_split(found, planted),
        unsure=tuple(name in found.decomposition.unsure for name in FACTORS) if found.decomposition else (),
    )


def _right_step(step: str | None, planted: Planted) -> bool:
    return not planted.steps or step in planted.steps


def _put_right(incident: Incident, planted: Planted, nights: range) -> bool:
    said = [(verdict, step) for night, verdict, step in incident.tellings if night in nights]
    return any(verdict in planted.verdicts and _right_step(step, planted) for verdict, step in said[-1:])


def _stays(incident: Incident, planted: Planted) -> bool:
    if planted.until is None or incident.opened < planted.day:
        return False
    over = planted.until + PASSED_NIGHTS
    return incident.opened <= over and (incident.resolved or over + 1) > over


def _split(found: Incident, planted: Planted) -> tuple[tuple[float, float], ...]:
    told, true = found.decomposition, planted.truth
    if told is None or true is None:
        return ()
    parts = [(told.mix_s, true.mix), (told.visits_s, true.visits), (told.duration_s, true.duration)]
    return tuple((one / told.before_s, other / true.without) for one, other in parts)


@dataclass(frozen=True)
class Card:
    """The scores of one contender on one group, added up."""

    scores: tuple[Score, ...]

    @property
    def years(self) -> float:
        return sum(score.days for score in self.scores) / 365

    @property
    def false_a_year(self) -> float:
        return sum(score.false for score in self.scores) / max(self.years, 1e-9)

    @property
    def congestion_a_year(self) -> float:
        return sum(score.congestion for score in self.scores) / max(self.years, 1e-9)

    @property
    def alarmed(self) -> float:
        """Share of the nights without a change on which an incident was open."""
        return sum(score.alarmed for score in self.scores) / max(sum(score.days for score in self.scores), 1)

    @property
    def changed(self) -> tuple[Score, ...]:
        return tuple(score for score in self.scores if score.changed)

    @property
    def found(self) -> tuple[Score, ...]:
        return tuple(score for score in self.changed if score.delay is not None)

    def recall(self, nights: int) -> float:
        """Share of the changes told within so many nights."""
        return sum((one.delay or 0) <= nights for one in self.found) / max(len(self.changed), 1)

    @property
    def effect(self) -> float | None:
        """The mean one of the changes."""
        known = [one.effect for one in self.changed if one.effect is not None]
        return sum(known) / len(known) if known else None

    @property
    def delay(self) -> float | None:
        return median(one.delay or 0 for one in self.found) if self.found else None

    @property
    def put_right(self) -> float | None:
        """Share of all changes of which an alert was right when it was last told within 28 nights."""
        return sum(one.put_right for one in self.changed) / len(self.changed) if self.changed else None

    def share(self, what: str) -> float | None:
        """Share of the changes found of which a flag of `Score` holds."""
        return sum(getattr(one, what) for one in self.found) / len(self.found) if self.found else None

    @property
    def split_error(self) -> float | None:
        """Mean distance of the parts told from the true ones, in percent of the mean cycle time."""
        pairs = [pair for one in self.found for pair in one.split]
        return 100 * sum(abs(told - true) for told, true in pairs) / len(pairs) if pairs else None

    @property
    def main_parts(self) -> list[tuple[float, float]]:
        """(told, true) of the part that truly is the largest, of each change found."""
        return [max(one.split, key=lambda pair: abs(pair[1])) for one in self.found if one.split]

    @property
    def told_by_true(self) -> tuple[float, float] | None:
        """The largest parts as they were told, by the true ones, all changes found together: 1 without a bias; standard error."""
        if not self.main_parts:
            return None
        told, true = np.array(self.main_parts).T
        ratio, many = told.sum() / true.sum(), len(told)
        off = np.sqrt(((told - ratio * true) ** 2).sum() * many / max(many - 1, 1)) / abs(true.sum())
        return float(ratio), float(off)

    @property
    def wrong_signs(self) -> int:
        """How often the largest part was told with the wrong sign."""
        return sum(told * true < 0 for told, true in self.main_parts)

    @property
    def sure_signs(self) -> tuple[int, int]:
        """(of the largest parts, how many were told with a direction; how often with the wrong one)."""
        sure = [
            max(zip(one.split, one.unsure, strict=True), key=lambda part: abs(part[0][1]))
            for one in self.found
            if one.split
        ]
        told = [pair for pair, unsure in sure if not unsure]
        return len(told), sum(one * true < 0 for one, true in told)


def cards(scores: Sequence[Score], by: str = "group") -> dict[str, Card]:
    """By group, or by contender, in the order in which they were tried."""
    found: dict[str, list[Score]] = {}
    for one in scores:
        found.setdefault(getattr(one, by), []).append(one)
    return {name: Card(tuple(mine)) for name, mine in found.items()}
