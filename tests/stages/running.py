"""The pipeline in this process: every command of dvc.yaml in DVC's order, without a second for each to load torch."""

import runpy
from pathlib import Path

import networkx as nx
import pytest
import torch
from dvc.repo import Repo

from unisono.params import load_params
from unisono.stage import use_threads


def run_pipeline(folder: Path) -> list[str]:
    """Run all stages of the project in `folder`, each with what it needs there before it and what it owes after.

    Returns:
        their names, in the order in which they ran.
    """
    with Repo(str(folder)) as repo:
        graph = nx.DiGraph(repo.index.graph).reverse()  # DVC's arrows lead from a stage to what it needs
        stages = list(nx.lexicographical_topological_sort(graph, key=lambda stage: stage.name))
    before = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        params = load_params(Path("params.yaml"))
        for stage in stages:
            missing = [str(dep) for dep in stage.deps if not Path(dep.fs_path).exists()]
            assert not missing, f"{stage.name} depends on what no stage before it made: {missing}"
            _, script, *arguments = stage.cmd.split()
            use_threads(params.threads)
            runpy.run_path(script)["main"](params, *arguments)
            owed = [str(out) for out in stage.outs if not Path(out.fs_path).exists()]
            assert not owed, f"{stage.name} did not make {owed}"
    torch.set_num_threads(before)
    return [stage.name for stage in stages]
