"""The command of the page: what stands in its way is a sentence."""

import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from embedded import embed_vectors

COMMAND = [sys.executable, "-c", "from unisono.cli.app import main; main()", "explore", "--no-browser"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    tracks = pd.DataFrame({"genres": [["rock"], []], "source": ["a.npy", "b.npy"]}, index=["a", "b"])
    return embed_vectors(tmp_path, tracks.rename_axis("track_id"), np.eye(2), np.eye(2))


def failed(*arguments: str) -> str:
    ended = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ") and ended.stderr.count("\n") == 1
    return ended.stderr


def test_it_answers_on_this_machine_until_it_is_ended(project: Path) -> None:
    command = [*COMMAND, "--project", str(project), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("opening the catalogue")
        address = process.stderr.readline().split()[0]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}api/models", timeout=60) as answer:
            assert answer.read() == b'{"corpus":"catalogue","models":["trained"],"plays":false}'
        process.send_signal(2)
        process.wait(60)
        assert "Traceback" not in process.stderr.read()


def test_a_port_that_is_taken_is_a_sentence(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port}: Address already in use" in failed("--project", str(project), "--port", port)


def test_no_embeddings_is_a_sentence(tmp_path: Path) -> None:
    assert "has no embeddings" in failed("--project", str(tmp_path))


def test_a_server_that_is_not_installed_is_a_sentence(project: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['uvicorn'] = None; from unisono.cli.app import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "explore", "--project", str(project)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "error: the page needs uvicorn; install it: pip install 'unisono[explore]'\n"
