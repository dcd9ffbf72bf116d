"""The register: what it is told by nights and people, and what is to be told because of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Engine, insert, select, update

from mining.errors import InputError
from mining.findings import Alert, Interval, Turn, Verdict
from mining.home import Home
from mining.register import rows
from mining.register.life import Known, State, Telling, Told, Why, heirs, worth_telling
from mining.register.opening import open_engine, writing
from mining.register.tables import ALERTS, MESSAGES, RUNS

_SHORTEST_ID = 4  # letters of an alert's id that a person must give


@dataclass(frozen=True)
class Run:
    """How one run of one night went; moments are ISO 8601 in UTC."""

    night: str
    started_at: str
    finished_at: str | None
    failed: str | None


@dataclass(frozen=True)
class Register:
    """The rows of one installation. Every method is one transaction."""

    engine: Engine

    @classmethod
    def open(cls, home: Home, url: str | None = None) -> Register:
        """The register at `url`, else at HEADRACE_REGISTER, else in the home; made or brought up to date.

        Raises:
            InputError, StoreError: see `open_engine`.
        """
        return cls(open_engine(home, url))

    def started(self, process: str, night: date, at: datetime | None = None) -> None:
        """A run of a night has begun."""
        with writing(self.engine) as db:
            db.execute(insert(RUNS).values(process=process, night=night.isoformat(), started_at=_moment(at)))

    def finished(self, process: str, night: date, at: datetime | None = None) -> None:
        """A night is published. That nights failed before is over, unless a later one did."""
        day, now = night.isoformat(), _moment(at)
        with writing(self.engine) as db:
            rows.end_run(db, process, day, now, {"finished_at": now, "failed": None})
            failing = rows.failing(db, process)
            if failing and day >= failing.night:
                rows.add_turn(db, replace(failing, event=Turn.RESOLVED, night=day, note=""), origin="night")
                rows.settle(db, failing.alert)

    def failed(self, process: str, night: date, reason: str, at: datetime | None = None) -> None:
        """A run of a night failed: an alert, unless this night or a later one had been published before.

        `reason` begins with the step, as in `Step validate: ...`.
        """
        day = night.isoformat()
        with writing(self.engine) as db:
            if rows.last_finished(db, process) != night:  # a second run that fails does not undo the first one
                rows.end_run(db, process, day, _moment(at), {"failed": reason})
            _alarm(db, process, night, reason)

    def missed(self, process: str, night: date, reason: str) -> None:
        """A night has no result and no run that says why: an alert, as for one that failed."""
        with writing(self.engine) as db:
            _alarm(db, process, night, reason)

    def last_finished(self, process: str) -> date | None:
        """The newest night that was published."""
        with writing(self.engine) as db:
            return rows.last_finished(db, process)

    def runs(self, process: str) -> tuple[Run, ...]:
        """The runs of a process, in the order in which they began."""
        chosen = select(RUNS.c.night, RUNS.c.started_at, RUNS.c.finished_at, RUNS.c.failed)
        with writing(self.engine) as db:
            found = db.execute(chosen.where(RUNS.c.process == process).order_by(RUNS.c.id)).all()
        return tuple(Run(*row) for row in found)

    def watched_since(self, process: str, today: date) -> date:
        """Since when somebody looks whether this process has its nights: today, if nobody did before."""
        with writing(self.engine) as db:
            since = rows.of_process(db, process).watched_since
            if since is None:
                rows.set_process(db, process, watched_since=today.isoformat())
        return date.fromisoformat(since) if since else today

    def take(
        self, process: str, night: date, alerts: Sequence[Alert], still_open: Collection[Alert] | None = None
    ) -> bool:
        """Take in the alerts of a night, as it sees them now; False, and nothing is changed, for a night before the newest.

        What an earlier run of the same night had said is replaced. `still_open`: what is open at the night's end, each alert
        as its newest turn saw it. Late data can change what the past looked like: an alert that was open and is not any
        more, without having been resolved, goes on as the one that is now open at the same step, or is withdrawn.
        """
        day = night.isoformat()
        with writing(self.engine) as db:
            newest = rows.of_process(db, process).newest_night
            if newest is not None and day < newest:
                return False
            rows.set_process(db, process, newest_night=day)
            before = rows.known_alerts(db, process)
            touched = rows.take_back(db, process, day) | {alert.alert for alert in alerts}
            for alert in alerts:
                rows.add_turn(db, alert, origin="mined")
            for alert_id in sorted(touched):
                rows.settle(db, alert_id)
            if still_open is not None:
                for alert in still_open:
                    rows.let_be_open(db, alert)
                rows.withdraw_others(db, process, [alert.alert for alert in still_open])
            for heir, old in heirs(before, rows.known_alerts(db, process)):
                rows.inherit(db, heir, old)
        return True

    def strike(self, process: str, named: Callable[[str], bool], instead: str) -> int:
        """Replace the lines that name something, in the reasons why nights failed: all else holds no case; how many rows."""
        changed = 0
        with writing(self.engine) as db:
            for row in rows.reasons(db, process):
                text = _without_lines(row.text, named, instead)
                if text != row.text:
                    row.write(db, text)
                    changed += 1
        return changed

    def due(self, process: str, night: date, channel: str) -> tuple[Telling, ...]:
        """What a channel has to hear in a night, the bad news first; nothing for a night before the newest."""
        day, found = night.isoformat(), []
        with writing(self.engine) as db:
            if day < (rows.of_process(db, process).newest_night or ""):
                return ()
            told = rows.told_to(db, process, channel)
            for known in rows.known_alerts(db, process):
                before = told.get(known.alert.alert)
                why = worth_telling(known, before, day)
                if why is not None:
                    found.append(Telling(why, known.alert, known.opened, before.alert if before else None))
        return tuple(sorted(found, key=_order))

    def told(
        self, process: str, night: date, channel: str, tellings: Sequence[Telling], subject: str, digest: str
    ) -> None:
        """A message has gone out to a channel."""
        day = night.isoformat()
        sent = {"process": process, "night": day, "channel": channel, "subject": subject, "digest": digest}
        with writing(self.engine) as db:
            db.execute(insert(MESSAGES).values(**sent, sent_at=_moment(None)))
            for telling in tellings:
                rows.note_told(db, channel, Told(telling.why, day, telling.alert))

    def sent(self, process: str) -> tuple[tuple[str, str, str], ...]:
        """Night, channel and subject of each message that went out, in order."""
        chosen = select(MESSAGES.c.night, MESSAGES.c.channel, MESSAGES.c.subject)
        with writing(self.engine) as db:
            found = db.execute(chosen.where(MESSAGES.c.process == process).order_by(MESSAGES.c.id)).all()
        return tuple((row.night, row.channel, row.subject) for row in found)

    def acknowledge(self, process: str, alert: str, who: str, note: str = "", at: datetime | None = None) -> Known:
        """Somebody knows: nothing more is told of this alert but its end.

        Raises:
            InputError: no alert, or more than one, has an id that begins so.
        """
        said = {"acknowledged_by": who, "acknowledged_at": _moment(at), "note": note}
        with writing(self.engine) as db:
            chosen = _chosen(rows.known_alerts(db, process), process, alert)
            db.execute(update(ALERTS).where(ALERTS.c.alert == chosen.alert.alert).values(**said))
        return replace(chosen, acknowledged_by=who, acknowledged_at=said["acknowledged_at"], note=note)

    def snooze(self, process: str, alert: str, until: date) -> Known:
        """Nothing is told of this alert before the night of `until`, but its end.

        Raises:
            InputError: as `acknowledge`; or the night is not after the newest that saw the alert.
        """
        day = until.isoformat()
        with writing(self.engine) as db:
            chosen = _chosen(rows.known_alerts(db, process), process, alert)
            if day <= chosen.alert.night:
                raise InputError(
                    f"--until {day}: the night of {chosen.alert.night} has told of it already; name a later one"
                )
            db.execute(update(ALERTS).where(ALERTS.c.alert == chosen.alert.alert).values(snoozed_until=day))
        return replace(chosen, snoozed_until=day)

    def listed(self, process: str, *, closed: bool = False) -> tuple[Known, ...]:
        """The open alerts, and the closed ones if asked for; the newest first."""
        with writing(self.engine) as db:
            known = rows.known_alerts(db, process)
        chosen = [one for one in known if closed or one.state == State.OPEN]
        return tuple(sorted(chosen, key=lambda one: (one.opened, one.alert.alert), reverse=True))


def _without_lines(text: str, named: Callable[[str], bool], instead: str) -> str:
    return "\n".join(instead if named(line) else line for line in text.split("\n"))


def _chosen(known: Sequence[Known], process: str, given: str) -> Known:
    found = [one for one in known if one.alert.alert.startswith(given)]
    if not found:
        raise InputError(f"{process}: there is no alert {given!r}; `headrace alerts list` shows them")
    if len(found) > 1 or len(given) < min(_SHORTEST_ID, len(found[0].alert.alert)):
        raise InputError(
            f"{process}: {given!r} is too short to name one alert; write more of the id (`headrace alerts list`)"
        )
    return found[0]


def _alarm(db: Connection, process: str, night: date, reason: str) -> None:
    newest, failing, day = rows.last_finished(db, process), rows.failing(db, process), night.isoformat()
    if newest is not None and night <= newest:
        return
    alert = _of_failed_night(process, day, reason)
    if failing is not None:
        alert = replace(failing, event=Turn.UPDATED, night=max(failing.night, day), note=reason)
    rows.add_turn(db, alert, origin="night")
    rows.settle(db, alert.alert)


def _order(telling: Telling) -> tuple[bool, bool, float, str]:
    """What is over comes last; a night without result before all else, then what costs most time."""
    alert, over = telling.alert, telling.why in (Why.RESOLVED, Why.WITHDRAWN)
    return over, alert.verdict != Verdict.DATA, -alert.change * alert.share_of_cycle_time, alert.alert


def _of_failed_night(process: str, night: str, reason: str) -> Alert:
    identity = hashlib.sha256(f"{process}\n{night}\ndata".encode()).hexdigest()[:16]
    return Alert(
        process=process,
        alert=identity,
        event=Turn.OPENED,
        night=night,
        verdict=Verdict.DATA,
        step=None,
        after=None,
        segment={},
        since=night,
        change=0.0,
        interval=Interval(0.0, 0.0),
        share_of_cycle_time=0.0,
        score=0.0,
        decomposition=None,
        note=reason,
    )


def _moment(at: datetime | None) -> str:
    return (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
