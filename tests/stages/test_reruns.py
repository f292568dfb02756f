"""What a change makes stale: DVC is asked, in a clone in which every stage seems to have run."""

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import networkx as nx
import pytest
import yaml
from dvc.repo import Repo
from project import Project, clone, tiny


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A clone whose outputs are there, each an empty file or a folder with one, and committed to DVC."""
    project = clone(tmp_path_factory.mktemp("unisono"), tiny())
    with Repo(str(project.folder)) as repo:
        for path in (Path(found.fs_path) for found in [*repo.index.outs, *repo.index.deps]):
            file = path if path.suffix else path / "file"
            if not path.exists() or path.is_relative_to(project.folder / "data"):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("{}")
    project.run("dvc", "commit", "--force")
    assert changed(project) == set()
    return project


@pytest.fixture(scope="module")
def following(project: Project) -> dict[str, set[str]]:
    """Of each stage, the stages that follow from it."""
    with Repo(str(project.folder)) as repo:
        graph = nx.DiGraph(repo.index.graph).reverse()  # DVC's arrows lead from a stage to what it needs
        return {stage.name: {later.name for later in nx.descendants(graph, stage)} for stage in graph}


def changed(project: Project) -> set[str]:
    """The stages that DVC calls changed, as `dvc status` prints them."""
    with Repo(str(project.folder)) as repo:
        return {name.split(":")[-1] for name in repo.status()}  # dvc.yaml:name, seen from another folder


@pytest.fixture
def kept(project: Project) -> Iterator[Project]:
    """The clone, whose code and params are put back."""
    yield project
    project.run("git", "checkout", "-q", ".")


def matching(names: set[str], patterns: str) -> set[str]:
    return {name for name in names if any(fnmatch(name, pattern) for pattern in patterns.split())}


SECOND = "pack_waves@* pretrain@* balance@* finetune@* export_similarity@*"
# What is changed, a module or a param; what must run again; what must not. Names as `dvc status` has them.
TABLE = [
    (
        "src/unisono/corpora/gtzan.py", "inventory@gtzan pack@gtzan export@gtzan evaluate@gtzan report",
        "*@catalogue *@jamendo *@magnatagatune evaluate@tags evaluate@playlists evaluate@retrieval",
    ),
    (
        "src/unisono/alignment/objective.py", "train@* export@* evaluate@gtzan evaluate@retrieval report",
        f"{SECOND} pack@* factorize@* genres@* export_untrained@* evaluate@autotagging baselines@*",
    ),
    (
        "loss.lambda_a2p",
        "train@* export@* map@* evaluate@tags evaluate@playlists evaluate@crossmodal evaluate@retrieval report",
        f"{SECOND} pack@* factorize@* genres@* untrained export_untrained@* evaluate@autotagging baselines@*",
    ),
    (
        "src/unisono/metric_learning/objective.py", "pretrain@* finetune@* export_similarity@* evaluate@autotagging",
        "pack@* pack_waves@* train@* export@* evaluate@gtzan evaluate@jamendo evaluate@playlists evaluate@tags",
    ),
    (
        "finetune.alpha",
        "finetune@* export_similarity@* evaluate@autotagging evaluate@retrieval similarity_space@* report",
        "pack@* pack_waves@* pretrain@* train@* export@* evaluate@gtzan evaluate@playlists evaluate@tags",
    ),
    ("src/unisono/modalities/warp/sequential.py", "factorize@* train@* export@*",
     f"{SECOND} pack@* genres@* export_untrained@*"),
    ("src/unisono/modalities/word2vec.py", "genres@* words@* artists@* train@* export@*",
     f"{SECOND} pack@* factorize@*"),
    ("genres.dim", "genres@* train@*", f"{SECOND} pack@* factorize@* words@* artists@*"),
    ("words.least", "words@* train@*", f"{SECOND} pack@* factorize@* genres@* artists@*"),
    ("train.genres_per_track", "train@*", "genres@*"),
    (
        "src/unisono/evaluation/tasks/genre_classification.py", "evaluate@gtzan baselines@gtzan report",
        f"{SECOND} pack@* train@* export@* evaluate@jamendo evaluate@tags evaluate@playlists evaluate@retrieval"
        " evaluate@autotagging baselines@tags baselines@retrieval",
    ),
    ("src/unisono/report/figures.py", "report", f"{SECOND} pack@* train@* export@* evaluate@* baselines@*"),
    ("waves.sample_rate", "pack_waves@* pretrain@*", "pack@* train@*"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "must", "must_not"), TABLE, ids=[row[0] for row in TABLE])
def test_a_change_reruns_what_it_must_and_nothing_that_it_must_not(
    kept: Project, following: dict[str, set[str]], change: str, must: str, must_not: str
) -> None:
    if change.endswith(".py"):
        file = kept.folder / change
        file.write_text(file.read_text() + "# a comment\n")
    else:
        section, key = change.split(".")
        params = yaml.safe_load(kept.read("params.yaml"))
        params[section][key] += 1
        (kept.folder / "params.yaml").write_text(yaml.safe_dump(params))
    first = changed(kept)
    found = first.union(*(following[name] for name in first))
    for pattern in must.split():
        assert matching(found, pattern), pattern
    assert not matching(found, must_not)


def test_a_new_corpus_runs_its_own_stages_alone(kept: Project) -> None:
    params = yaml.safe_load(kept.read("params.yaml"))
    params["corpora"]["mine"] = {"format": "folder", "root": "music"}
    params["systems"]["embed"].append("mine")
    (kept.folder / "params.yaml").write_text(yaml.safe_dump(params))
    stages = ("inventory", "pack", "split", "export", "export_untrained", "statistics")
    own = {"export_ridge@catalogue-mine", *(f"{stage}@mine" for stage in stages)}
    found = changed(kept)
    assert own <= found
    assert {name.split("@")[0] for name in found - own} <= {"evaluate", "report"}  # what there is to compare


def test_another_machine_reruns_nothing(kept: Project) -> None:
    params = yaml.safe_load(kept.read("params.yaml"))
    before = params["machine"]
    params["machine"] = {key: value + 1 if isinstance(value, int) else "cpu" for key, value in before.items()}
    assert all(params["machine"][key] != value for key, value in before.items())
    (kept.folder / "params.yaml").write_text(yaml.safe_dump(params))
    assert changed(kept) == set()
