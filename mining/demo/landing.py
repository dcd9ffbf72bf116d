"""Where the demo company's two systems leave their data: a shop database, and daily files of the help desk."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from random import Random

from mining.demo.company import HOUR, ZONE, Period, pick
from mining.demo.order_desk import OrderBook, OrderDesk
from mining.demo.support_desk import Entry, SupportDesk

CUSTOMERS = 900
CARRIERS = {"Nordpost": 0.5, "Rapid": 0.3, "Trans Europe": 0.2}
TICKET_COLUMNS = ("Entry", "Ticket", "Status", "Changed", "Agent", "Team", "Priority")
DIRTY_SHARE = 1 / 800

TABLES = """
create table customers (customer_id integer primary key, name text not null, since text not null);
create table orders (
  order_id integer primary key, customer_id integer not null references customers, region text not null,
  channel text not null, warehouse text not null, placed_at text not null);
create table order_events (
  event_id integer primary key, order_id integer not null references orders, event text, started_at text,
  finished_at text not null, done_by text, changed_at text not null);
create index order_events_changed on order_events (changed_at);
create table shipments (
  order_id integer primary key references orders, carrier text not null, shipped_at text not null, delivered_at text);
create table invoices (order_id integer primary key references orders, invoiced_at text, paid_at text);
"""


def build(folder: Path, until: date, seed: int = 7) -> None:
    """Simulate the nine months before `until` (a day that is not in them) into `folder`.

    Writes `shop.db` and `landing/tickets/*.csv` and replaces what was there. The same day and seed give the same bytes.
    """
    period = Period.nine_months_before(until)
    folder.mkdir(parents=True, exist_ok=True)
    _shop(folder / "shop.db", period, OrderDesk(period, seed).play(), Random(f"shop {seed}"))  # noqa: S311
    _drops(folder / "landing" / "tickets", SupportDesk(period, seed).play(), Random(f"drops {seed}"))  # noqa: S311


def _shop(path: Path, period: Period, book: OrderBook, chance: Random) -> None:
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    with database:
        database.executescript(TABLES)
        database.executemany("insert into customers values (?, ?, ?)", _customers(period))
        database.executemany("insert into orders values (?, ?, ?, ?, ?, ?)", _orders(book))
        database.executemany("insert into order_events values (?, ?, ?, ?, ?, ?, ?)", _order_events(book, chance))
        database.executemany("insert into shipments values (?, ?, ?, ?)", _shipments(book, chance))
        database.executemany("insert into invoices values (?, ?, ?)", _invoices(book))
    database.close()


def _customers(period: Period) -> Iterator[tuple[object, ...]]:
    return ((number, f"Customer {number:03}", period.first.isoformat()) for number in range(CUSTOMERS))


def _orders(book: OrderBook) -> Iterator[tuple[object, ...]]:
    for order in book.orders:
        yield order.number, order.customer, order.region, order.channel, order.warehouse, _utc(order.placed)


def _order_events(book: OrderBook, chance: Random) -> Iterator[tuple[object, ...]]:
    """The steps; a few lost their name, and one clerk's clock once stood thirty years ahead."""
    ahead = len(book.steps) - 40
    for number, step in enumerate(book.steps, start=1):
        name = None if chance.random() < DIRTY_SHARE / 2 else step.name
        finished = step.finished + (30 * 365 * 24 * HOUR if number == ahead else 0)
        started = None if step.started is None else _utc(step.started)
        yield number, step.order, name, started, _utc(finished), step.person, _utc(step.finished)


def _shipments(book: OrderBook, chance: Random) -> Iterator[tuple[object, ...]]:
    for order, shipped in book.shipped.items():
        yield order, pick(chance, CARRIERS), _utc(shipped), _utc_or_none(book.delivered.get(order))


def _invoices(book: OrderBook) -> Iterator[tuple[object, ...]]:
    return ((order, _utc(at), _utc_or_none(book.paid.get(order))) for order, at in book.invoiced.items())


def _utc(at: float) -> str:
    return datetime.fromtimestamp(round(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _utc_or_none(at: float | None) -> str | None:
    return None if at is None else _utc(at)


def _drops(folder: Path, history: Iterable[Entry], chance: Random) -> None:
    """One file per local day, named by it, as the help desk drops them every night."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for day, entries in groupby(history, key=lambda entry: _local(entry.at).date()):
        with (folder / f"tickets-{day}.csv").open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(TICKET_COLUMNS)
            for entry in entries:
                lines.writerows(_soiled(_ticket_row(entry), chance))


def _ticket_row(entry: Entry) -> tuple[object, ...]:
    ticket, changed = entry.ticket, _local(entry.at).strftime("%d/%m/%Y %H:%M:%S")
    return entry.number, ticket.number, entry.status, changed, entry.agent, entry.team, ticket.priority


def _soiled(row: tuple[object, ...], chance: Random) -> Iterator[tuple[object, ...]]:
    """The row as it is; about one in 800 is spoilt in one of the ways in which exports are."""
    if chance.random() > DIRTY_SHARE:
        yield row
        return
    number, ticket, status, changed, *rest = row
    match pick(chance, {"status": 0.3, "time": 0.2, "twice": 0.3, "future": 0.05, "typo": 0.15}):
        case "status":
            yield number, ticket, "", changed, *rest
        case "time":
            yield number, ticket, status, "00/00/0000 00:00", *rest
        case "future":
            yield number, ticket, status, str(changed).replace("/20", "/21", 1), *rest
        case "typo":
            yield number, ticket, str(status).replace("ticket", "tikcet"), changed, *rest
        case _:
            yield row
            yield row


def _local(at: float) -> datetime:
    return datetime.fromtimestamp(round(at), ZONE)
