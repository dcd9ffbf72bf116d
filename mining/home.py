"""Where everything is kept: one folder, given by --home or HEADRACE_HOME."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mining.errors import InputError


@dataclass(frozen=True)
class Home:
    """The folder of one installation.

    keys                       make pseudonyms of resources and hashes of forgotten cases; for their owner's eyes alone
    forgotten/PROCESS.json     hashes of the cases that were erased on request
    store/PROCESS/batches      what was pulled and passed the gate, for ever
    store/PROCESS/quarantine   what did not pass, with the rule it broke
    store/PROCESS/derived      steps, cases and tallies; can be made anew from the batches at any time
    store/PROCESS/damaged      batches that were damaged and are pulled again; nothing reads them
    store/PROCESS/lock         held by whoever changes the store or the nights of this process
    work/PROCESS/RUN           a night in the making; gone when the night is published
    nights/PROCESS/DATE        a published night: pages, maps, tables, findings.json
    """

    root: Path

    @classmethod
    def at(cls, given: Path | None = None) -> Home:
        """The folder given, else HEADRACE_HOME, else .headrace in the current folder.

        Raises:
            InputError: there is a file in its place.
        """
        root = Path(given or os.environ.get("HEADRACE_HOME") or ".headrace").resolve()
        if root.exists() and not root.is_dir():
            raise InputError(f"--home {root}: this is a file; name a folder")
        return cls(root)

    @property
    def key(self) -> Path:
        """The key of the pseudonyms, where the environment gives none."""
        return self.root / "keys" / "resources.key"

    def key_check(self, process: str) -> Path:
        """By which a key is known again: the pseudonyms of this process were made with it."""
        return self.root / "store" / process / "resources.check"

    def forgotten(self, process: str) -> Path:
        """Hashes of the cases that were erased on request; outside the store, which may be made anew."""
        return self.root / "forgotten" / f"{process}.json"

    def store(self, process: str) -> Path:
        return self.root / "store" / process

    def lock(self, process: str) -> Path:
        return self.store(process) / "lock"

    def batches(self, process: str) -> Path:
        return self.root / "store" / process / "batches"

    def quarantine(self, process: str) -> Path:
        return self.root / "store" / process / "quarantine"

    def derived(self, process: str) -> Path:
        return self.store(process) / "derived"

    @property
    def lists_lock(self) -> Path:
        """Held by whoever writes the lists of nights, which are of all processes."""
        return self.root / "store" / "nights.lock"

    def damaged(self, process: str) -> Path:
        return self.store(process) / "damaged"

    def made_from(self, process: str, night: str) -> Path:
        """The loads that a published night was made from; not in its folder, whose bytes are of its content alone."""
        return self.store(process) / "made_from" / f"{night}.json"

    def settings(self, process: str) -> Path:
        """What must not change from night to night by itself, such as the map's colour scale."""
        return self.root / "store" / process / "settings.json"

    def work(self, process: str) -> Path:
        """The folders of the runs of one process."""
        return self.root / "work" / process

    @property
    def all_nights(self) -> Path:
        """The site: the nights of every process, and the lists that lead to them."""
        return self.root / "nights"

    def nights(self, process: str) -> Path:
        return self.root / "nights" / process

    def night(self, process: str, night: date) -> Path:
        return self.nights(process) / night.isoformat()
