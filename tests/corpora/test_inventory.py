"""The inventory changes when the raw data does, and only then."""

import os
from pathlib import Path

import pytest

from unisono.corpora.inventory import read_inventory, take_inventory, write_inventory
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


def test_links_back_end_and_links_to_nothing_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "a.wav").write_bytes(b"1")
    (tmp_path / "album" / "back").symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "again").symlink_to("album")
    assert take_inventory(tmp_path)["name"].tolist() == ["again/a.wav", "album/a.wav"]


def test_a_name_that_is_no_utf_8_keeps_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    for name in (b"caf\xe9.wav", b"NA", b"1"):
        Path(os.fsdecode(bytes(tmp_path / "root") + b"/" + name)).touch()
    inventory = take_inventory(tmp_path / "root")
    write_inventory(inventory, tmp_path / "inventory.csv")
    assert read_inventory(tmp_path / "inventory.csv").equals(inventory)
    assert b"caf\xe9.wav" in (tmp_path / "inventory.csv").read_bytes()
