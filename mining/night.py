"""One night, in order. The one module that knows the order; Airflow and the command line both go through it.

Every step reads and writes files in the night's work folder, so that each may run in a process of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path

import duckdb
from pydantic import TypeAdapter

from mining import validation
from mining.errors import GateError, InputError
from mining.findings import Bottleneck, Check
from mining.home import Home
from mining.process import Process
from mining.process_file import load
from mining.sources import Input, Pull, pull
from mining.sources.files import fingerprint
from mining.sources.quoting import file_literal
from mining.sources.resources import resource_key
from mining.store import Batch, Batches, Tables, derive, load_id_of, without_known

_PULL = TypeAdapter(tuple[datetime, Pull])
_BOTTLENECKS = TypeAdapter(tuple[Bottleneck, ...])


@dataclass(frozen=True)
class Night:
    """One business day of one process: `pull -> validate -> store -> discover, bottlenecks -> publish`."""

    process: Process
    day: date
    home: Home

    @classmethod
    def of(cls, process_file: Path, day: date, home: Home) -> Night:
        return cls(load(process_file), day, home)

    @property
    def end(self) -> datetime:
        """Midnight after the day, local time; what happened later is not seen."""
        return datetime.combine(self.day + timedelta(days=1), time(), self.process.zone)

    @property
    def work(self) -> Path:
        return self.home.work(self.process.process, self.day)

    @property
    def batches(self) -> Batches:
        return Batches(self.home.batches(self.process.process))

    @cached_property
    def tables(self) -> Tables:
        return Tables(self.work / "tables")

    def pull(self) -> int:
        """Bring what is new at the source; the number of rows."""
        shutil.rmtree(self.work, ignore_errors=True)
        since = self.batches.cursor()
        key = resource_key(self.home, self.process)
        loaded = self.batches.inputs_loaded()
        found = pull(self.process, self.work, already=loaded, since=since, until=self.end, key=key)
        if self.process.source.sql and since is not None:
            found = without_known(found, self._known(), self.process.source.sql.cursor, since)
        (self.work / "pull.json").write_bytes(_PULL.dump_json((datetime.now(UTC), found)))
        return found.rows

    def readmit(self, accept: Collection[str] = ()) -> tuple[int, int]:
        """Try the quarantined rows again, with the process file as it is today; how many were tried and how many went in.

        Those that pass become a batch of their own; the night has then to be run again to count them.

        Raises:
            InputError: a rule in `accept` is none whose rows can be right.
        """
        from mining import quarantine  # noqa: PLC0415 - only here and in `store`

        unknown = sorted(set(accept) - quarantine.ACCEPTABLE)
        if unknown:
            can_be = ", ".join(sorted(quarantine.ACCEPTABLE))
            raise InputError(
                f"--accept {unknown[0]}: this rule cannot be accepted; those that can: {can_be}. "
                "Rows without case, activity or time cannot be mined; rows that are all equal need `columns.order`."
            )
        work = self.work / "readmission"
        shutil.rmtree(work, ignore_errors=True)
        pulled = quarantine.readmit(self.process, self.home, work, accept_rules=accept)
        if pulled is None:
            return 0, 0
        loaded_at = datetime.now(UTC)
        checks = validation.validate(
            self.process, pulled, work, self.batches.paths(), loaded_at, accept=accept, readmitting=True
        )
        tried, still_bad = _rows(pulled), _rows(work / "bad.parquet")
        good = tried - still_bad
        if good:
            again = Pull(pulled, good, (Input("quarantine", fingerprint(work / "good.parquet"), good),), None)
            batch = self.batches.add(
                work / "good.parquet", again, night=self.day, set_aside=0, checks=checks, loaded_at=loaded_at
            )
            quarantine.release(self.process, self.home, batch.load_id, work)
        shutil.rmtree(work)
        return tried, good

    def _known(self) -> list[Path]:
        quarantined = sorted(self.home.quarantine(self.process.process).glob("*.parquet"))
        return [*self.batches.paths(), *quarantined]

    @property
    def _pulled(self) -> tuple[datetime, Pull]:
        loaded_at, found = _PULL.validate_json((self.work / "pull.json").read_bytes())
        return loaded_at, replace(found, path=self.work / found.path.name)

    def validate(self) -> int:
        """Try the pull at the gate; the number of rows set aside.

        Raises:
            GateError: a critical check failed. Nothing of the pull is stored; it is pulled again the next time.
        """
        loaded_at, found = self._pulled
        checks = validation.validate(self.process, found.path, self.work, self.batches.paths(), loaded_at)
        if not validation.passed(checks):
            raise GateError("The data did not pass the gate.\n" + "\n".join(_failures(checks)))
        return _rows(self.work / "bad.parquet")

    def store(self) -> int:
        """Add the pull's rows to the store and derive steps and cases as of the night's end; the number of cases.

        Raises:
            GateError: no event had happened by the night's end.
        """
        from mining import quarantine  # noqa: PLC0415 - only here and at the command line

        loaded_at, found = self._pulled
        if found.rows:
            bad = self.work / "bad.parquet"
            quarantine.keep(self.home, self.process, load_id_of(found), bad)
            self.batches.add(
                self.work / "good.parquet",
                found,
                night=self.day,
                set_aside=_rows(bad),
                checks=read_checks(self.work / "checks.json"),
                loaded_at=loaded_at,
            )
        derive(self.process, self._batch_files(), self.end, self.work / "tables")
        cases = _rows(self.work / "tables" / "cases.parquet")
        if not cases:
            raise GateError(
                f"No event of {self.process.process} had happened by the end of {self.day}: nothing to mine."
            )
        return cases

    def _batch_files(self) -> list[Path]:
        files = self.batches.paths()
        if not files:
            raise GateError(f"No event of {self.process.process} has been loaded yet: nothing to mine.")
        return files

    def discover(self) -> int:
        """Graph, variants, model and cycle times; the number of variants."""
        from mining.publication import Discovered, write_discovered  # noqa: PLC0415 - brings pm4py

        return write_discovered(Discovered.of(self.tables, self.process, self.end), self.work)

    def bottlenecks(self) -> int:
        """Where the time goes; the number of hand-overs ranked."""
        from mining.bottlenecks import bottlenecks  # noqa: PLC0415 - brings SciPy
        from mining.discovery import directly_follows  # noqa: PLC0415 - brings Ibis

        found = bottlenecks(self.tables, directly_follows(self.tables), round(self.end.timestamp() * 1_000_000))
        (self.work / "bottlenecks.json").write_bytes(_BOTTLENECKS.dump_json(found))
        return sum(1 for bottleneck in found if bottleneck.rank)

    def publish(self) -> str:
        """Write map, page and downloads, and move the night into place; the path of the page."""
        from mining.publication import Mined, publish  # noqa: PLC0415 - brings Ibis and Graphviz

        found = _BOTTLENECKS.validate_json((self.work / "bottlenecks.json").read_bytes())
        settings = self.home.settings(self.process.process)
        mined = Mined(self.process, self.day, self.end, self.tables, self.seen, self.work, settings)
        site = publish(mined, found)
        self._move_into_place(site)
        shutil.rmtree(self.work)
        return str(self.home.night(self.process.process, self.day) / "index.html")

    @property
    def seen(self) -> tuple[Batch, ...]:
        """The batches that this night or an earlier one pulled; for a night before the first pull, that first one."""
        kept = self.batches.all()
        return tuple(batch for batch in kept if batch.night <= self.day.isoformat()) or kept[:1]

    def run(self, tell: Callable[[str], object] = lambda _step: None, *, pulled: bool = False) -> str:
        """All steps, but `pull` where that is done; the path of the page.

        A failed night is told on its page before the error goes on.
        """
        steps = (self.pull, self.validate, self.store, self.discover, self.bottlenecks, self.publish)
        for step in steps[1:] if pulled else steps:
            tell(step.__name__)
            try:
                result = step()
            except Exception as error:
                self.fail(step.__name__, str(error))
                raise
        return str(result)

    def fail(self, step: str, reason: str) -> None:
        """Say on the night's page that it was not mined, and why; a good page of the same night stays."""
        from mining.pages import write_failed_night  # noqa: PLC0415 - the pages' templates

        if (self.home.night(self.process.process, self.day) / "findings.json").exists():
            return
        site = self.work / "site"
        shutil.rmtree(site, ignore_errors=True)
        site.mkdir(parents=True)
        checks_file = self.work / "checks.json"
        checks = read_checks(checks_file) if checks_file.exists() else ()
        write_failed_night(self.process, self.day, f"Step {step}: {reason}", checks, site)
        self._move_into_place(site)

    def _move_into_place(self, site: Path) -> None:
        """Swap the whole folder, never file by file; between the two renames the night is away for a moment."""
        from mining.pages import write_site  # noqa: PLC0415

        target = self.home.night(self.process.process, self.day)
        target.parent.mkdir(parents=True, exist_ok=True)
        old = self.work / "replaced"
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        site.rename(target)
        write_site(self.home.root / "nights")


def newest_pulled(process: Process, home: Home) -> Night:
    """Pull, and make it the night of the last day that the source or the store has events of: yesterday at the latest.

    Raises:
        InputError: there is no event at all.
    """
    night = Night(process, datetime.now(process.zone).date() - timedelta(days=1), home)
    new = [night.work / "pulled.parquet"] if night.pull() else []
    newest = replace(night, day=last_day(process, [*night.batches.paths(), *new], night.end))
    if newest.work != night.work:
        shutil.rmtree(newest.work, ignore_errors=True)
        night.work.rename(newest.work)
    return newest


def last_day(process: Process, files: Sequence[Path], before: datetime) -> date:
    """The local day of the last event before a moment, in Parquet files of events.

    Raises:
        InputError: there is none.
    """
    newest = None
    if files:
        listed = ", ".join(file_literal(path) for path in files)
        query = f"""select max(epoch_us(completed)) from read_parquet([{listed}], union_by_name = true)
            where epoch_us(completed) < ?"""
        with duckdb.connect() as db:
            newest = db.execute(query, [round(before.timestamp() * 1_000_000)]).fetchall()[0][0]
    if newest is None:
        raise InputError(
            f"{process.process}: no event with a readable time has been found; "
            "look at the source with `headrace check`, or name the day with --night"
        )
    return datetime.fromtimestamp(newest / 1_000_000, process.zone).date()


def read_checks(path: Path) -> tuple[Check, ...]:
    return TypeAdapter(tuple[Check, ...]).validate_json(path.read_bytes())


def _failures(checks: tuple[Check, ...]) -> list[str]:
    """What stopped the night and what had rows set aside, each with the first place where it was seen."""
    told = [check for check in checks if not check.passed and (check.severity == "critical" or check.set_aside)]
    return [" ".join([f"- {check.title}: {check.message}", *check.examples[:1]]) for check in told]


def _rows(path: Path) -> int:
    with duckdb.connect() as db:
        count: int = db.execute("select count(*) from read_parquet(?)", [str(path)]).fetchall()[0][0]
    return count
