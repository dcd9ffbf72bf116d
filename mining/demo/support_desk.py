"""The support desk: from the ticket opened to the ticket closed.

Known trouble in it: one ticket in four waits for an answer of the customer; one in eight goes to a second team; one in
sixteen comes back after it was resolved. Nothing gets slower here: an alert about tickets is a false one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from random import Random

import simpy

from mining.demo.company import DAY, HOUR, MINUTE, SHIFTS, Office, Period, Process, Team, Work, around, moment, pick

TICKETS_ON_WORKING_DAYS, TICKETS_ON_OTHER_DAYS = 24, 5
PRIORITIES = {"1 - urgent": 0.06, "2 - high": 0.24, "3 - normal": 0.7}
TEAMS = {"Accounts": 0.4, "Deliveries": 0.35, "Devices": 0.25}


@dataclass(frozen=True)
class Ticket:
    """What the customer reported."""

    number: str
    priority: str
    team: str
    opened: float

    @property
    def urgency(self) -> int:
        return int(self.priority[0])


@dataclass(frozen=True)
class Entry:
    """One line of a ticket's history; numbered as the help desk numbers them."""

    number: int
    ticket: Ticket
    status: str
    at: float
    agent: str
    team: str


class SupportDesk:
    """Plays the period once; `history` then holds what happened, in order of time."""

    def __init__(self, period: Period, seed: int) -> None:
        self.period, self.office = period, Office(period)
        self.history: list[Entry] = []
        self.chance = Random(f"tickets {seed}")  # noqa: S311 - a simulation, no secret
        self.env = simpy.Environment(initial_time=moment(period.first, time()))
        self.first_level = self._team("Britta", "Emil", "Greta")
        self.teams = {
            "Accounts": self._team("Holger", "Iris", "Jan"),
            "Deliveries": self._team("Klara", "Luis"),
            "Devices": self._team("Marek", "Nora"),
        }

    def play(self) -> list[Entry]:
        for ticket in self._tickets():
            self.env.process(self._handle(ticket))
        self.env.run(until=self.period.end)
        return self.history

    def _team(self, *people: str) -> Team:
        return Team(self.env, self.office, people, self.chance)

    def _tickets(self) -> Iterator[Ticket]:
        for count, opened in enumerate(sorted(self._arrivals()), start=1):
            yield Ticket(f"T{40_000 + count}", pick(self.chance, PRIORITIES), pick(self.chance, TEAMS), opened)

    def _arrivals(self) -> Iterator[float]:
        for day in self.period.days():
            working = self.office.is_working_day(day)
            expected = TICKETS_ON_WORKING_DAYS if working else TICKETS_ON_OTHER_DAYS
            for _ in range(round(max(0.0, self.chance.gauss(expected, expected**0.5)))):
                start, stop = self.chance.choice(SHIFTS) if working else (time(8), time(20))
                yield self.chance.uniform(moment(day, start), moment(day, stop))

    def _handle(self, ticket: Ticket) -> Process:
        yield self.env.timeout(ticket.opened - self.env.now)
        self._note(ticket, "Open ticket", "?", "First level")
        work: Work = yield from self.first_level.work(around(self.chance, 9 * MINUTE), ticket.urgency)
        self._note(ticket, "Assign ticket", work.person, "First level")
        yield from self._solve(ticket, ticket.team)
        while self.chance.random() < 1 / 16:
            yield self.env.timeout(around(self.chance, 1.5 * DAY))
            self._note(ticket, "Reopen ticket", "?", ticket.team)
            yield from self._solve(ticket, ticket.team)
        yield self.env.timeout(5 * DAY)
        self._note(ticket, "Close ticket", "?", ticket.team)

    def _solve(self, ticket: Ticket, team: str) -> Process:
        yield from self._do(ticket, "Analyse ticket", team, 32 * MINUTE)
        if self.chance.random() < 1 / 4:
            yield from self._do(ticket, "Ask customer", team, 6 * MINUTE)
            yield self.env.timeout(around(self.chance, 20 * HOUR, 0.8))
            self._note(ticket, "Receive answer", "?", team)
            yield from self._do(ticket, "Analyse ticket", team, 18 * MINUTE)
        if self.chance.random() < 1 / 8:
            yield from self._do(ticket, "Escalate ticket", team, 5 * MINUTE)
            team = self.chance.choice([other for other in TEAMS if other != team])
            yield from self._do(ticket, "Analyse ticket", team, 40 * MINUTE)
        yield from self._do(ticket, "Resolve ticket", team, 12 * MINUTE)

    def _do(self, ticket: Ticket, status: str, team: str, median: float) -> Process:
        work: Work = yield from self.teams[team].work(around(self.chance, median), ticket.urgency)
        self._note(ticket, status, work.person, team)

    def _note(self, ticket: Ticket, status: str, agent: str, team: str) -> None:
        self.history.append(Entry(len(self.history) + 1, ticket, status, self.env.now, agent, team))
