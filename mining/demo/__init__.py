"""The demo company: nine months of an order desk and a support desk, simulated, with known trouble in them."""

from mining.demo.landing import build

__all__ = ["build"]
