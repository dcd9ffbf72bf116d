"""Where messages go: the owner's channels, each an Apprise URL. A failure names the channel, and never what opens it."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import apprise

from mining.alerts.blocks import Message, Tone
from mining.alerts.rendering import as_html, as_json, as_markdown, as_text, inert
from mining.errors import InputError, StoreError
from mining.process import Process

_TYPES = {
    Tone.WORSE: apprise.NotifyType.WARNING,
    Tone.BROKEN: apprise.NotifyType.FAILURE,
    Tone.BETTER: apprise.NotifyType.SUCCESS,
    Tone.CALM: apprise.NotifyType.INFO,
}
_RENDERED = {
    apprise.NotifyFormat.TEXT: as_text,
    apprise.NotifyFormat.MARKDOWN: as_markdown,
    apprise.NotifyFormat.HTML: as_html,
}
_JSON = ("json", "jsons")


@dataclass(frozen=True)
class Patience:
    """How often a channel is tried again, and after how long each time; `?retry=` and `?wait=` of a URL go before it."""

    retries: int = 3
    wait_s: float = 5.0


@dataclass(frozen=True)
class Channel:
    """One entry of `owner.notify`."""

    process: str
    number: int  # in the list, from 1
    service: Any  # of Apprise
    key: str  # by which the register knows it: the same while only what is secret of it changes

    @property
    def name(self) -> str:
        """What people know it by; nothing in it is secret."""
        return f"{self.process}: owner.notify, entry {self.number} ({self._scheme})"

    def send(self, message: Message) -> None:
        """Send a message, again and again if need be.

        Raises:
            StoreError: it was not taken.
        """
        form = self._form
        if self._scheme in _JSON:
            self.service.payload_extras["headrace"] = as_json(message)
        sender = apprise.Apprise(asset=self.service.asset)
        sender.add(self.service)
        body = _RENDERED[form](message)
        result = sender.notify(body, inert(message.subject), _TYPES[message.tone], body_format=form)
        if not result:
            raise StoreError(
                f"{self.name}: the message was not taken. {self._without_secrets(_last_words(result))}".strip()
            )

    @property
    def _form(self) -> apprise.NotifyFormat:
        """What the URL's `?format=` asks for, else what shows most: HTML in mail, Markdown in chats, else plain text."""
        given = self.service.notify_format
        formats = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        first = apprise.NotifyFormat(formats[0])
        richest = apprise.NotifyFormat.MARKDOWN if first == "html" and "markdown" in formats else first
        return apprise.NotifyFormat(self.service.resolve_format(richest))

    @cached_property
    def _scheme(self) -> str:
        return str(self.service.url(privacy=True)).partition(":")[0]

    def _without_secrets(self, text: str) -> str:
        """Any part of the URL that Apprise masks when it prints it, masked here too."""
        shown = set(_parts(self.service.url(privacy=True)))
        for part in sorted(set(_parts(self.service.url())) - shown, key=len, reverse=True):
            text = text.replace(part, "****")
        return text


def channels_of(process: Process, patience: Patience) -> tuple[tuple[Channel, ...], tuple[str, ...]]:
    """The channels of the process's owner, and what is wrong with those entries that are none.

    An entry `$NAME` stands for the environment variable NAME: secrets need not be in the file.
    """
    channels: list[Channel] = []
    mistakes: list[str] = []
    masked: Counter[str] = Counter()
    for number, entry in enumerate(process.owner.notify if process.owner else (), 1):
        try:
            service = _service(process, number, entry, patience)
        except InputError as mistake:
            mistakes.append(str(mistake))
            continue
        text = str(service.url(privacy=True))
        masked[text] += 1  # two may differ only in what is secret
        key = hashlib.sha256(f"{text}#{masked[text]}".encode()).hexdigest()[:16]
        channels.append(Channel(process.process, number, service, key))
    return tuple(channels), tuple(mistakes)


def _service(process: Process, number: int, entry: str, patience: Patience) -> Any:
    where = f"{process.process}: owner.notify, entry {number}"
    url = entry
    if entry.startswith("$"):
        variable = entry[1:].strip("{}")
        url = os.environ.get(variable, "").strip()
        if not url:
            raise InputError(f"{where}: the environment variable {variable} is not set; it is to hold an Apprise URL")
    asset = apprise.AppriseAsset(
        app_id="Headrace", default_service_retry=patience.retries, default_service_wait=patience.wait_s
    )
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        raise InputError(
            f"{where}: this is no URL that Apprise knows; write one such as mailto://user:password@example.com or "
            "slack://…, as https://github.com/caronc/apprise/wiki lists them"
        )
    return service


def _parts(url: str) -> list[str]:
    return [part for part in re.split(r"[:/@?&=,]+", url) if len(part) > 3]


def _last_words(result: Any) -> str:
    """What the service said last of why it failed."""
    said = [entry.message for entry in result.logs() if entry.level in ("WARNING", "ERROR", "CRITICAL")]
    return str(said[-1]).splitlines()[0] if said else ""
