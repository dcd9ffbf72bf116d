"""Rows of the register, read and written within a transaction of `book`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Row, Table, and_, delete, insert, select, update

from mining.findings import Alert, Turn
from mining.register.life import Known, State, Told, Why
from mining.register.tables import ALERTS, PROCESSES, RUNS, TOLD, TURNS

_ALERT = TypeAdapter(Alert)
_STATE = {Turn.OPENED: State.OPEN, Turn.UPDATED: State.OPEN, Turn.RESOLVED: State.RESOLVED}


def of_process(db: Connection, process: str) -> Row[Any]:
    """What is known of a process, which is known from now on."""
    chosen = select(PROCESSES).where(PROCESSES.c.process == process)
    row = db.execute(chosen).one_or_none()
    if row is None:
        db.execute(insert(PROCESSES).values(process=process))
        row = db.execute(chosen).one()
    return row


def set_process(db: Connection, process: str, **values: str) -> None:
    """Change what is known of a process."""
    db.execute(update(PROCESSES).where(PROCESSES.c.process == process).values(**values))


def end_run(db: Connection, process: str, night: str, now: str, values: dict[str, str | None]) -> None:
    """Write how the newest run of a night ended; where nobody wrote that it began, it began now."""
    key = (RUNS.c.process == process) & (RUNS.c.night == night)
    newest = db.execute(select(RUNS.c.id).where(key).order_by(RUNS.c.id.desc()).limit(1)).scalar()
    if newest is None:
        db.execute(insert(RUNS).values(process=process, night=night, started_at=now, **values))
    else:
        db.execute(update(RUNS).where(RUNS.c.id == newest).values(**values))


def last_finished(db: Connection, process: str) -> date | None:
    """The newest night that was published."""
    chosen = select(RUNS.c.night).where((RUNS.c.process == process) & RUNS.c.finished_at.is_not(None))
    night = db.execute(chosen.order_by(RUNS.c.night.desc()).limit(1)).scalar()
    return date.fromisoformat(night) if night else None


def known_alerts(db: Connection, process: str) -> list[Known]:
    """Every alert of a process, as it is now."""
    rows = db.execute(select(ALERTS).where(ALERTS.c.process == process).order_by(ALERTS.c.opened, ALERTS.c.alert))
    return [_known(row) for row in rows]


def told_to(db: Connection, process: str, channel: str) -> dict[str, Told]:
    """What a channel heard last of each alert, by the alert's id."""
    chosen = select(TOLD).join(ALERTS).where((ALERTS.c.process == process) & (TOLD.c.channel == channel))
    return {row.alert: Told(Why(row.why), row.night, read(row.seen)) for row in db.execute(chosen)}


def note_told(db: Connection, channel: str, told: Told) -> None:
    """Write what a channel heard, over what it had heard of the same alert before."""
    key = {"alert": told.alert.alert, "channel": channel}
    db.execute(delete(TOLD).filter_by(**key))
    db.execute(insert(TOLD).values(**key, why=told.why.value, night=told.night, seen=written(told.alert)))


def add_turn(db: Connection, alert: Alert, origin: str) -> None:
    """Write what a night says of an alert, over what an earlier run of it had said."""
    if db.execute(select(ALERTS.c.alert).where(ALERTS.c.alert == alert.alert)).one_or_none() is None:
        first = {"alert": alert.alert, "process": alert.process, "origin": origin, "state": State.OPEN.value}
        db.execute(insert(ALERTS).values(**first, opened=alert.night, seen=written(alert)))
    key = {"alert": alert.alert, "night": alert.night}
    db.execute(delete(TURNS).filter_by(**key))
    db.execute(insert(TURNS).values(**key, event=alert.event.value, seen=written(alert)))


def take_back(db: Connection, process: str, night: str) -> set[str]:
    """Forget what an earlier run of a night had found in the data; the alerts that this touches."""
    mined = select(ALERTS.c.alert).where((ALERTS.c.process == process) & (ALERTS.c.origin == "mined"))
    of_night = (TURNS.c.night == night) & TURNS.c.alert.in_(mined)
    touched = set(db.execute(select(TURNS.c.alert).where(of_night)).scalars())
    db.execute(delete(TURNS).where(of_night))
    return touched


def settle(db: Connection, alert: str) -> None:
    """Let an alert be what its newest turn says; one without a turn is withdrawn. What people said holds until its end."""
    turns = db.execute(select(TURNS).where(TURNS.c.alert == alert).order_by(TURNS.c.night.desc()).limit(2)).all()
    values: dict[str, str | None] = {"state": State.WITHDRAWN.value}
    if turns:
        values = {"state": _STATE[Turn(turns[0].event)].value, "seen": turns[0].seen}
    was = db.execute(select(ALERTS.c.state).where(ALERTS.c.alert == alert)).scalar_one()
    if (
        was == State.RESOLVED
        and len(turns) == 2
        and turns[1].event == Turn.RESOLVED
        and turns[0].event != Turn.RESOLVED
    ):
        values |= {"acknowledged_by": None, "acknowledged_at": None, "note": None, "snoozed_until": None}
    db.execute(update(ALERTS).where(ALERTS.c.alert == alert).values(**values))


def let_be_open(db: Connection, alert: Alert) -> None:
    """An open alert as the data show it now: turns after its newest one were of a past that has changed."""
    later = (TURNS.c.alert == alert.alert) & (TURNS.c.night > alert.night)
    db.execute(delete(TURNS).where(later))
    add_turn(db, alert, origin="mined")
    settle(db, alert.alert)


def withdraw_others(db: Connection, process: str, still_open: Collection[str]) -> None:
    """Withdraw the open alerts that the data do not show any more."""
    mined = (ALERTS.c.process == process) & (ALERTS.c.origin == "mined") & (ALERTS.c.state == State.OPEN.value)
    gone = mined & ALERTS.c.alert.not_in(still_open)
    db.execute(update(ALERTS).where(gone).values(state=State.WITHDRAWN.value))


def inherit(db: Connection, heir: str, old: str) -> None:
    """Let an alert go on under another id: what was said and told about it, and since when, holds for its heir."""
    said = ("opened", "acknowledged_by", "acknowledged_at", "note", "snoozed_until")
    row = db.execute(select(*(ALERTS.c[name] for name in said)).where(ALERTS.c.alert == old)).one()
    db.execute(update(ALERTS).where(ALERTS.c.alert == heir).values(**dict(zip(said, row, strict=True))))
    db.execute(delete(TOLD).where(TOLD.c.alert == heir))
    db.execute(update(TOLD).where(TOLD.c.alert == old).values(alert=heir))


def failing(db: Connection, process: str) -> Alert | None:
    """The open alert of nights that failed or did not run."""
    of_nights = (ALERTS.c.process == process) & (ALERTS.c.origin == "night") & (ALERTS.c.state == State.OPEN.value)
    seen = db.execute(select(ALERTS.c.seen).where(of_nights)).scalar()
    return read(seen) if seen else None


@dataclass(frozen=True)
class Reason:
    """Why a night failed, in one row."""

    text: str
    table: Table
    key: ColumnElement[bool]
    alert: Alert | None  # that holds it, where the row is of an alert

    def write(self, db: Connection, text: str) -> None:
        """Put another text in its place."""
        values = {"failed": text} if self.alert is None else {"seen": written(replace(self.alert, note=text))}
        db.execute(update(self.table).where(self.key).values(**values))


def reasons(db: Connection, process: str) -> list[Reason]:
    """Every reason why a night of a process failed, wherever it is kept."""
    of_process = select(ALERTS.c.alert).where(ALERTS.c.process == process)
    found = [
        Reason(row.failed, RUNS, RUNS.c.id == row.id, None)
        for row in db.execute(select(RUNS).where((RUNS.c.process == process) & RUNS.c.failed.is_not(None)))
    ]
    for table in (ALERTS, TURNS, TOLD):
        for row in db.execute(select(table).where(table.c.alert.in_(of_process))):
            key = and_(*(column == row._mapping[column] for column in table.primary_key))
            alert = read(row.seen)
            found.append(Reason(alert.note, table, key, alert))
    return found


def written(alert: Alert) -> str:
    return _ALERT.dump_json(alert).decode()


def read(text: str) -> Alert:
    return _ALERT.validate_json(text)


def _known(row: Row[Any]) -> Known:
    return Known(
        alert=read(row.seen),
        state=State(row.state),
        opened=row.opened,
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=row.acknowledged_at,
        note=row.note,
        snoozed_until=row.snoozed_until,
    )
