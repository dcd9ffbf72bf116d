"""Runs that are killed: each is `headrace ...` in a child of a process that has imported everything, so that it starts at once.

A kill point is the n-th time that the run is about to change a name or open a file for writing below its home (Python tells of
these before they are done), or a moment. What is checked afterwards is checked in plain Python, from files.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import create_engine, text

from mining import lock

HEADER = "order,step,at\n"
KEYS = "title: Orders\nlanguages: [en]\nends: [Ship]\ntimezone: UTC\n"
FILES = f"process: orders\n{KEYS}source: {{files: landing/*.csv}}\ncolumns: {{case: order, activity: step, completed: at}}\n"
SQL = f"""process: orders
{KEYS}source:
  sql:
    connection: sqlite:///shop.db
    query: select number, "order", step, at from events where number >= :since order by number
    cursor: number
columns: {{case: order, activity: step, completed: at}}
"""
MENDED = 'times: {format: "%d.%m.%Y %H:%M"}\n'
NAMES = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link")
PRELOADED = (
    *("mining.cli", "mining.night", "mining.model", "mining.publication", "mining.measuring", "mining.verify"),
    *("expectations.event_log", "expectations.trial", "ibis.backends.duckdb", "pyarrow.parquet", "sqlalchemy"),
)
Row = tuple[str, str, str]


def nursery() -> ForkServerContext:
    """Where the children come from."""
    os.environ["PYTHONWARNINGS"] = "ignore::UserWarning:multiprocessing.resource_tracker"  # the killed leave semaphores
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int  # negative: the signal that killed it
    events: list[str]  # of the file system below the home, as "what path"; of a run that came to its end
    said: str


class Child:
    """`headrace ARGUMENTS` in the folder `place`; killed at its `kill_at`-th event, if that is given."""

    def __init__(
        self, context: ForkServerContext, place: Path, arguments: Sequence[str], kill_at: int = 0, **how: Any
    ) -> None:
        handle, said = tempfile.mkstemp(prefix="headrace-said-")  # not in `place`, whose disk may be full
        os.close(handle)
        self._said = Path(said)
        self._process: BaseProcess = context.Process(
            target=_headrace, args=(str(place), list(arguments), str(self._said), kill_at), kwargs=how
        )
        self._process.start()

    def kill_after(self, seconds: float) -> Ended:
        self._process.join(seconds)
        self._process.kill()
        return self.ended()

    def ended(self) -> Ended:
        self._process.join()
        code = self._process.exitcode
        said = self._said.read_text()
        counted = self._said.with_suffix(".events")
        events = counted.read_text().splitlines() if counted.exists() else []
        for file in (self._said, counted):
            file.unlink(missing_ok=True)
        return Ended(-signal.SIGKILL if code is None else code, events, said)


def _headrace(
    place: str, arguments: list[str], said: str, kill_at: int, *, exchange: bool = True, largest: int = -1
) -> None:
    """In the child: as the command line does it, with what it says in a file."""
    os.chdir(place)
    handle = os.open(said, os.O_WRONLY)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    seen = _watch(str(Path(place) / "home"), kill_at)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    if not exchange:
        from mining import durable  # noqa: PLC0415

        durable._CANNOT_EXCHANGE.add(0)
        durable.ctypes.CDLL = _no_library  # type: ignore[assignment,misc]
    from mining.cli import main  # noqa: PLC0415

    sys.argv = ["headrace", *arguments]
    code: Any = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    Path(said).with_suffix(".events").write_text("\n".join(seen))
    os._exit(int(code or 0))


def hold(file: str) -> None:
    """In a child: hold a lock until killed; `held` beside it says so."""
    with lock.alone(Path(file), "held"):
        Path(file).with_name("held").touch()
        time.sleep(600)


def _no_library(*_args: object, **_keys: object) -> object:
    raise OSError("this system has no renameat2")


def _watch(home: str, kill_at: int) -> list[str]:
    seen = list[str]()

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event not in NAMES or not str(given[0]).startswith(home):
            return
        if event == "open" and not (isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)):
            return
        seen.append(f"{event} {given[0]}")
        if len(seen) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return seen


def orders(first: int, cases: int, day: str) -> list[Row]:
    return [
        (f"o{n:04}", step, f"{day} {hour}:{n % 60:02}:00")
        for n in range(first, first + cases)
        for step, hour in (("Order", "09"), ("Ship", "15"))
    ]


@dataclass(frozen=True)
class Company:
    """Orders that come day by day, with a row a day whose time cannot be read; as CSV files, or as rows of a table."""

    place: Path
    sql: bool = False

    def open(self) -> None:
        (self.place / "landing").mkdir(parents=True)
        (self.place / "orders.yaml").write_text(SQL if self.sql else FILES)

    def rows(self, day: int) -> list[Row]:
        date = f"2024-03-{day:02}"
        return [*orders(day * 100, 100, date), (f"o{day * 100:04}", "Pay", f"{day:02}.03.2024 16:00")]

    def work(self, day: int) -> None:
        """One day's rows come to the source."""
        if self.sql:
            with create_engine(f"sqlite:///{self.place / 'shop.db'}").begin() as db:
                db.execute(text('create table if not exists events (number integer, "order" text, step text, at text)'))
                first = (day - 1) * 1000 + 1  # 1, 1001, 2001: as texts, 201 comes after them all
                for number, (order, step, at) in enumerate(self.rows(day), first):
                    given = {"n": number, "o": order, "s": step, "a": at}
                    db.execute(text("insert into events values (:n, :o, :s, :a)"), given)
        else:
            lines = "".join(",".join(row) + "\n" for row in self.rows(day))
            (self.place / f"landing/{day}.csv").write_text(HEADER + lines)

    def moved(self, to: Path) -> Company:
        shutil.copytree(self.place, to)
        return Company(to, self.sql)

    @property
    def home(self) -> Path:
        return self.place / "home"

    @property
    def store(self) -> Path:
        return self.home / "store" / "orders"

    def night(self, day: int) -> list[str]:
        return ["run", "orders.yaml", "--night", f"2024-03-{day:02}", "--home", "home"]

    def published(self) -> dict[str, str]:
        """Every file of the site, by its content."""
        return fingerprints(self.home / "nights")

    def mistakes(self, days: Iterable[int]) -> list[str]:
        """Rows of the source that are not in the store exactly once, and batches that are not as described."""
        found = Counter(_row(row) for path in self.batches() for row in _read(path))
        released = {
            (row["load_id"], row["file"], row["row"]) for path in self._kept("released/") for row in _read(path)
        }
        waiting = [row for path in self._kept("") for row in _read(path)]
        found += Counter(_row(row) for row in waiting if (row["load_id"], row["file"], row["row"]) not in released)
        expected = Counter(row for day in days for row in self.rows(day))
        wrong = [
            f"{row}: {found[row]} times, not {expected[row]}" for row in found | expected if found[row] != expected[row]
        ]
        return wrong + [f"{path}: not as described" for path in self.batches() if not _as_described(path)]

    def batches(self) -> list[Path]:
        return [path.with_suffix(".parquet") for path in sorted((self.store / "batches").glob("*.json"))]

    def _kept(self, folder: str) -> list[Path]:
        return sorted((self.store / "quarantine").glob(f"{folder}*.parquet"))

    def litter(self) -> list[str]:
        """What a run that ended well should not leave."""
        left = [*self.home.rglob("*.part"), *self.home.rglob(".*.old"), *self.home.rglob(".unlisted")]
        left += [*self.home.glob("work/orders/*"), *self.store.glob("loading.json")]
        return [str(path.relative_to(self.home)) for path in left]


@dataclass(frozen=True)
class Scene:
    """A company before a run, and after that run went undisturbed."""

    before: Company
    after: Company
    arguments: list[str]
    days: list[int]
    events: int  # of the undisturbed run

    def killed(self, context: ForkServerContext, to: Path, at: float, **how: Any) -> list[str]:
        """Kill a run at an event (int) or a time (float, seconds), look, run again to its end, look; what was wrong."""
        company = self.before.moved(to)
        if isinstance(at, int):
            Child(context, company.place, self.arguments, at, **how).ended()
        else:
            Child(context, company.place, self.arguments, **how).kill_after(at)
        wrong = half_nights(company.published(), self.before.published(), self.after.published())
        return wrong + self.mended(context, company, **how)

    def mended(self, context: ForkServerContext, company: Company, **how: Any) -> list[str]:
        """Run again, and compare with the undisturbed run; what was wrong."""
        again = Child(context, company.place, self.arguments, **how).ended()
        wrong = [f"the next run failed: {again.said}"] if again.code else []
        wrong += company.mistakes(self.days) + company.litter()
        if company.published() != self.after.published():
            wrong.append("the pages are not those of an undisturbed run")
        return wrong


def scenes(context: ForkServerContext, folder: Path) -> dict[str, Scene]:
    """A first and a second night, from files and from a database, and a re-admission."""
    found = {}
    for kind in ("files", "sql"):
        company = Company(folder / kind / "first", sql=kind == "sql")
        company.open()
        company.work(1)
        found[f"{kind} 1"] = _scene(context, company, company.night(1), [1])
        company = found[f"{kind} 1"].after.moved(folder / kind / "second")
        company.work(2)
        found[f"{kind} 2"] = _scene(context, company, company.night(2), [1, 2])
    company = found["files 2"].after.moved(folder / "readmission")
    with (company.place / "orders.yaml").open("a") as file:
        file.write(MENDED)
    found["readmit"] = _scene(context, company, ["quarantine", "orders.yaml", "--readmit", "--home", "home"], [1, 2])
    return found


def _scene(context: ForkServerContext, company: Company, arguments: list[str], days: list[int]) -> Scene:
    after = company.moved(company.place.with_name(f"{company.place.name}-after"))
    ended = Child(context, after.place, arguments).ended()
    wrong = after.mistakes(days) + after.litter()
    if ended.code or wrong:
        raise RuntimeError("\n".join([f"the undisturbed run ended with {ended.code}", ended.said, *wrong]))
    return Scene(company, after, arguments, days, len(ended.events))


def kill_points(scenes: dict[str, Scene], count: int) -> Iterator[tuple[str, float]]:
    """Two thirds are events, each of every scene at most once; the others are moments."""
    chance = random.Random(count)  # noqa: S311
    points = [(name, at) for name, scene in scenes.items() for at in range(1, scene.events + 1)]
    yield from chance.sample(points, min(len(points), count * 2 // 3))
    for _ in range(count // 3):
        yield chance.choice(sorted(scenes)), chance.uniform(0, 4)


def _read(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def _row(row: dict[str, Any]) -> Row:
    return row["source.order"], row["source.step"], str(row["source.at"])


def _as_described(path: Path) -> bool:
    told = json.loads(path.with_suffix(".json").read_text())
    content = path.read_bytes()
    same = hashlib.sha256(content).hexdigest() == told["sha256"] and len(content) == told["bytes"]
    return same and pq.read_metadata(path).num_rows == told["rows"]


def fingerprints(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def half_nights(seen: dict[str, str], *whole: dict[str, str]) -> list[str]:
    """Nights, and pages of the lists, that are not as in one of the states that a reader may see."""

    def units(site: dict[str, str]) -> dict[str, dict[str, str]]:
        parted: dict[str, dict[str, str]] = {}
        for name, content in site.items():
            unit = "/".join(name.split("/")[:2])
            if not any(part.startswith(".") for part in Path(name).parts):
                parted.setdefault(unit, {})[name] = content
        return parted

    known = [units(site) for site in whole]
    now = units(seen)
    wrong = [unit for unit, content in now.items() if all(content != site.get(unit) for site in known)]
    return wrong + [f"{unit} is missing" for unit in known[0] if unit not in now]
