"""What outlives a night: alerts and what people said about them, what was told to whom, and how the nights went."""

from mining.register.book import Register, Run
from mining.register.life import Known, Telling, Why

__all__ = ["Known", "Register", "Run", "Telling", "Why"]
