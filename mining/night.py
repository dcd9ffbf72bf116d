"""One night, in order. The one module that knows the order; Airflow and the command line both go through it.

Every step reads and writes files in the run's work folder, so that each may run in a process of its own. Whatever changes the
store or the published nights of a process is done by one run at a time; a run that is killed leaves nothing that the next
one does not mend.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from pydantic import TypeAdapter

from mining import durable, loading, placing, quarantine, retention, validation
from mining.beside import beside
from mining.disk import told_when_full
from mining.errors import GateError, StoreError
from mining.findings import Effect, Findings
from mining.home import Home
from mining.lock import alone
from mining.pages.engine import engine_beside
from mining.process import Process
from mining.process_file import load
from mining.readmission import readmit, rows_of
from mining.sources import Pull, pull
from mining.sources.forgotten import forgotten_cases
from mining.sources.resources import resource_key
from mining.store import Batch, Batches, Load, Tables, advance, load_id_of, loads_of, without_known
from mining.workplace import Workplace, clear, run_name

if TYPE_CHECKING:
    from mining.publication import Mined

LOG = logging.getLogger("headrace")
STEPS = ("pull", "validate", "store", "discover", "bottlenecks", "regressions", "views", "publish", "alert")
_OF_ALL = ("pull", "alert")  # need nothing of the run's work folder: the one begins it, the other comes after it
_PULL = TypeAdapter(tuple[datetime, Pull, loading.State])
_SEEN = TypeAdapter(tuple[Batch, ...])


@dataclass(frozen=True)
class Night:
    """One business day of one process.

    `pull -> validate -> store -> discover, bottlenecks, regressions, views -> publish -> alert`
    """

    process: Process
    day: date
    home: Home
    place: Workplace
    registered: bool = True  # whether the register hears that it begins

    @classmethod
    def of(cls, process: Process | Path, day: date, home: Home, run: str | None = None) -> Night:
        """The night of a process or its file; `run` is the name of the run where several processes make up one."""
        process = process if isinstance(process, Process) else load(process)
        work = home.work(process.process)
        return cls(process, day, home, Workplace(work, run_name(run)) if run else Workplace(work))

    @property
    def end(self) -> datetime:
        """Midnight after the day, local time; what happened later is not seen."""
        return datetime.combine(self.day + timedelta(days=1), time(), self.process.zone)

    @property
    def work(self) -> Path:
        return self.place.folder

    @property
    def batches(self) -> Batches:
        return Batches(self.home.batches(self.process.process))

    @cached_property
    def tables(self) -> Tables:
        return Tables(self.work / "tables")

    def pull(self) -> int:
        """Bring what is new at the source; the number of rows. What killed runs left behind is put right first."""
        with self._alone("pull"):
            self._mend()
        if self.registered:
            self._note_beginning()
        self.place.empty()
        return self._pull()

    def _note_beginning(self) -> None:
        """So that the dead man's check can tell a night that hangs from one that nobody began."""
        from mining.register import Register  # noqa: PLC0415 - brings SQLAlchemy

        try:
            Register.open(self.home).started(self.process.process, self.day)
        except StoreError as error:  # the step `alert` needs the register, and fails where it is away; mining does not
            LOG.error("it could not be noted that the night has begun: %s", error)

    def _mend(self) -> None:
        loading.undo_unfinished(self.home, self.process.process)
        placing.heal(self.home, self.process.process)
        clear(self.place.parent)

    def _pull(self) -> int:
        state, loaded_at = self._state, datetime.now(UTC)
        since, loaded = self.batches.cursor(), self.batches.inputs_loaded()
        key, gone = resource_key(self.home, self.process), forgotten_cases(self.home, self.process.process)
        found = pull(self.process, self.work, already=loaded, since=since, until=self.end, key=key, forgotten=gone)
        if self.process.source.sql:
            found = without_known(found, self._known(), self.process.source.sql.cursor, since or "")
        durable.write(self.work / "pull.json", _PULL.dump_json((loaded_at, found, state)))
        return found.rows

    def readmit(self, accept: Collection[str] = ()) -> tuple[int, int]:
        """Try the quarantined rows again, with the process file as it is today; how many were tried and how many went in.

        Those that pass become a batch of their own; the night has then to be run again to count them.

        Raises:
            InputError: a rule in `accept` is none whose rows can be right.
        """
        with told_when_full(self.home.root), self._alone("readmit"):
            self._mend()
            try:
                return readmit(self.process, self.home, self.day, self.place.empty(), accept)
            finally:
                self.place.leave()

    def _alone(self, step: str) -> AbstractContextManager[None]:
        return alone(self.home.lock(self.process.process), f"{step} of {self.process.process} {self.day}")

    @property
    def _state(self) -> loading.State:
        return loading.state(self.home, self.process.process)

    def _known(self) -> list[Path]:
        quarantined = sorted(self.home.quarantine(self.process.process).glob("*.parquet"))
        return [*self.batches.paths(), *quarantined]

    @property
    def _pulled(self) -> tuple[datetime, Pull, loading.State]:
        loaded_at, found, state = _PULL.validate_json((self.work / "pull.json").read_bytes())
        return loaded_at, replace(found, path=self.work / found.path.name), state

    def validate(self) -> int:
        """Try the pull at the gate; the number of rows set aside.

        Raises:
            GateError: a critical check failed. Nothing of the pull is stored; it is pulled again the next time.
        """
        loaded_at, found, _ = self._pulled
        checks = validation.validate(self.process, found.path, self.work, self.batches.paths(), loaded_at)
        if not validation.passed(checks):
            raise GateError("The data did not pass the gate.\n" + "\n".join(validation.failures(checks)))
        return rows_of(self.work / "bad.parquet")

    def store(self) -> int:
        """Add the pull's rows to the store and derive steps and cases as of the night's end; the number of cases.

        Raises:
            GateError: no event had happened by the night's end.
        """
        with self._alone("store"):
            self._take_in()
            retention.drop_old_when_due(self.process, self.home, datetime.now(UTC))
            derived, tables = self.home.derived(self.process.process), self.work / "tables"
            advance(self.process, self._loads(), self.end, derived, tables, self.batches.refuse_damaged, self._note)
            durable.write(self.work / "seen.json", _SEEN.dump_json(self._seen_now()))
        return self.tables.count_cases()

    def _take_in(self) -> None:
        """Add the pull to the store; made anew if another run has changed the store since, as if it came after that one."""
        loading.undo_unfinished(self.home, self.process.process)
        if self._pulled[2] != self._state:
            self._pull()
            self.validate()
        loaded_at, found, _ = self._pulled
        if not found.rows:
            return
        good, bad, checks = (self.work / name for name in ("good.parquet", "bad.parquet", "checks.json"))
        with loading.whole(self.home, self.process.process, load_id_of(found)):
            quarantine.keep(self.home, self.process, load_id_of(found), bad)
            said, bad_rows = validation.read_checks(checks), rows_of(bad)
            self.batches.add(good, found, night=self.day, set_aside=bad_rows, checks=said, loaded_at=loaded_at)

    def _note(self, effect: Effect) -> None:
        """Keep what the newest load did beside it: its night tells it, however often it is run."""
        self.batches.note(self.batches.described()[-1].load_id, effect)

    def _loads(self) -> list[Load]:
        loads = loads_of(self.batches)
        if not loads:
            raise GateError(f"No event of {self.process.process} has been loaded yet: nothing to mine.")
        return loads

    def discover(self) -> int:
        """Graph, variants, model and cycle times; the number of variants."""
        from mining.measured import keep  # noqa: PLC0415
        from mining.measuring import discover_all  # noqa: PLC0415 - brings pm4py

        found = discover_all(self.tables, self.process, self.end, self.work)
        keep(found, self.work)
        return len(found.variants)

    def bottlenecks(self) -> int:
        """Where the time goes; the number of hand-overs ranked."""
        from mining.discovery import directly_follows  # noqa: PLC0415 - brings Ibis
        from mining.measured import keep  # noqa: PLC0415
        from mining.measuring import locate  # noqa: PLC0415 - brings SciPy

        found = locate(self.tables, self.process, directly_follows(self.tables))
        keep(found, self.work)
        return sum(1 for bottleneck in found.bottlenecks if bottleneck.rank)

    def regressions(self) -> int:
        """What got slower, and why; the number of alerts that are open."""
        from mining.measured import keep  # noqa: PLC0415
        from mining.watching import watch  # noqa: PLC0415 - brings NumPy and SciPy

        found = watch(self.process, self.tables, self.day)
        keep(found, self.work)
        return len(found.open)

    def views(self) -> int:
        """The page of each large value of each segment, where there is no newer night: they are kept of the newest; how many."""
        newer = [path for path in self.home.nights(self.process.process).glob("[0-9]*") if path.name > self.target.name]
        if newer or not self.process.segments:
            return 0
        from mining.views import write_views  # noqa: PLC0415 - brings Ibis and Graphviz

        with beside() as drawing, beside() as measuring:
            return write_views(self._mined, self.tables, engine_beside(drawing), measuring)

    def publish(self) -> str:
        """Write map, page and downloads, and move the night into place; the path of the page."""
        from mining.publication import publish  # noqa: PLC0415 - brings Graphviz

        with beside() as drawing:
            site = publish(self._mined, engine_beside(drawing))
        self._move_into_place(site, [batch.load_id for batch in self.seen])
        self.place.leave()
        return str(self.target / "index.html")

    @property
    def _mined(self) -> Mined:
        from mining.publication import Mined  # noqa: PLC0415 - brings Graphviz

        settings = self.home.settings(self.process.process)
        return Mined(self.process, self.day, self.end, self.seen, self.work, settings)

    def alert(self) -> int:
        """Tell the owner what is new of the published night's alerts; the number of messages sent.

        Raises:
            StoreError: a channel did not take its message; the night is published all the same.
        """
        from mining.alerts.telling import tell_night  # noqa: PLC0415 - brings Apprise and SQLAlchemy

        watch = TypeAdapter(Findings).validate_json((self.target / "findings.json").read_bytes()).watch
        if watch is None:
            return 0
        return tell_night(self.process, self.day, watch.turns, self.home, watch.open)

    @property
    def target(self) -> Path:
        return self.home.night(self.process.process, self.day)

    @property
    def seen(self) -> tuple[Batch, ...]:
        """The batches in the store when the night was derived, of this night's pull and earlier ones'."""
        return _SEEN.validate_json((self.work / "seen.json").read_bytes())

    def _seen_now(self) -> tuple[Batch, ...]:
        """For a night before the first pull, that first one."""
        kept = self.batches.all()
        return tuple(batch for batch in kept if batch.night <= self.day.isoformat()) or kept[:1]

    def run(
        self, tell: Callable[[str], object] = lambda _step: None, *, pulled: bool = False, views: bool = True
    ) -> str:
        """All steps, but `pull` where that is done, and `views` where a newer night follows at once; the path of the page.

        A failed night is told on its page before the error goes on.
        """
        try:
            for step in STEPS:
                if (step == "pull" and pulled) or (step == "views" and not views):
                    continue
                tell(step)
                try:
                    self.do(step)
                except Exception as error:
                    self.fail(step, str(error))
                    raise
        finally:
            self.place.leave()
        return str(self.target / "index.html")

    def do(self, step: str) -> int | str:
        """One step by its name; what it returns.

        Raises:
            StoreError: the disk is full, a batch is damaged, or the folder of the run is gone.
        """
        with told_when_full(self.home.root):
            if step not in _OF_ALL and not (self.place.enter() / "pull.json").exists():
                raise StoreError(
                    f"{self.work}: what this run had pulled is gone; it is cleared away when the run has ended or has rested "
                    "for a day. Begin again with the step `pull`."
                )
            try:
                result: int | str = getattr(self, step)()
            except duckdb.Error:
                loading.refuse_damaged(self.home, self.process.process)  # if that is why a file could not be read
                raise
            return result

    def fail(self, step: str, reason: str) -> None:
        """Say on the night's page, and to the owner, that it was not mined, and why; a good page of the same night stays."""
        from mining.alerts.telling import tell_failure  # noqa: PLC0415 - brings Apprise and SQLAlchemy

        told = f"Step {step}: {reason}"
        try:
            self._publish_failure(told)
        except (OSError, StoreError) as error:  # on a full disk: the reason itself must still be told
            LOG.error("the page of the failed night could not be written: %s", error)
        try:
            tell_failure(self.process, self.day, told, self.home)
        except Exception as error:  # whatever it is: what failed first is what is raised
            LOG.error("the owner could not be told of the failed night: %s", error)

    def _publish_failure(self, reason: str) -> None:
        from mining.pages.failed_page import write_failed_night  # noqa: PLC0415 - the pages' templates

        if (self.target / "findings.json").exists():
            return
        site = self.place.enter() / "site"
        shutil.rmtree(site, ignore_errors=True)
        site.mkdir()
        checks_file = self.work / "checks.json"
        checks = validation.read_checks(checks_file) if checks_file.exists() else ()
        write_failed_night(self.process, self.day, reason, checks, site)
        self._move_into_place(site, ())

    def _move_into_place(self, site: Path, loads: Collection[str]) -> None:
        with self._alone("publish"):
            placing.heal(self.home, self.process.process)
            if loads or not (self.target / "findings.json").exists():
                placing.place(
                    site, self.target, self.home, loads, [batch.load_id for batch in self.batches.described()]
                )
            retention.thin(self.process, self.home, spare=self.day)
