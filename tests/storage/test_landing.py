from __future__ import annotations

import os
from pathlib import Path

import pytest

from longshore.errors import LandingMissingError
from longshore.storage import filesystem as folders_room
from longshore.storage.landing import LocalLanding, MovedError


@pytest.fixture
def landing(tmp_path):
    with LocalLanding(tmp_path) as opened:
        yield opened


def listed(landing, name="a.txt", data=b"old"):
    path = landing.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return landing.look(name)


def test_a_landing_folder_that_does_not_exist_is_never_made(tmp_path):
    with pytest.raises(LandingMissingError, match="does not exist"):
        LocalLanding(tmp_path / "mistyped")
    assert not (tmp_path / "mistyped").exists()


def test_a_file_is_moved_beside_another_and_not_over_it(landing):
    assert landing.move(listed(landing), "_archive/day/a.txt") == "_archive/day/a.txt"
    assert landing.move(listed(landing, data=b"new"), "_archive/day/a.txt") == "_archive/day/a~2.txt"
    assert (landing.root / "_archive/day/a.txt").read_bytes() == b"old"


def test_a_file_in_the_way_of_a_folder_does_not_stop_a_move(landing):
    landing.move(listed(landing, "a"), "_archive/a")
    assert landing.move(listed(landing, "a/b.txt"), "_archive/a/b.txt") == "_archive/a~2/b.txt"


def test_a_link_in_the_way_of_a_folder_is_not_followed(landing, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (landing.root / "_archive").mkdir()
    (landing.root / "_archive/sub").symlink_to(outside)
    assert landing.move(listed(landing, "sub/b.txt"), "_archive/sub/b.txt") == "_archive/sub~2/b.txt"
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("act", ["move", "delete"])
def test_a_file_replaced_just_before_the_rename_is_put_back(landing, monkeypatch, act):
    file = listed(landing)
    original = folders_room.rename_no_replace
    raced = []

    def rename(source, target, **folders):
        if not raced:
            raced.append(True)
            (landing.root / "new").write_bytes(b"somebody else's")
            (landing.root / "new").rename(landing.root / "a.txt")
        return original(source, target, **folders)

    monkeypatch.setattr(folders_room, "rename_no_replace", rename)
    with pytest.raises(MovedError, match="replaced"):
        landing.move(file, "_archive/a.txt") if act == "move" else landing.delete(file)
    assert (landing.root / "a.txt").read_bytes() == b"somebody else's"


def test_a_delete_that_died_between_its_two_steps_is_finished(landing):
    file = listed(landing)
    (landing.root / "_deleting").mkdir()
    (landing.root / "a.txt").rename(landing.root / "_deleting" / str(file.inode))
    landing.delete(file)
    assert list((landing.root / "_deleting").iterdir()) == []


def test_a_moved_file_is_found_where_an_earlier_attempt_put_it(landing):
    landing.move(listed(landing, data=b"first"), "_archive/a.txt")
    file = listed(landing, data=b"second")
    landing.move(file, "_archive/a.txt")
    assert landing.find_moved(file, "_archive/a.txt") == "_archive/a~2.txt"
    (landing.root / "_archive/a~2.txt").unlink()
    assert landing.find_moved(file, "_archive/a.txt") is None


def test_a_time_beyond_every_database_is_kept_within_it(landing):
    file = listed(landing)
    try:
        os.utime(landing.root / "a.txt", ns=(0, 1 << 66))
    except (OverflowError, OSError):
        pytest.skip("this file system has no such times")
    assert landing.look("a.txt").modified_ns < 1 << 63
    assert file.modified_ns < 1 << 63


def test_a_reading_that_holds_many_folders_holds_few_open(landing):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(300):
        landing.read(listed(landing, f"{number}/a.txt"))
    after = len(list(Path("/proc/self/fd").iterdir()))
    assert after - before <= 70
