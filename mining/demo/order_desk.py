"""The order desk: from the order placed to the order closed.

Known trouble in it: picking in warehouse South takes 30 % longer in the last five weeks; the share of export orders
doubles in the last eight; one order in twelve is changed after it was confirmed; the carrier comes once a day.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import date, time
from random import Random
from typing import Any

import simpy

from mining.demo.company import DAY, HOUR, MINUTE, SHIFTS, Office, Period, Process, Team, Work, around, moment, pick

SLOW_WEEKS, SLOWER = 5, 1.3
EXPORT_WEEKS, EXPORT_SHARE, LATER_EXPORT_SHARE = 8, 0.12, 0.24
ORDERS_ON_WORKING_DAYS, ORDERS_ON_OTHER_DAYS = 36, 8
CHANNELS = {"web": 0.55, "phone": 0.2, "edi": 0.25}
HOME_REGIONS = {"north": 0.35, "south": 0.4, "west": 0.25}
PICKING = {"North": 32 * MINUTE, "South": 40 * MINUTE}
TRANSIT_DAYS = {"north": 1.3, "south": 1.3, "west": 1.6, "export": 5.0}
LORRY, INVOICE_RUN = time(16, 15), time(18, 30)


@dataclass(frozen=True)
class Order:
    """What the customer asked for."""

    number: int
    customer: int
    region: str
    channel: str
    warehouse: str
    placed: float


@dataclass(frozen=True)
class Step:
    """Something done to an order at the order desk or in a warehouse."""

    order: int
    name: str
    started: float | None
    finished: float
    person: str


@dataclass
class OrderBook:
    """All that the shop database will hold. Shipments and invoices: order -> when it left, when it arrived."""

    orders: list[Order] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    shipped: dict[int, float] = field(default_factory=dict)
    delivered: dict[int, float] = field(default_factory=dict)
    invoiced: dict[int, float] = field(default_factory=dict)
    paid: dict[int, float] = field(default_factory=dict)


class OrderDesk:
    """Plays the period once; `book` then holds what happened."""

    def __init__(self, period: Period, seed: int) -> None:
        self.period, self.office, self.book = period, Office(period), OrderBook()
        self.chance = Random(f"orders {seed}")  # noqa: S311 - a simulation, no secret
        self.env = simpy.Environment(initial_time=moment(period.first, time()))
        self.credit = self._team("Ina Vogt", "Ralf Kern")
        self.clerks = self._team("Anna Berg", "Jonas Feld", "Mia Sommer")
        self.pickers = {"North": self._team("Ole", "Pia", "Sven"), "South": self._team("Karim", "Lena")}
        self.packers = self._team("Tom", "Uta", "Veit")
        self.customs = self._team("Nils Haupt")

    def play(self) -> OrderBook:
        for order in self._orders():
            self.env.process(self._handle(order))
        self.env.run(until=self.period.end)
        return self.book

    def _team(self, *people: str) -> Team:
        return Team(self.env, self.office, people, self.chance)

    def _orders(self) -> Iterator[Order]:
        number = 100_000
        for placed, channel in sorted(self._arrivals()):
            number += 1
            yield Order(number, self.chance.randrange(900), self._region(placed), channel, self._warehouse(), placed)

    def _arrivals(self) -> Iterator[tuple[float, str]]:
        for day in self.period.days():
            working = self.office.is_working_day(day)
            expected = ORDERS_ON_WORKING_DAYS if working else ORDERS_ON_OTHER_DAYS
            for _ in range(round(max(0.0, self.chance.gauss(expected, expected**0.5)))):
                channel = pick(self.chance, CHANNELS) if working else "web"
                yield self._time_of_day(day, channel), channel

    def _time_of_day(self, day: date, channel: str) -> float:
        if channel == "web":
            return float(round(moment(day, time(7)) + self.chance.betavariate(2, 2) * 16 * HOUR))
        start, stop = self.chance.choice(SHIFTS)
        return float(round(self.chance.uniform(moment(day, start), moment(day, stop))))

    def _region(self, placed: float) -> str:
        late = self.period.weeks_left(placed) < EXPORT_WEEKS
        export = self.chance.random() < (LATER_EXPORT_SHARE if late else EXPORT_SHARE)
        return "export" if export else pick(self.chance, HOME_REGIONS)

    def _warehouse(self) -> str:
        return pick(self.chance, {"North": 0.6, "South": 0.4})

    def _handle(self, order: Order) -> Process:
        yield self.env.timeout(order.placed - self.env.now)
        self.book.orders.append(order)
        self._note(order, "Place order", None, "customer")
        accepted = yield from self._accept(order)
        if not accepted:
            self._note(order, "Cancel order", None, "system")
            return
        yield from self._fetch(order)
        yield from self._send(order)
        yield from self._settle(order)

    def _accept(self, order: Order) -> Generator[Any, Any, bool]:
        """Credit check, confirmation, and the changes that customers think of afterwards."""
        if order.region == "export" or self.chance.random() < 0.2:
            yield from self._do(order, "Check credit", self.credit, 25 * MINUTE)
            if self.chance.random() < 0.04:
                return False
        yield from self._do(order, "Confirm order", self.clerks, 16 * MINUTE)
        while self.chance.random() < 1 / 12:
            yield self.env.timeout(around(self.chance, 5 * HOUR))
            yield from self._do(order, "Change order", self.clerks, 14 * MINUTE)
            yield from self._do(order, "Confirm order", self.clerks, 10 * MINUTE)
        return self.chance.random() > 0.03

    def _fetch(self, order: Order) -> Process:
        """Goods off the shelf and into a box; what is out of stock or picked wrongly takes a second round."""
        if self.chance.random() < 0.09:
            yield self.env.timeout(around(self.chance, 3 * DAY))
            self._note(order, "Restock goods", None, "supplier")
        yield from self._pick_goods(order)
        yield from self._do(order, "Pack goods", self.packers, 18 * MINUTE)
        if self.chance.random() < 0.04:
            yield from self._pick_goods(order)
            yield from self._do(order, "Pack goods", self.packers, 12 * MINUTE)

    def _pick_goods(self, order: Order) -> Process:
        slow = order.warehouse == "South" and self.period.weeks_left(self.env.now) < SLOW_WEEKS
        median = PICKING[order.warehouse] * (SLOWER if slow else 1)
        yield from self._do(order, "Pick goods", self.pickers[order.warehouse], median, spread=0.35)

    def _send(self, order: Order) -> Process:
        if order.region == "export":
            yield from self._do(order, "Clear customs", self.customs, 30 * MINUTE)
        yield self.env.timeout(self.office.next_at(self.env.now, LORRY) - self.env.now)
        yield self.env.timeout(self.chance.uniform(0, 20 * MINUTE))
        self.book.shipped[order.number] = self.env.now

    def _settle(self, order: Order) -> Process:
        """Delivery and money; a week after the payment the system closes the order by itself."""
        delivered = self.env.now + around(self.chance, TRANSIT_DAYS[order.region] * DAY, 0.3)
        yield self.env.timeout(self.office.next_at(self.env.now, INVOICE_RUN) - self.env.now)
        self.book.invoiced[order.number] = self.env.now
        handed_over = self.office.after(delivered, self.chance.uniform(0, 4 * HOUR))
        yield self.env.timeout(max(0.0, handed_over - self.env.now))
        self.book.delivered[order.number] = self.env.now
        yield self.env.timeout(around(self.chance, 9 * DAY))
        self.book.paid[order.number] = self.env.now
        yield self.env.timeout(7 * DAY)
        self._note(order, "Close order", None, "system")

    def _do(self, order: Order, name: str, team: Team, median: float, spread: float = 0.5) -> Process:
        work: Work = yield from team.work(around(self.chance, median, spread))
        self._note(order, name, work.started, work.person)

    def _note(self, order: Order, name: str, started: float | None, person: str) -> None:
        self.book.steps.append(Step(order.number, name, started, self.env.now, person))
