"""What a night has to tell, told: register, message, channels, in this order."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Collection, Sequence
from datetime import date

from mining.alerts.blocks import Message
from mining.alerts.channels import Channel, Patience, channels_of
from mining.alerts.message import message_of, trial_message_of
from mining.alerts.rendering import json_text
from mining.errors import StoreError
from mining.findings import Alert
from mining.home import Home
from mining.languages import speaking
from mining.languages.editions import page_in
from mining.lock import alone
from mining.process import Process
from mining.register import Register

LOG = logging.getLogger("headrace")
SITE = "HEADRACE_SITE"
PATIENCE = Patience()
_WAITING_S = 600.0  # for another run that sends messages of the same process


def tell_night(
    process: Process,
    night: date,
    alerts: Sequence[Alert],
    home: Home,
    still_open: Collection[Alert] | None = None,
    patience: Patience = PATIENCE,
) -> int:
    """Keep a published night's alerts and tell the owner what is new of them; the number of messages sent.

    To be called after the night is published. A night before the newest one changes nothing and sends nothing; the
    same night again sends what is new since, and what had not gone out. `still_open`: see `Register.take`.

    Raises:
        StoreError: an entry of `owner.notify` is wrong, or did not take its message. The others have theirs; what was not
            taken is sent with the next night, or the next run of this one.
    """
    register = Register.open(home)
    register.finished(process.process, night)
    register.take(process.process, night, alerts, still_open)
    return tell_due(process, night, home, register, patience)


def tell_failure(process: Process, night: date, reason: str, home: Home, patience: Patience = PATIENCE) -> int:
    """Tell the owner that a night failed, if this is new; the number of messages sent.

    `reason` begins with the step, as in `Step validate: The data did not pass the gate.`

    Raises:
        StoreError: as `tell_night`.
    """
    register = Register.open(home)
    register.failed(process.process, night, reason)
    return tell_due(process, night, home, register, patience)


def tell_due(process: Process, night: date, home: Home, register: Register, patience: Patience = PATIENCE) -> int:
    """Send each channel what it has not heard; the number of messages sent.

    A message is marked as sent after it was taken: a crash between the two can repeat it once, and loses none. One run
    at a time sends for a process.

    Raises:
        StoreError: as `tell_night`.
    """
    lock = home.store(process.process) / "alerts.lock"
    with alone(lock, f"messages of {process.process} {night}", _WAITING_S):
        channels, mistakes = channels_of(process, patience)
        sent, failures = 0, list(mistakes)
        for channel in channels:
            try:
                sent += _tell(process, night, channel, home, register)
            except StoreError as error:
                LOG.error("%s", error)
                failures.append(str(error))
    if failures:
        raise StoreError("\n".join([*failures, "What was not taken is sent again with the next run."]))
    return sent


def send_trial(process: Process, night: date, home: Home, patience: Patience = PATIENCE) -> tuple[str, ...]:
    """Send a test message to each channel; the names of the channels.

    Raises:
        StoreError: as `tell_night`.
    """
    channels, mistakes = channels_of(process, patience)
    failures = list(mistakes)
    with speaking(process.told_in):
        message = trial_message_of(process, night, page_of(process, night, home))
        for channel in channels:
            try:
                channel.send(message)
            except StoreError as error:
                failures.append(str(error))
    if failures:
        raise StoreError("\n".join(failures))
    return tuple(channel.name for channel in channels)


def page_of(process: Process, night: date, home: Home) -> str:
    """Where the night's page in the spoken language is: `site` of the process file, else HEADRACE_SITE, else the file."""
    page = page_in(process.language_codes)
    site = process.site or os.environ.get(SITE)
    if site:
        return f"{site.rstrip('/')}/{process.process}/{night}/{page}"
    return str(home.night(process.process, night) / page)


def digest(message: Message) -> str:
    """The same for two messages that say the same."""
    return hashlib.sha256(json_text(message).encode()).hexdigest()[:16]


def _tell(process: Process, night: date, channel: Channel, home: Home, register: Register) -> int:
    tellings = register.due(process.process, night, channel.key)
    if not tellings:
        return 0
    with speaking(process.told_in):
        message = message_of(process, night, tellings, page_of(process, night, home))
        channel.send(message)
    register.told(process.process, night, channel.key, tellings, message.subject, digest(message))
    return 1
