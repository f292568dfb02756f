"""The inventory changes when the raw data does, and only then."""

import os
import subprocess
from pathlib import Path

import pytest

from unisono.corpora.reading.inventory import read_inventory, take_inventory, write_inventory
from unisono.errors import UserError


def test_all_files_are_listed_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.bin").write_bytes(b"12")
    (tmp_path / "a.bin").write_bytes(b"1")
    os.utime(tmp_path / "a.bin", ns=(5, 7))
    inventory = take_inventory(tmp_path)
    assert inventory[["name", "size"]].to_numpy().tolist() == [["a.bin", 1], ["b/two.bin", 2]]
    assert inventory["mtime_ns"][0] == 7
    assert inventory.equals(take_inventory(tmp_path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="gone: no such folder"):
        take_inventory(tmp_path / "gone")


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    music = tmp_path / "music"
    (music / "a").mkdir(parents=True)
    (music / "a" / "one.bin").touch()
    (music / "b").symlink_to("a")
    for loop in ("here", "there"):
        (music / loop).symlink_to(".")
    (music / "a" / "up").symlink_to("..")
    (music / "self").symlink_to("self")
    (music / "gone").symlink_to("nowhere")
    assert take_inventory(music)["name"].tolist() == ["a/one.bin", "b/one.bin"]


def test_folders_deeper_than_the_stack(tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(tmp_path)
    for _ in range(1200):
        Path("d").mkdir()
        os.chdir("d")
    Path("f").touch()
    os.chdir(before)
    assert take_inventory(tmp_path)["name"].tolist() == ["d/" * 1200 + "f"]
    subprocess.run(["rm", "-r", tmp_path / "d"], check=True)  # shutil.rmtree, which pytest uses, would fail


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(tmp_path)
    for _ in range(20):  # longer than a path may be
        Path("d" * 250).mkdir()
        os.chdir("d" * 250)
    os.chdir(before)
    with pytest.raises(UserError, match=r"/d+: cannot be read \(File name too long\)"):
        take_inventory(tmp_path)
    subprocess.run(["rm", "-r", tmp_path / ("d" * 250)], check=True)


def test_a_name_that_is_no_utf_8_keeps_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    for name in (b"caf\xe9.wav", b"NA", b"1"):
        Path(os.fsdecode(bytes(tmp_path / "root") + b"/" + name)).touch()
    inventory = take_inventory(tmp_path / "root")
    write_inventory(inventory, tmp_path / "inventory.csv")
    assert read_inventory(tmp_path / "inventory.csv").equals(inventory)
    assert b"caf\xe9.wav" in (tmp_path / "inventory.csv").read_bytes()
