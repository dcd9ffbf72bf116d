"""Whether what is unusual beside an open incident is a second trouble, or an echo of the first."""

from __future__ import annotations

from mining.exposure import Exposure
from mining.regressions.evidence import MORE, Reason, changed_inflow
from mining.regressions.expected import Ints
from mining.regressions.finding import Found
from mining.regressions.series import Kind

CLEARER = 1.0  # standard errors more than an alert needs that stands alone
OWN_REASONS = (Reason.WORK, Reason.PEOPLE)


def is_echo(exposure: Exposure, base: Ints, recent: Ints, told: Found, new: Found, alarm: float) -> bool:
    """Whether it may come of what is told already, as far as one can see.

    An incident makes queues grow before other steps, and gives the ways that cases take other shares. What it does not do: make
    the work of other people slower, send people home, change which cases come, or stop everything.
    """
    if new.series.kind is Kind.STANDSTILL:
        return told.series.kind is Kind.STANDSTILL
    if told.series.kind is Kind.STANDSTILL or told.series == new.series or _same_people(exposure, told, new):
        return True
    if new.cause is None:
        return new.score < alarm + CLEARER or told.series.kind is new.series.kind or _same_state(exposure, told, new)
    if new.cause.reason is not Reason.UNKNOWN:
        return new.cause.reason not in OWN_REASONS
    if told.series.kind is Kind.TURN or _same_state(exposure, told, new) or new.score < alarm + CLEARER:
        return True
    return changed_inflow(exposure, base, recent, new.series.number) >= MORE


def _same_people(exposure: Exposure, one: Found, other: Found) -> bool:
    """Whether the same people do two steps."""
    if one.cause is None or other.cause is None:
        return False
    pool, of_other = exposure.pool[one.cause.step], exposure.pool[other.cause.step]
    return one.cause.step == other.cause.step or pool == of_other >= 0


def _same_state(exposure: Exposure, one: Found, other: Found) -> bool:
    """Whether cases that wait for the one may leave by the other instead."""
    return bool(_states(exposure, one) & _states(exposure, other))


def _states(exposure: Exposure, found: Found) -> set[int]:
    if found.series.kind is Kind.STEP:
        return {state for state, step in exposure.flows if step == found.series.number}
    return {exposure.flows[found.series.number][0]} if found.series.kind is Kind.TURN else set()
