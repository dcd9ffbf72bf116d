"""Alerts, their turns, what was told, and the runs of nights."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "processes",
        sa.Column("process", sa.Text, primary_key=True),
        sa.Column("newest_night", sa.Text),
        sa.Column("watched_since", sa.Text),
    )
    op.create_table(
        "alerts",
        sa.Column("alert", sa.Text, primary_key=True),
        sa.Column("process", sa.Text, nullable=False, index=True),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("opened", sa.Text, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("acknowledged_at", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("snoozed_until", sa.Text),
    )
    op.create_table(
        "turns",
        sa.Column("alert", sa.Text, sa.ForeignKey("alerts.alert"), primary_key=True),
        sa.Column("night", sa.Text, primary_key=True),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
    )
    op.create_table(
        "told",
        sa.Column("alert", sa.Text, sa.ForeignKey("alerts.alert"), primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("night", sa.Text, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("process", sa.Text, nullable=False, index=True),
        sa.Column("night", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("sent_at", sa.Text, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("process", sa.Text, nullable=False, index=True),
        sa.Column("night", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False),
        sa.Column("finished_at", sa.Text),
        sa.Column("failed", sa.Text),
    )
