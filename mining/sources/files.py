"""Files: which ones a pattern means, what is in them, and CSV and Parquet as tables for DuckDB."""

from __future__ import annotations

import codecs
import csv
import glob
import gzip
import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import duckdb

from mining.errors import InputError
from mining.process import Process
from mining.sources.mapping import Reading, Table, described, refuse_same_names
from mining.sources.quoting import file_literal, literal
from mining.sources.resources import hidden_columns

_KINDS = (".csv", ".csv.gz", ".zip", ".parquet", ".xes", ".xes.gz")
_CHUNK = 1 << 20
_DELIMITERS = ",;\t|"
_CSV_TOLD = re.compile(
    r"CSV Error on Line: \d+|Expected Number of Columns: \d+ Found: \d+|Value with unterminated quote found\."
    r"|Maximum line size of \d+ bytes exceeded|The CSV Parser state machine"
)


def files_of(process: Process) -> list[Path]:
    """The files that `source.files` means, in the order of their names.

    Raises:
        InputError: there is none, or one is of a kind that cannot be read.
    """
    pattern = process.source.files or ""
    exact = process.folder / pattern
    found = [exact] if exact.is_file() else [process.folder / name for name in _matches(process.folder, pattern)]
    if not found:
        raise InputError(
            f"source.files: no file matches {pattern!r} (looked in {process.folder}); patterns are relative to the "
            f"process file, `**` means any folder"
        )
    for path in found:
        if not path.name.lower().endswith(_KINDS):
            raise InputError(
                f"{path.name}: this kind of file cannot be read; the pattern may match {', '.join(_KINDS)}"
            )
    return found


def _matches(folder: Path, pattern: str) -> list[str]:
    names = glob.glob(pattern, root_dir=folder, recursive=True)
    return sorted(name for name in names if (folder / name).is_file())


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Raises:
        InputError: the file is empty or cannot be opened.
    """
    try:
        if path.stat().st_size == 0:
            raise InputError(
                f"{path.name}: the file is empty (0 bytes); was it copied to the end? Remove or replace it"
            )
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path.name}: cannot be opened: {error.strerror}") from None


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked if it is .gz or .zip.

    Raises:
        InputError: the archive is damaged, cut short, locked or holds several files; also while it is being read.
    """
    try:
        with _unpacking(path) as stream:
            yield stream
    except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as error:
        raise InputError(f"{path.name}: the archive is damaged or cut short ({error}); fetch it again") from None
    except RuntimeError as error:  # what zipfile says of a locked archive
        raise InputError(f"{path.name}: cannot be unpacked: {error}") from None


@contextmanager
def _unpacking(path: Path) -> Iterator[Any]:
    if path.suffix.lower() == ".gz":
        with gzip.open(path, "rb") as stream:
            yield stream
    elif path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(_only_member(path, archive)) as stream:
            yield stream
    else:
        with path.open("rb") as stream:
            yield stream


def _only_member(path: Path, archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if len(names) != 1 or not names[0].lower().endswith(".csv"):
        raise InputError(f"{path.name}: a zip must hold exactly one .csv file; this one holds {names[:5]}")
    return names[0]


def parquet_table(reading: Reading, path: Path) -> Table:
    """A Parquet file, read where it lies."""
    relation = f"read_parquet({file_literal(path.resolve())})"
    columns = described(reading.connection, relation)
    return Table(path.name, _limited(relation, reading.limit), columns, reading.process.columns)


@contextmanager
def damaged_parquet(path: Path) -> Iterator[None]:
    """What DuckDB says of a damaged Parquet file, as a message that helps."""
    try:
        yield
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.SerializationException) as error:
        told = str(error).splitlines()[0]
        raise InputError(f"{path.name}: this is not a whole Parquet file ({told}); fetch it again") from None


def csv_table(reading: Reading, path: Path) -> Table:
    """A CSV file. What is packed or not UTF-8 is first unpacked, a piece at a time.

    Raises:
        InputError: the text is not in the declared encoding, or the header is missing or names a column twice.
    """
    plain, encoding = path, reading.process.source.encoding
    if path.suffix.lower() != ".csv" or not _is_utf8(encoding):
        plain = reading.folder / "unpacked.csv"
        _unpack(path, plain, encoding)
    names, delimiter, line_end = _header(path, plain)
    refuse_same_names(path.name, names)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    relation = (
        f"read_csv({file_literal(plain.resolve())}, auto_detect = false, header = true, columns = {{{columns}}}, "
        f"delim = {literal(delimiter)}, new_line = {literal(line_end)}, quote = '\"', escape = '\"')"
    )
    return Table(path.name, _limited(relation, reading.limit), dict.fromkeys(names, "VARCHAR"), reading.process.columns)


@contextmanager
def csv_mistake(path: Path, process: Process) -> Iterator[None]:
    """What DuckDB says of a CSV file, as a message that helps."""
    try:
        yield
    except duckdb.InvalidInputException as error:
        if "unicode" in str(error):
            _refuse_undecodable(path, process.source.encoding)
        told = _without_values(str(error)) if hidden_columns(process, process.columns) else _with_line(str(error))
        if "state machine" in told:  # DuckDB says no more than this, and no line
            told = "line breaks outside quotes are not the same everywhere, or a quote stands within a value."
        raise InputError(f"{path.name}: {told} Mend the file at this place, or export it again") from None


def _with_line(error: str) -> str:
    lines = [line for line in error.splitlines() if line.strip()]
    return " ".join(lines[:4]).removeprefix("Invalid Input Error: ").split("Possible ")[0].strip()


def _without_values(error: str) -> str:
    """DuckDB quotes the line, and with it the clear name of a resource: only where and why are told on."""
    return " ".join(match[0] for match in _CSV_TOLD.finditer(error))


def _refuse_undecodable(path: Path, encoding: str) -> None:
    with opened(path) as stream:
        for _ in _decoded(path, stream, encoding):
            pass


def _is_utf8(encoding: str) -> bool:
    try:
        "a".encode(encoding)  # refuses the codecs that are not for text, such as base64
        return codecs.lookup(encoding).name == "utf-8"
    except (LookupError, UnicodeError, ValueError):
        raise InputError(
            f"source.encoding: {encoding!r} is not an encoding; write utf-8, utf-16, latin-1 or cp1252"
        ) from None


def _unpack(path: Path, to: Path, encoding: str) -> None:
    """Write the text of a file as UTF-8."""
    with opened(path) as stream, to.open("w", encoding="utf-8", newline="") as target:
        target.writelines(_decoded(path, stream, encoding))


def _decoded(path: Path, stream: IO[bytes], encoding: str) -> Iterator[str]:
    """The text of a file, piece by piece; an undecodable byte is told with its line and place."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, done = 1, 0
    while True:
        piece = stream.read(_CHUNK)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            raise InputError(_wrong_encoding(path, encoding, line, done - pending + error.start, error)) from None
        if not piece:
            return
        yield text
        done += len(piece)
        line += text.count("\n")


def _wrong_encoding(path: Path, encoding: str, line: int, place: int, error: UnicodeDecodeError) -> str:
    byte = error.object[error.start : error.start + 1].hex()
    other = "utf-16" if place == 0 and error.object[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "latin-1"
    return (
        f"{path.name}, line {line}: byte {place} (0x{byte}) is not {encoding}; "
        f"write `source: {{encoding: {other}}}`, or whatever the file was saved in"
    )


def _header(path: Path, plain: Path) -> tuple[list[str], str, str]:
    """Names of the columns, what parts them (the character that gives the most columns), and the end of a line.

    DuckDB is told the end of a line: left to find it, it takes a line break within a quoted name for one.
    """
    try:
        with plain.open(encoding="utf-8-sig", newline="") as stream:
            read = {char: _first_record(stream, char) for char in _DELIMITERS}
    except UnicodeDecodeError:
        _refuse_undecodable(path, "utf-8")
        raise
    except csv.Error as error:
        raise InputError(
            f"{path.name}, line 1: the header cannot be read: {error}; the first line must name the columns"
        ) from None
    delimiter = max(_DELIMITERS, key=lambda char: len(read[char][0]))
    found, line_end = read[delimiter]
    names = [name or f"column{number}" for number, name in enumerate(found, start=1)]
    if not names:
        raise InputError(f"{path.name}, line 1: the first line must name the columns; it is blank")
    return names, delimiter, line_end


def _first_record(stream: IO[str], delimiter: str) -> tuple[list[str], str]:
    """The fields of the first record and the line break after it, as DuckDB writes it."""
    seen = [""]

    def lines() -> Iterator[str]:
        for line in stream:
            seen.append(line)
            yield line

    stream.seek(0)
    fields = next(csv.reader(lines(), delimiter=delimiter), [])
    line_end = seen[-1][len(seen[-1].rstrip("\r\n")) :] or "\n"
    return fields, line_end.replace("\r", "\\r").replace("\n", "\\n")


def _limited(relation: str, limit: int | None) -> str:
    return relation if limit is None else f"(SELECT * FROM {relation} LIMIT {int(limit)})"
