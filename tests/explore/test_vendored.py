"""What is vendored is what its list says."""

import hashlib
import re

from unisono.explore.server import PAGE


def test_vendored_files_have_the_hashes_that_are_listed() -> None:
    listed = re.findall(r"^\| (\S+) \|.* ([0-9a-f]{64}) \|$", (PAGE / "vendor/README.md").read_text(), re.MULTILINE)
    files = {file.name: file.read_bytes() for file in (PAGE / "vendor").iterdir() if file.suffix == ".js"}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in files.items()} == dict(listed)
