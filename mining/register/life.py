"""What of an alert's life is worth a message: pure decisions, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mining.findings import Alert, Verdict

GROWTH = 0.5  # a change that was told is told again once it has grown by half ...
LEAST_GROWTH = 0.10  # ... and by ten points


class Why(StrEnum):
    """Why a channel hears of an alert."""

    OPENED = "opened"
    REOPENED = "reopened"  # it had been told as over
    UPDATED = "updated"  # another verdict or step, or much more of it
    STILL_OPEN = "still_open"  # the time for which it was snoozed is over
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"  # the data as they are now do not show it any more


class State(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Known:
    """An alert as the register knows it."""

    alert: Alert  # as its newest turn saw it
    state: State
    opened: str  # night
    acknowledged_by: str | None = None
    acknowledged_at: str | None = None
    note: str | None = None
    snoozed_until: str | None = None  # the first night that may tell of it again


@dataclass(frozen=True)
class Told:
    """What a channel heard last of an alert."""

    why: Why
    night: str
    alert: Alert


@dataclass(frozen=True)
class Telling:
    """One alert in a message, and what the channel had heard of it before."""

    why: Why
    alert: Alert
    opened: str  # night
    before: Alert | None


def worth_telling(known: Known, told: Told | None, night: str) -> Why | None:
    """Why a channel has to hear of an alert in a night; None: it has nothing new to hear."""
    if told is None or told.why in (Why.RESOLVED, Why.WITHDRAWN):
        if known.state != State.OPEN or _quiet(known, night):
            return None
        return Why.REOPENED if told is not None and told.why == Why.RESOLVED else Why.OPENED
    if known.state != State.OPEN:
        return Why(known.state.value)
    if _quiet(known, night):
        return None
    if known.snoozed_until and told.night < known.snoozed_until:
        return Why.STILL_OPEN
    return Why.UPDATED if is_news(known.alert, told.alert) else None


def heirs(before: Sequence[Known], after: Sequence[Known]) -> list[tuple[str, str]]:
    """Alerts that opened while one of the same step was withdrawn, with that one: the same thing, seen in other data.

    Late events can move the night of the opening, and with it the id.
    """
    was_open = {known.alert.alert for known in before if known.state == State.OPEN}
    come = [known.alert for known in after if known.state == State.OPEN and known.alert.alert not in was_open]
    gone = [known.alert for known in after if known.state == State.WITHDRAWN and known.alert.alert in was_open]
    found = []
    for new in come:
        old = next((alert for alert in gone if alert.step == new.step), None)
        if old is not None:
            gone.remove(old)
            found.append((new.alert, old.alert))
    return found


def _quiet(known: Known, night: str) -> bool:
    return known.acknowledged_by is not None or (known.snoozed_until is not None and night < known.snoozed_until)


def is_news(now: Alert, told: Alert) -> bool:
    """Whether an alert, as it is now, is worth telling to whom it was told as it was."""
    if (now.verdict, now.step, now.after) != (told.verdict, told.step, told.after):
        return True
    if now.verdict == Verdict.DATA:
        return _failing_step(now) != _failing_step(told)
    return now.change - told.change >= max(LEAST_GROWTH, GROWTH * told.change)


def _failing_step(alert: Alert) -> str:
    """`Step validate` of `Step validate: 3 rows ...`: the rest may differ from night to night and say the same."""
    return alert.note.partition(":")[0]
