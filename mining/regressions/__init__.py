"""What got slower: detection that counts open cases, knows how noisy each step is, and tells one incident at a time."""

from mining.regressions.play import play

__all__ = ["play"]
