"""Alerts as people and programs read them: messages built once as blocks, rendered for each channel, and sent.

What sends is in `mining.alerts.telling`; it brings Apprise, which those who only want a line need not wait for.
"""

from mining.alerts.lines import as_line

__all__ = ["as_line"]
