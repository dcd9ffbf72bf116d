"""Orders that wait for people, first come, first served: event by event, because loops and queues change one another."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable

from benchmarks.worlds.changes import Floats

Event = tuple[int, int, float, float, int]  # case, step, completed, started, person
Staffing = tuple[float, int, int]  # when, at which step, how many come (or leave, if negative)


class Office:
    """The people of one step. Times are days; inside, the step's own clock of work (what is done by each full hour)."""

    def __init__(self, clock: Floats, people: int) -> None:
        self._clock: list[float] = clock.tolist()
        self._free = [(0.0, person) for person in range(people)]  # when, and who
        self._away: list[int] = []

    def serve(self, arrived: float, work: float) -> tuple[float, float, int]:
        """When it is completed and started, and by whom: the one who has been free for longest."""
        free, person = self._free[0]
        begun = max(self._worked(arrived), free)
        heapq.heapreplace(self._free, (begun + work, person))
        return max(arrived, self._when(begun + work)), max(arrived, self._when(begun)), person

    def staff(self, time: float, more: int) -> None:
        """People come; or leave, once what has been promised to them is done."""
        for _ in range(-more):
            self._away.append(heapq.heappop(self._free)[1])
        for _ in range(more):
            heapq.heappush(self._free, (self._worked(time), self._away.pop()))

    def _worked(self, time: float) -> float:
        hour = int(time * 24)
        before = self._clock[hour]
        return before + (time * 24 - hour) * (self._clock[hour + 1] - before)

    def _when(self, worked: float) -> float:
        hour = bisect_right(self._clock, worked) - 1
        before = self._clock[hour]
        return (hour + (worked - before) / (self._clock[hour + 1] - before)) / 24


def play(
    begins: list[float],
    work: list[list[list[float]]],
    offices: list[Office],
    next_step: Callable[[int, int, int, float], tuple[int, int] | None],
    staffing: list[Staffing],
) -> list[Event]:
    """Every visit of every case. `work` is [case][step][round]; `next_step` makes (step, round) of case, step, round and time."""
    queue = [(time, case, 0, 0) for case, time in enumerate(begins)]
    queue += [(time, -1, step, more) for time, step, more in staffing]
    heapq.heapify(queue)
    events: list[Event] = []
    while queue:
        time, case, step, round_ = heapq.heappop(queue)
        if case < 0:
            offices[step].staff(time, round_)
            continue
        ended, started, person = offices[step].serve(time, work[case][step][round_])
        events.append((case, step, ended, started, person))
        after = next_step(case, step, round_, ended)
        if after is not None:
            heapq.heappush(queue, (ended, case, *after))
    return events
