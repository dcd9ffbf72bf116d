"""Alerts as people and programs read them: messages built once as blocks, rendered for each channel, and sent."""

from mining.alerts.lines import as_line

__all__ = ["as_line"]
