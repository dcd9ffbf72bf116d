"""Secret keys: made once, kept apart from what is hashed with them, and known again, so that another one is told."""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from mining import durable
from mining.errors import InputError

_SHORTEST = 16  # characters of a key from the environment


@dataclass(frozen=True)
class Key:
    """A key, in the environment or in a file, and a file by which it is known again."""

    file: Path
    check: Path  # beside what was hashed with it
    made: str  # what was, as messages say it
    advice: str  # what to do where the key is lost for good
    variable: str = ""  # of the environment; comes first

    def get(self) -> bytes:
        """The key, made at the first use.

        Raises:
            InputError: it is lost, too short, or another one than before.
        """
        used_before = self.check.exists()  # asked first: another run may be making both just now
        key = self._given()
        if key is None:
            if used_before:
                raise InputError(self._lost())
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            key = durable.write_once(self.file, f"{secrets.token_hex(32)}\n".encode(), mode=0o600).strip()
        durable.write_once(self.check, f"{_mark(key)}\n".encode())
        self._refuse_other(key)
        return key

    def find(self) -> bytes | None:
        """The key if there is one already; nothing is made.

        Raises:
            InputError: as `get`.
        """
        key = self._given()
        if self.check.exists():
            if key is None:
                raise InputError(self._lost())
            self._refuse_other(key)
        return key

    def _given(self) -> bytes | None:
        if self.variable and self.variable in os.environ:
            return self._of_environment()
        try:
            key = self.file.read_bytes().strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"{self.file}: this key cannot be read: {error.strerror}") from None
        if len(key) < _SHORTEST:
            raise InputError(f"{self.file}: this is no key any more; restore the file from a copy")
        return key

    def _of_environment(self) -> bytes:
        key = os.environ[self.variable].strip().encode()
        if len(key) < _SHORTEST:
            raise InputError(
                f"{self.variable}: a key has {_SHORTEST} characters or more, this one {len(key)}; set it to what it was "
                f"before, or unset it to use {self.file}"
            )
        return key

    def _refuse_other(self, key: bytes) -> None:
        if self.check.read_text(encoding="ascii").strip() != _mark(key):
            place = self.variable if self.variable in os.environ else str(self.file)
            raise InputError(f"{place}: this is not the key that {self.made} were made with; {self._restore()}")

    def _lost(self) -> str:
        return f"{self.file}: the key that {self.made} were made with is gone; {self._restore()}"

    def _restore(self) -> str:
        place = f"in {self.variable} or in the file" if self.variable else "from a copy"
        return f"restore it ({place}). {self.advice}"


def _mark(key: bytes) -> str:
    """By which a key is known again, and from which it cannot be found."""
    return hmac.digest(key, b"the key of headrace's pseudonyms", "sha256").hex()[:16]
