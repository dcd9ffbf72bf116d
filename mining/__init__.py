"""Headrace: what happens to a company's cases every night, mined, drawn and told."""

__version__ = "0.1.0"
