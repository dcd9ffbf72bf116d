"""Killed at any moment, raced, on a full disk: nothing is lost or doubled, and the published nights stay whole.

HEADRACE_KILLS says how many kills there are; `make bench-faults` tries hundreds.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkServerContext
from pathlib import Path

import crashing
import pytest
from crashing import Child, Company, Scene, fingerprints, kill_points, nursery

from mining import lock, placing
from mining.disk import told_when_full
from mining.errors import GateError, StoreError
from mining.home import Home

KILLS = int(os.environ.get("HEADRACE_KILLS", "24"))
DISK_KB = 16_000


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    return nursery()


@pytest.fixture(scope="module")
def scenes(context: ForkServerContext, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scene]:
    return crashing.scenes(context, tmp_path_factory.mktemp("scenes"))


def test_killed_at_any_point_nothing_is_lost_or_doubled(
    context: ForkServerContext, scenes: dict[str, Scene], tmp_path: Path
) -> None:
    def killed(number: int, name: str, at: float) -> list[str]:
        wrong = scenes[name].killed(context, tmp_path / str(number), at)
        return [f"{name}, killed at {at}: {what}" for what in wrong]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        trials = [pool.submit(killed, number, *point) for number, point in enumerate(kill_points(scenes, KILLS))]
        wrong = [what for trial in trials for what in trial.result()]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", ["files", "sql"])
def test_two_runs_of_one_night_are_as_one(
    context: ForkServerContext, scenes: dict[str, Scene], tmp_path: Path, kind: str
) -> None:
    scene = scenes[f"{kind} 2"]
    company = scene.before.moved(tmp_path / "raced")
    for ended in [run.ended() for run in [Child(context, company.place, scene.arguments) for _ in range(2)]]:
        assert ended.code == 0, ended.said
    assert company.published() == scene.after.published()
    assert (company.mistakes(scene.days), company.litter()) == ([], [])


@pytest.mark.parametrize("kind", ["files", "sql"])
def test_two_nights_at_the_same_time_are_as_one_after_the_other(
    context: ForkServerContext, scenes: dict[str, Scene], tmp_path: Path, kind: str
) -> None:
    company = scenes[f"{kind} 2"].before.moved(tmp_path / "raced")
    company.work(3)
    for ended in [run.ended() for run in [Child(context, company.place, company.night(day)) for day in (2, 3)]]:
        assert ended.code == 0, ended.said
    assert (company.mistakes([1, 2, 3]), company.litter()) == ([], [])
    for day in (2, 3):
        found = json.loads((company.home / f"nights/orders/2024-03-{day:02}/findings.json").read_text())
        assert found["kpis"]["events"] == 200 * day


def test_without_an_exchange_of_folders_a_cut_between_two_renames_is_mended(
    context: ForkServerContext, scenes: dict[str, Scene], tmp_path: Path
) -> None:
    """The night is played again, and killed before the first rename, between the two, and after them."""
    scene = scenes["files 1"]
    again = Scene(scene.after, scene.after, scene.arguments, scene.days, 0)
    company = scene.after.moved(tmp_path / "counted")
    events = Child(context, company.place, scene.arguments, exchange=False).ended().events
    assert company.published() == scene.after.published()
    (renamed,) = (
        n for n, event in enumerate(events, 1) if event == f"os.rename {company.home}/nights/orders/2024-03-01"
    )
    wrong = [again.killed(context, tmp_path / str(at), at, exchange=False) for at in range(renamed, renamed + 3)]
    assert wrong == [[], ["orders/2024-03-01 is missing"], []]


def test_the_server_puts_back_a_night_that_was_cut_off(scenes: dict[str, Scene], tmp_path: Path) -> None:
    company = scenes["files 1"].after.moved(tmp_path / "cut")
    night = company.home / "nights/orders/2024-03-01"
    night.rename(night.with_name(".2024-03-01.old"))
    (company.home / "nights/orders/index.html").unlink()
    placing.heal_all(Home(company.home))
    assert company.published() == scenes["files 1"].after.published()
    assert company.litter() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_KB}k", "headrace-test", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk can only be made by root, where mounts are permitted: {error}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_told_and_mends_when_there_is_room(
    context: ForkServerContext, scenes: dict[str, Scene], small_disk: Path
) -> None:
    """The less room there is, the earlier it ends: each time with the same words, and with the pages as they were."""
    scene = scenes["files 2"]
    company = scene.before.moved(small_disk / "company")
    ballast, codes = small_disk / "ballast", list[int]()
    last_good = fingerprints(company.home / "nights/orders/2024-03-01")
    for free_kb in (0, 40, 80, 160, 320, 640, 1280):
        _fill(ballast, free_kb)
        ended = Child(context, company.place, scene.arguments).ended()
        codes.append(ended.code)
        assert fingerprints(company.home / "nights/orders/2024-03-01") == last_good
        assert (company.home / "nights/index.html").read_text().endswith("</html>")
        if ended.code:
            assert (ended.code, "The disk is full" in ended.said) == (1, True), ended.said
            assert "Traceback" not in ended.said
    assert codes.count(1) >= 3
    ballast.unlink()
    assert scene.mended(context, company) == []


def test_where_no_file_may_grow_further_the_same_is_told(
    context: ForkServerContext, scenes: dict[str, Scene], tmp_path: Path
) -> None:
    """As a full disk, where nothing can be mounted; the limit is on each file."""
    scene = scenes["files 2"]
    company = scene.before.moved(tmp_path / "company")
    for largest in (3_000, 10_000, 30_000):
        ended = Child(context, company.place, scene.arguments, largest=largest).ended()
        assert (ended.code, "The disk is full" in ended.said, "Traceback" in ended.said) == (1, True, False), ended.said
        assert company.published().items() >= _night(scene.before, 1).items()
    assert scene.mended(context, company) == []


def _night(company: Company, day: int) -> dict[str, str]:
    return {name: content for name, content in company.published().items() if f"-{day:02}/" in name}


def _fill(ballast: Path, free_kb: int) -> None:
    """Leave no more than so many kilobytes on the disk."""
    ballast.unlink(missing_ok=True)
    room = os.statvfs(ballast.parent)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, room.f_bavail * room.f_frsize - (free_kb + 8) * 1024))


def test_words_of_the_users_data_are_no_full_disk(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="The data did not pass"), told_when_full(tmp_path):
        raise GateError("The data did not pass.\nActivity 'No space left on device' is not known")
    with pytest.raises(StoreError, match="The disk is full"), told_when_full(tmp_path):
        raise GateError("The data did not pass.\nThis check could not run: IO Error: No space left on device")


def test_who_waits_for_a_lock_is_told_who_holds_it(tmp_path: Path) -> None:
    with (
        lock.alone(tmp_path / "lock", "store of orders"),
        pytest.raises(StoreError, match=f"store of orders .process {os.getpid()} on "),
        lock.alone(tmp_path / "lock", "another", patience_s=0.2),
    ):
        pass
    assert not lock.taken(tmp_path / "lock")


def test_a_killed_holder_lets_go(context: ForkServerContext, tmp_path: Path) -> None:
    holder = context.Process(target=crashing.hold, args=(str(tmp_path / "lock"),))
    holder.start()
    while not (tmp_path / "held").exists():
        holder.join(0.05)
    assert lock.taken(tmp_path / "lock")
    holder.kill()
    holder.join()
    assert not lock.taken(tmp_path / "lock")
