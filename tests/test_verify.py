"""Files of the store that are cut, changed or gone: each is told, with what to do, and what is said to do mends it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from crashing import MENDED, Child, Company, Ended, fingerprints, nursery

VERIFY = ["verify", "orders.yaml", "--home", "home"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)


def blank(path: Path) -> None:
    """As long as it was, and with its footer, but without its content."""
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(len(content) // 2) + content[4 + len(content) // 2 :])


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    return nursery()


@pytest.fixture(scope="module")
def mined(context: ForkServerContext, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Company]:
    """Two nights from files, and from a database."""
    companies = {}
    for kind in ("files", "sql"):
        company = Company(tmp_path_factory.mktemp(kind) / "company", sql=kind == "sql")
        company.open()
        for day in (1, 2):
            company.work(day)
            ended = Child(context, company.place, company.night(day)).ended()
            assert ended.code == 0, ended.said
        companies[kind] = company
    return companies


@pytest.fixture
def orders(mined: dict[str, Company], tmp_path: Path) -> Company:
    return mined["files"].moved(tmp_path / "orders")


@pytest.fixture
def told(context: ForkServerContext) -> Callable[..., Ended]:
    """How `headrace ARGUMENTS` ends."""
    return lambda company, *arguments: Child(context, company.place, arguments).ended()


def test_a_sound_store_is_said_to_be_sound(orders: Company, told: Callable[..., Ended]) -> None:
    before = fingerprints(orders.store)
    ended = told(orders, *VERIFY)
    assert (ended.code, ended.said.count("sound")) == (0, 4), ended.said
    kept = {
        name: content
        for name, content in fingerprints(orders.store).items()
        if name.split("/")[0] in ("batches", "quarantine")
    }
    assert kept.items() <= before.items()


@pytest.mark.parametrize(
    ("damage", "kind", "number"),
    [(cut, "files", 0), (cut, "sql", 0), (cut, "sql", 1), (flip, "files", 1), (blank, "files", 0), (blank, "sql", 1)],
)
def test_a_damaged_batch_is_told_and_pulled_again(
    mined: dict[str, Company],
    tmp_path: Path,
    told: Callable[..., Ended],
    kind: str,
    number: int,
    damage: Callable[[Path], None],
) -> None:
    company = mined[kind].moved(tmp_path / "company")
    batch, pages = company.batches()[number], company.published()
    damage(batch)
    ended = told(company, *VERIFY)
    assert (ended.code, f"--reload {batch.stem}" in ended.said) == (1, True), ended.said
    if damage is not flip:  # which the pages of a night need not read at all
        ended = told(company, *company.night(2))
        assert (ended.code, f"--reload {batch.stem}" in ended.said, "Traceback" in ended.said) == (1, True, False), (
            ended.said
        )
    assert company.published() == pages
    assert told(company, *VERIFY, "--reload", batch.stem).code == 0
    assert told(company, *company.night(2)).code == 0
    assert company.mistakes([1, 2]) == []
    assert told(company, *VERIFY).code == 0
    assert [path.name for path in sorted((company.store / "damaged").iterdir())] == [f"{batch.stem}.json", batch.name]


def test_a_batch_restored_from_a_copy_is_sound_again(
    orders: Company, tmp_path: Path, told: Callable[..., Ended]
) -> None:
    batch = orders.batches()[0]
    shutil.copy(batch, tmp_path / "copy")
    batch.unlink()
    assert "this batch is missing" in told(orders, *VERIFY).said
    shutil.copy(tmp_path / "copy", batch)
    assert told(orders, *VERIFY).code == 0


def test_a_description_that_cannot_be_read_is_told_and_pulled_again(
    orders: Company, told: Callable[..., Ended]
) -> None:
    batch = orders.batches()[0]
    cut(batch.with_suffix(".json"))
    assert "the description of this batch cannot be read" in told(orders, *orders.night(2)).said
    assert told(orders, *VERIFY, "--reload", batch.stem).code == 0
    assert told(orders, *orders.night(2)).code == 0
    assert orders.mistakes([1, 2]) == []


def test_what_is_gone_from_the_source_is_not_given_up(orders: Company, told: Callable[..., Ended]) -> None:
    batch = next(path for path in orders.batches() if '"1.csv"' in path.with_suffix(".json").read_text())
    cut(batch)
    (orders.place / "landing/1.csv").unlink()
    ended = told(orders, *VERIFY, "--reload", batch.stem)
    assert (ended.code, "1.csv" in ended.said) == (2, True), ended.said
    assert batch.exists()


def test_what_is_sound_is_not_moved_away(orders: Company, told: Callable[..., Ended]) -> None:
    ended = told(orders, *VERIFY, "--reload", orders.batches()[0].stem)
    assert (ended.code, "is sound" in ended.said) == (2, True)
    assert told(orders, *VERIFY, "--reload", "../../x").code == 2


@pytest.mark.parametrize("damage", [cut, empty])
def test_a_damaged_file_of_the_quarantine_is_told_and_pulled_again(
    orders: Company, told: Callable[..., Ended], damage: Callable[[Path], None]
) -> None:
    kept = sorted((orders.store / "quarantine").glob("*.parquet"))[0]
    damage(kept)
    ended = told(orders, *VERIFY)
    assert (ended.code, f"--reload {kept.stem}" in ended.said) == (1, True), ended.said
    orders.work(3)
    ended = told(orders, *orders.night(3))
    assert (ended.code, f"--reload {kept.stem}" in ended.said, "Traceback" in ended.said) == (1, True, False), (
        ended.said
    )
    assert told(orders, *VERIFY, "--reload", kept.stem).code == 0
    assert told(orders, *orders.night(3)).code == 0
    assert orders.mistakes([1, 2, 3]) == []


def test_a_damaged_readmission_waits_again(orders: Company, told: Callable[..., Ended]) -> None:
    before = set(orders.batches())
    (orders.place / "orders.yaml").open("a").write(MENDED)
    readmit = ("quarantine", "orders.yaml", "--readmit", "--home", "home")
    assert "2 of 2 rows went in" in told(orders, *readmit).said
    (readmitted,) = set(orders.batches()) - before
    cut(readmitted)
    assert told(orders, *VERIFY, "--reload", readmitted.stem).code == 0
    assert "2 of 2 rows went in" in told(orders, *readmit).said
    assert orders.mistakes([1, 2]) == []


def test_a_parquet_file_without_description_is_moved_and_never_counted(
    orders: Company, told: Callable[..., Ended]
) -> None:
    stray = orders.store / "batches" / "0123456789abcdef.parquet"
    shutil.copy(orders.batches()[0], stray)
    assert told(orders, *orders.night(2)).code == 0
    assert orders.mistakes([1, 2]) == []
    ended = told(orders, *VERIFY)
    assert (ended.code, "never counted" in ended.said, stray.exists()) == (0, True, False)


@pytest.fixture(scope="module")
def third(context: ForkServerContext, mined: dict[str, Company], tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The third day's rows are there, and its night went undisturbed."""
    company = mined["files"].moved(tmp_path_factory.mktemp("third") / "company")
    company.work(3)
    assert Child(context, company.place, company.night(3)).ended().code == 0
    return company


CUT_OFF = [
    (cut, "state.json"),
    (empty, "state.json"),
    (Path.unlink, "state.json"),
    (cut, "*/steps*"),
    (Path.unlink, "*/cases*"),
]
UNREADABLE = [(blank, "*/steps*"), (blank, "*/names*"), (blank, "*/waits*"), (blank, "*/variants*")]


@pytest.mark.parametrize(("damage", "file"), [*CUT_OFF, *UNREADABLE])
def test_damaged_derived_tables_are_made_anew(
    orders: Company, third: Company, told: Callable[..., Ended], damage: Callable[[Path], None], file: str
) -> None:
    orders.work(3)
    damage(min((orders.store / "derived").glob(file)))
    ended = told(orders, *orders.night(3))
    assert ended.code == 0, ended.said
    assert orders.published() == third.published()


def test_derived_tables_that_were_changed_are_told_and_made_anew(
    orders: Company, third: Company, told: Callable[..., Ended]
) -> None:
    """A few bits may change nothing that a night reads: `verify` sees them all the same."""
    flip(max((orders.store / "derived").glob("*/cases*")))
    ended = told(orders, *VERIFY)
    assert (ended.code, "derived tables" in ended.said) == (0, True), ended.said
    orders.work(3)
    assert told(orders, *orders.night(3)).code == 0
    assert orders.published() == third.published()
