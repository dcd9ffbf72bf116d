"""The register's tables. What changes here needs a migration beside it; a test compares the two."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text

METADATA = MetaData()

# The newest night whose alerts were taken in, and since when the dead man's check knows of the process.
PROCESSES = Table(
    "processes",
    METADATA,
    Column("process", Text, primary_key=True),
    Column("newest_night", Text),
    Column("watched_since", Text),
)
ALERTS = Table(
    "alerts",
    METADATA,
    Column("alert", Text, primary_key=True),
    Column("process", Text, nullable=False, index=True),
    Column("origin", Text, nullable=False),  # mined | night: found in the data, or a night that failed or did not run
    Column("state", Text, nullable=False),  # open | resolved | withdrawn
    Column("opened", Text, nullable=False),  # night
    Column("seen", Text, nullable=False),  # the alert as JSON, as its newest turn saw it
    Column("acknowledged_by", Text),
    Column("acknowledged_at", Text),
    Column("note", Text),
    Column("snoozed_until", Text),  # the first night that may tell of it again
)
TURNS = Table(
    "turns",
    METADATA,
    Column("alert", Text, ForeignKey("alerts.alert"), primary_key=True),
    Column("night", Text, primary_key=True),
    Column("event", Text, nullable=False),  # opened | updated | resolved
    Column("seen", Text, nullable=False),
)
# What each channel was told last: the next message is the difference to what is now.
TOLD = Table(
    "told",
    METADATA,
    Column("alert", Text, ForeignKey("alerts.alert"), primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("why", Text, nullable=False),
    Column("night", Text, nullable=False),
    Column("seen", Text, nullable=False),
)
MESSAGES = Table(
    "messages",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("process", Text, nullable=False, index=True),
    Column("night", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sent_at", Text, nullable=False),
)
RUNS = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("process", Text, nullable=False, index=True),
    Column("night", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("failed", Text),  # "Step validate: ..."
)
