"""Own worlds with a known truth: order processes of which every random number is drawn before a change is planted.

Five steps in a row, with a loop back from the second to the first. In a world of delays every order has its own; in a
world of queues it waits for one of a few people, first come, first served. Working hours, weekends, holidays that nobody
announced, growth, and days on which everything goes slower: what makes a detector cry wolf. The same world without its
changes has the same orders and the same work, so the true effect of a change is a difference and not an estimate.
Times are days since the first Monday; work is in days of working time (one working day is 1).
"""

from benchmarks.worlds.changes import Change
from benchmarks.worlds.log import ACTIVITIES, STEPS, Log
from benchmarks.worlds.world import APPROVE, CHECK, Truth, World

__all__ = ["ACTIVITIES", "APPROVE", "CHECK", "STEPS", "Change", "Log", "Truth", "World"]
