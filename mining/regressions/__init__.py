"""What got slower: detection that counts open cases, knows how noisy each step is, and tells one trouble once, not its echoes."""

from mining.regressions.levels import risen
from mining.regressions.play import Told, nights_played, play

__all__ = ["Told", "nights_played", "play", "risen"]
