"""`setup/install`: what it says of a machine that lacks something, and what it installs.

Nothing is downloaded: the machines that lack something end before that, and the packages are in uv's cache, where this
suite's own set-up has left them.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPO = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
BASICS = ("awk", "cat", "cut", "dirname", "df", "mkdir", "mv", "rm", "sed", "sh", "tr")
PATH_WITH_UV = f"{os.environ['PATH']}{os.pathsep}{REPO / '.uv'}"
DISTRIBUTIONS = (
    "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
)


def clone(folder: Path) -> Path:
    """What the set-up needs of the repository, as a git repository."""
    folder.mkdir()
    for name in ("setup", "src", "stages"):
        shutil.copytree(REPO / name, folder / name, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for name in (".python-version", "pyproject.toml", "requirements.lock", "LICENSE", "README.md"):
        shutil.copy(REPO / name, folder)
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


def machine(folder: Path, *commands: str) -> Path:
    """A PATH with the links to no more than these of this machine's commands, beside those that any system has."""
    folder.mkdir()
    for name in (*BASICS, *commands):
        target = shutil.which(name, path=PATH_WITH_UV)
        if target is None:
            pytest.skip(f"this machine has no {name} to make another machine of")
        (folder / name).symlink_to(target)
    return folder


def refusal(project: Path, path: Path, tmp_path: Path) -> str:
    """The last line of a set-up that must fail, on a machine without network and Pythons of uv's own."""
    env = {"PATH": str(path), "HOME": str(tmp_path), "UV_OFFLINE": "1", "UV_PYTHON_INSTALL_DIR": str(tmp_path / "none")}
    done = subprocess.run([project / "setup/install", "requirements.lock"], env=env, text=True, capture_output=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert not (project / ".venv").exists()
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("commands", "says"),
    [
        ((), "missing: git."),
        (("git",), "missing: a C++ compiler (c++)."),
        (("git", "c++"), "missing: Python, or curl to fetch it with."),
        (
            ("git", "c++", "uv"),
            f"missing: Python {PROJECT['requires-python']} (and Python 3.13 could not be downloaded).",
        ),
    ],
    ids=["no git", "no compiler", "neither Python nor uv", "no Python, and none to download"],
)
def test_what_is_missing_is_said_with_the_command_that_mends_it(
    commands: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    said = refusal(clone(tmp_path / "clone"), machine(tmp_path / "bin", *commands), tmp_path)
    assert says in said
    assert all(f"{installer} install" in said for installer in ("apt-get", "dnf")) and "xcode-select --install" in said


def test_a_folder_that_is_no_repository_is_said(tmp_path: Path) -> None:
    project = clone(tmp_path / "clone")
    shutil.rmtree(project / ".git")
    assert "git init" in refusal(project, machine(tmp_path / "bin", "git", "c++"), tmp_path)


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    path = machine(tmp_path / "bin", "git", "c++")
    (path / "df").unlink()
    (path / "df").write_text("#!/bin/sh\necho Filesystem\necho /dev/sda 100000000 95000000 5000000 95% /\n")
    (path / "df").chmod(0o755)
    assert "has 4 GB of free disk, expected 12" in refusal(clone(tmp_path / "clone"), path, tmp_path)


def locked(name: str) -> dict[str, list[str]]:
    """{package: the versions and hashes of its lines} of a lock."""
    pins: dict[str, list[str]] = {}
    for line in (REPO / name).read_text().splitlines():
        if line and not line.startswith(("#", " ")):
            package = canonicalize_name(line.split("==")[0])
        if line and not line.startswith("#"):
            pins.setdefault(package, []).append(line)
    return pins


def test_the_locks_are_one_resolution_and_satisfy_pyproject() -> None:
    run, test = locked("requirements.lock"), locked("requirements-test.lock")
    assert {name: test[name] for name in run} == run
    page, tests = PROJECT["optional-dependencies"]["explore"], PROJECT["optional-dependencies"]["dev"]
    needed = PROJECT["dependencies"] + page
    for pins, requirements in ((run, needed), (test, needed + tests)):
        for requirement in map(Requirement, requirements):
            versions = re.findall(r"==(\S+)", "\n".join(pins[canonicalize_name(requirement.name)]))
            assert any(version in requirement.specifier for version in versions), requirement
    only_tests = {canonicalize_name(Requirement(r).name) for r in tests}
    assert not only_tests & run.keys()
    for name in ("requirements.lock", "requirements-test.lock"):
        assert "://" not in (REPO / name).read_text(), "a lock names no index"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which the set-up for the pipeline has run."""
    project = clone(tmp_path_factory.mktemp("setup") / "clone")
    if shutil.which("uv", path=PATH_WITH_UV) is None:
        pytest.skip("no uv: these packages were not installed by setup/install, so that its cache lacks them")
    env = {**os.environ, "PATH": PATH_WITH_UV, "UV_OFFLINE": "1", "UV_PYTHON": sys.executable,
           "UV_COMPILE_BYTECODE": "0"}  # fmt: skip
    done = subprocess.run([project / "setup/install", "requirements.lock"], env=env, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return project


def run(folder: Path, *command: str | Path) -> str:
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=folder, env=env, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_pipeline_s_set_up_installs_its_lock_and_nothing_else(installed: Path) -> None:
    there = json.loads(run(installed, installed / ".venv/bin/python", "-c", DISTRIBUTIONS))
    names = {canonicalize_name(name) for name in there}
    assert names - locked("requirements.lock").keys() == {"unisono"}
    assert {"pytest", "mypy", "essentia", "rectools-lightfm"}.isdisjoint(names)


def test_a_wheel_works_in_an_environment_outside_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    run(installed, sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, installed)
    (wheel,) = tmp_path.glob("unisono-*.whl")
    python = installed / ".venv/bin/python"
    uv = shutil.which("uv", path=PATH_WITH_UV)
    assert uv is not None
    run(tmp_path, uv, "pip", "install", "--offline", "--python", python, "--no-deps", "--reinstall", wheel)
    run(tmp_path, uv, "pip", "check", "--python", python)
    script = "import unisono.alignment.build, unisono.experiments.six_models, unisono as u; print(u.__file__)"
    assert "site-packages" in run(tmp_path, python, "-c", script)
    script = (
        "import numpy as np, unisono; print(unisono.load().embed(np.sin(np.arange(32_000) * 0.1), 16_000).shape[0])"
    )
    assert run(tmp_path, python, "-c", script) == "1\n", "the model that comes with the package"
    script = (
        "import importlib.metadata as m; print(*map(m.metadata('unisono').get, ('License-Expression', 'License-File')))"
    )
    assert run(tmp_path, python, "-c", script) == "Apache-2.0 LICENSE\n"
