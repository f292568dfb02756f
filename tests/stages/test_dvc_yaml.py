"""dvc.yaml declares all that a stage depends on: a change reruns what it must, and nothing else."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

REPO = Path(__file__).parents[2]
PIPELINE = yaml.safe_load((REPO / "dvc.yaml").read_text())["stages"]
# How a stage is started and told of its params. What a stage reads of params.yaml is declared under `params`,
# and a new key there must not repack 240 GB.
PLUMBING = ("src/unisono/stage.py", "src/unisono/params/", "src/unisono/errors.py")


def definition(stage: dict) -> dict:
    return stage.get("do", stage)


def script(stage: dict) -> Path:
    return REPO / definition(stage)["cmd"].split()[1]


@cache
def imports(file: Path) -> frozenset[Path]:
    """The modules of the project that a file imports, directly or through others."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            package = REPO / "src" / Path(*name.split("."))
            module = package / "__init__.py" if package.is_dir() else package.with_suffix(".py")
            if name.startswith("unisono.") and module.exists():
                found |= {module, *imports(module)}
    return frozenset(found)


@pytest.mark.parametrize("name", PIPELINE)
def test_a_stage_declares_the_modules_that_it_imports(name: str) -> None:
    stage = PIPELINE[name]
    declared = [REPO / dep for dep in definition(stage)["deps"]]
    assert script(stage) in declared
    used = {m for m in imports(script(stage)) if not str(m.relative_to(REPO)).startswith(PLUMBING)}
    missing = {str(m.relative_to(REPO)) for m in used if not any(m.is_relative_to(d) for d in declared)}
    assert not missing
    code = [d for d in declared if d.is_relative_to(REPO / "src") and "${" not in str(d)]
    idle = {str(d.relative_to(REPO)) for d in code if not any(m.is_relative_to(d) for m in used)}
    assert not idle, "declared, but not imported"


@pytest.mark.parametrize("name", PIPELINE)
def test_a_stage_declares_the_params_that_it_reads(name: str) -> None:
    """Every `params.a.b` in the script is declared as `a` or as `a.b`."""
    declared = definition(PIPELINE[name])["params"]
    text = script(PIPELINE[name]).read_text()
    rooms = {d.split(".")[0] for d in declared}
    for room in set(re.findall(r"\bparams\.([a-z_0-9]+)", text)) - {"model_dump", "yaml"}:
        assert room in rooms, f"params.{room}"
    for room, key in re.findall(r"\bparams\.(?!yaml)([a-z_0-9]+)\.([a-z_0-9]+)\b(?!\()", text):
        assert room in declared or f"{room}.{key}" in declared or any("${" in d for d in declared if d.startswith(room))


@pytest.mark.parametrize("name", PIPELINE)
def test_a_stage_declares_its_threads(name: str) -> None:
    """But those whose results no number of threads changes: a worker that packs has one thread, whatever params say."""
    indifferent = name in ("sample", "inventory", "pack", "pack_waves", "report")
    assert ("threads" in definition(PIPELINE[name])["params"]) != indifferent


def test_expensive_stages_cache_all_that_they_write() -> None:
    for name in ("sample", "pack", "factorize", "train", "export"):
        stage = definition(PIPELINE[name])
        assert all(isinstance(out, str) for out in [*stage["outs"], *stage.get("metrics", [])]), name


def test_nothing_persists_between_runs() -> None:
    assert "persist" not in (REPO / "dvc.yaml").read_text()
