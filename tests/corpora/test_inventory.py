"""The inventory changes when the raw data does, and only then."""

import os
from pathlib import Path

import pytest

from unisono.corpora.inventory import take_inventory
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
