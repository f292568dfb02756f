"""dvc.yaml declares all that a stage depends on: a change reruns what it must, and nothing else."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
import yaml

from unisono.params import CorpusParams

REPO = Path(__file__).parents[2]
PIPELINE = yaml.safe_load((REPO / "dvc.yaml").read_text())["stages"]
# How a stage is started and told of its params. What a stage reads of params.yaml is declared under `params`,
# and a new key there must not repack 240 GB.
PLUMBING = ("src/unisono/stage.py", "src/unisono/process.py", "src/unisono/params/", "src/unisono/errors.py")


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


def modules(dep: str) -> set[Path]:
    """The modules that a dependency of dvc.yaml names: a file, a room, or the files of all corpora or tasks."""
    found = sorted(REPO.glob(re.sub(r"\$\{.*?\}", "*", dep)))
    if "${item.format}" in dep:  # those of the corpora, not what they share
        found = [path for path in found if path.stem in get_args(CorpusParams.model_fields["format"].annotation)]
    return {module for path in found for module in (path.rglob("*.py") if path.is_dir() else [path]) if says(module)}


def says(module: Path) -> bool:
    """Whether a module is more than the docstring of a room."""
    return module.name != "__init__.py" or len(ast.parse(module.read_text()).body) > 1


@pytest.mark.parametrize("name", PIPELINE)
def test_a_stage_declares_the_modules_that_it_imports_and_no_others(name: str) -> None:
    """With those that it imports by the name of a corpus's format or of a task's kind."""
    stage = definition(PIPELINE[name])
    assert stage["deps"][0] == stage["cmd"].split()[1], "the script comes first"
    code = [dep for dep in stage["deps"] if dep.startswith("src/")]
    by_name = {module for dep in code if "${" in dep for module in modules(dep)}
    used = set(imports(script(PIPELINE[name]))).union(by_name, *map(imports, by_name))
    used = {m for m in used if says(m) and not str(m.relative_to(REPO)).startswith(PLUMBING)}
    declared = {module for dep in code for module in modules(dep)}
    assert {str(m.relative_to(REPO)) for m in declared} == {str(m.relative_to(REPO)) for m in used}


SCRIPTS = {script(stage) for stage in PIPELINE.values()}


@pytest.mark.parametrize("file", sorted(SCRIPTS), ids=lambda file: file.stem)
def test_the_stages_of_a_script_declare_the_params_that_it_reads(file: Path) -> None:
    """Every `params.a.b` in the script is declared as `a` or as `a.b`, but for the machine, which changes no result."""
    stages = [definition(stage) for stage in PIPELINE.values() if script(stage) == file]
    declared = {param for stage in stages for param in stage["params"]}
    text = file.read_text().replace("params.front_end", "params.mel, params.vectors")  # it is one of the two
    sections = {d.split(".")[0] for d in declared} | {"machine"}
    for section in set(re.findall(r"(?<!unisono\.)\bparams\.([a-z_0-9]+)", text)) - {"model_dump", "yaml"}:
        assert section in sections, f"params.{section}"
    for section, key in re.findall(r"\bparams\.(?!yaml|machine)([a-z_0-9]+)\.([a-z_0-9]+)\b(?!\()", text):
        whole = section in declared or any("${" in d for d in declared if d.startswith(section))
        assert whole or f"{section}.{key}" in declared


def test_no_stage_declares_the_machine() -> None:
    assert not any(param.startswith("machine") for stage in PIPELINE.values() for param in definition(stage)["params"])


def test_it_reads_as_one_picture() -> None:
    assert len((REPO / "dvc.yaml").read_text().splitlines()) <= 300  # lines


@pytest.mark.parametrize("name", PIPELINE)
def test_a_stage_declares_its_threads(name: str) -> None:
    """But those whose results no number of threads changes: a worker that packs has one thread, whatever params say."""
    indifferent = name in ("sample", "inventory", "pack", "pack_waves")
    assert ("threads" in definition(PIPELINE[name])["params"]) != indifferent


def test_expensive_stages_cache_all_that_they_write() -> None:
    for name in ("sample", "pack", "factorize", "train", "export"):
        stage = definition(PIPELINE[name])
        assert all(isinstance(out, str) for out in [*stage["outs"], *stage.get("metrics", [])]), name


def test_nothing_persists_between_runs() -> None:
    assert "persist" not in (REPO / "dvc.yaml").read_text()
