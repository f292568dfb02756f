"""The model card: what dvc.lock records of the model, and nothing that it does not record."""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from dvc.repo import Repo
from huggingface_hub import ModelCard

import unisono
from unisono.alignment.encoder import build_audio_encoder
from unisono.encoders.saved import save_encoder
from unisono.errors import UserError
from unisono.metric_learning.build import build_encoder
from unisono.params import load_params
from unisono.sharing.card import model_card
from unisono.sharing.run import Record, clips_of, licence_of, project_of

REPO = Path(__file__).parents[2]
TRAINED, FINETUNED = "data/models/trained", "data/models/finetuned"
TASKS = ("gtzan", "jamendo", "playlists", "retrieval", "autotagging")
# The pipeline by its names, deps, params and outs; each stage copies what it would make.
PIPELINE = """
stages:
  pack:
    foreach: ${corpora}
    do:
      cmd: mkdir -p data/frames && cp -r made/data/frames/${key} data/frames/
      params: ["corpora.${key}", mel, pack]
      outs: ["data/frames/${key}"]
  train:
    foreach: ${systems.alignment}
    do:
      cmd: mkdir -p data/models && cp -r made/data/models/trained data/models/
      deps: ["data/frames/${item}", made/data/models/trained]
      params: [encoder, loss, train]
      outs: [data/models/trained]
  finetune:
    foreach: ${systems.metric_learning}
    do:
      cmd: mkdir -p data/models && cp -r made/data/models/finetuned data/models/
      params: [waves, similarity, finetune]
      outs: [data/models/finetuned]
  untrained:
    cmd: mkdir -p data/models && cp -r made/data/models/trained data/models/untrained
    outs: [data/models/untrained]
  export:
    foreach: ${corpora}
    do:
      cmd: mkdir -p data/embeddings/${key} && cp -r made/data/embeddings/${key}/trained data/embeddings/${key}/
      deps: [data/models/trained]
      outs: ["data/embeddings/${key}/trained"]
  export_similarity:
    foreach: ${systems.metric_learning}
    do:
      cmd: mkdir -p data/embeddings/${item} && cp -r made/data/embeddings/${item}/similarity data/embeddings/${item}/
      deps: [data/models/finetuned]
      outs: ["data/embeddings/${item}/similarity"]
  evaluate:
    foreach: ${evaluation}
    do:
      cmd: mkdir -p metrics/details/evaluate && cp made/evaluate/${key}.json metrics/details/evaluate/
      deps: ["data/frames/${item.corpus}", "data/embeddings/${item.corpus}/${item.model}"]
      params: ["evaluation.${key}"]
      outs: ["metrics/details/evaluate/${key}.json": {cache: false}]
  baselines:
    foreach: ${evaluation}
    do:
      cmd: mkdir -p metrics/details/baselines && cp made/baselines/${key}.json metrics/details/baselines/
      deps: ["data/frames/${item.corpus}"]
      outs: ["metrics/details/baselines/${key}.json": {cache: false}]
"""


def reproduce(project: Path, *targets: str, **how: bool) -> None:
    with Repo(str(project)) as repo, contextlib.chdir(project):
        repo.reproduce(list(targets) or None, **how)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that DVC has run and locked, with the repository's params and scores."""
    folder = tmp_path_factory.mktemp("project")
    raw = yaml.safe_load((REPO / "params.yaml").read_text())
    raw["evaluation"] = {name: raw["evaluation"][name] for name in TASKS}
    (folder / "params.yaml").write_text(yaml.safe_dump(raw))
    (folder / "dvc.yaml").write_text(PIPELINE)
    params = load_params(folder / "params.yaml")
    encoder = build_audio_encoder(params.encoder, params.train, params.mel)
    save_encoder(folder / "made" / TRAINED, encoder, params.mel.model_dump())
    save_encoder(folder / "made" / FINETUNED, build_encoder(params, seed=0), params.waves.model_dump())
    for corpus in raw["corpora"]:
        for made in (f"frames/{corpus}", f"embeddings/{corpus}/trained", f"embeddings/{corpus}/similarity"):
            (folder / "made/data" / made).mkdir(parents=True)
            (folder / "made/data" / made / "x").write_text(made)
    shutil.copytree(REPO / "metrics/details/evaluate", folder / "made/evaluate")
    shutil.copytree(REPO / "metrics/details/baselines", folder / "made/baselines")
    Repo.init(str(folder), no_scm=True).close()
    reproduce(folder)
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished, tmp_path / "project")
    return tmp_path / "project"


def change_params(project: Path, **sections: Any) -> None:
    params = yaml.safe_load((project / "params.yaml").read_text())
    for section, values in sections.items():
        params[section] |= values
    (project / "params.yaml").write_text(yaml.safe_dump(params))


def card_of(model: Path) -> str:
    record = Record(model)
    return model_card(unisono.load(model, device="cpu"), record.made, record.scores)


def rows_of(card: str) -> dict[tuple[str, str], list[str]]:
    """The table of scores: {(task, score): the other cells}."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in card.splitlines() if line[:2] == "| "]
    return {(cells[0].split(":")[0], cells[1]): cells[2:] for cells in lines[1:]}


def tasks_of(card: str) -> set[str]:
    return {task for task, _ in rows_of(card)}


def test_its_front_matter_is_what_the_hub_reads(project: Path) -> None:
    data = ModelCard(card_of(project / TRAINED)).data
    assert (data.license, data.library_name, data.pipeline_tag) == ("apache-2.0", "unisono", "feature-extraction")
    assert "music" in data.tags


@pytest.mark.parametrize(("folder", "row"), [(TRAINED, "trained"), (FINETUNED, "similarity")])
def test_its_scores_are_the_run_s_with_spread_n_and_chance(project: Path, folder: str, row: str) -> None:
    rows = rows_of(card_of(project / folder))
    expected = set()
    for name, task in load_params(project / "params.yaml").evaluation.items():
        evaluated, baselines = (
            json.loads((project / f"metrics/details/{stage}/{name}.json").read_text())
            for stage in ("evaluate", "baselines")
        )
        for column in evaluated["columns"]:
            score = evaluated["models"].get(row, {}).get(column["score"])
            if score is None or not column["headline"]:
                continue
            expected.add(key := (task.task.replace("_", " "), column["heading"]))
            own, chance, _, counts, n = rows[key]
            number = f"{{:.{column['digits']}f}}"
            parts = ("mean", "std") if score["n"] > 1 else ("mean",)
            assert own == " ±".join(number.format(score[part] * column["scale"]) for part in parts)
            assert chance.startswith(number.format(baselines["chance"][column["score"]]["mean"] * column["scale"]))
            assert n.split() == [str(score["n"]), "repeats" if column["over_repeats"] else "items"]
            labels = column["score"].split("roc_auc")[0] if "." in column["score"] else ""
            found = {key: value for key, value in evaluated["counts"][row].items() if key.startswith(labels) and value}
            assert counts == ", ".join(
                f"{n:,} {key.removeprefix(labels).replace('_', ' ')}" for key, n in found.items()
            )
    assert set(rows) == expected and len(expected) >= 4


def test_a_simulated_catalogue_s_model_says_so(project: Path) -> None:
    card = card_of(project / TRAINED)
    assert "# Audio encoder: Contr CF-G" in card
    assert "It learned from the corpus `catalogue`: simulated music, part of Unisono: Apache-2.0." in card
    assert "it has heard nothing but simulated music" in card
    assert "genre classification: gtzan (simulated)" in card
    assert "Melon Playlist Dataset" not in card


def test_its_params_are_those_that_made_it_whatever_they_are_now(project: Path) -> None:
    before = yaml.safe_load((project / "params.yaml").read_text())
    change_params(project, loss={"lambda_a2p": 0.5}, encoder={"hidden": 99})
    for folder, sections in (
        (TRAINED, {"mel", "pack", "encoder", "loss", "train"}),
        (FINETUNED, {"waves", "similarity", "finetune"}),
    ):
        card = card_of(project / folder)
        listed = yaml.safe_load(card.split("```yaml\n")[1].split("```")[0])
        assert set(listed) == sections, "and not where the music lies"
        assert listed == {section: before[section] for section in sections}


@pytest.mark.parametrize(
    ("corpus", "says"),
    [
        (
            {"format": "melon", "root": "/my/melon"},
            ["for non-profit research only", "Anything but non-profit research"],
        ),
        ({"format": "folder", "root": "/my/music"}, ["who alone knows the licences of its music"]),
        ({"format": "magnatagatune", "root": "/my/mtt"}, ["CC BY-NC-SA"]),
    ],
)
def test_a_licence_that_nobody_here_knows_is_called_unknown(
    project: Path, corpus: dict[str, str], says: list[str]
) -> None:
    change_params(project, corpora={"catalogue": corpus})
    reproduce(project, "train", "export", "evaluate")
    card = card_of(project / TRAINED)
    assert ModelCard(card).data.license == "unknown"
    assert all(sentence in card for sentence in [*says, "whoever shares them chooses it"])
    assert "simulated music" not in card and "/my/" not in card


def test_a_model_from_elsewhere_gets_no_params_and_no_scores(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / TRAINED, tmp_path / "elsewhere")
    card = card_of(tmp_path / "elsewhere")
    assert "None were measured" in card and "```yaml" not in card and "Contr CF-G" not in card
    assert ModelCard(card).data.license == "unknown" and "how it was made" in card


def test_a_model_that_was_put_there_has_neither_another_s_params_nor_its_scores(project: Path) -> None:
    params = load_params(project / "params.yaml")
    other = build_audio_encoder(params.encoder, params.train.model_copy(update={"seed": 1}), params.mel)
    shutil.rmtree(project / TRAINED)
    save_encoder(project / TRAINED, other, params.mel.model_dump())
    card = card_of(project / TRAINED)
    assert "None were measured" in card and "```yaml" not in card and ModelCard(card).data.license == "unknown"


def test_scores_of_the_model_before_this_one_are_not_its_own(project: Path) -> None:
    """Trained anew, and embedded and evaluated in part."""
    (project / "made" / TRAINED / "note").write_text("another model")
    reproduce(project, "train")
    assert tasks_of(card_of(project / TRAINED)) == set()
    (project / "made/data/embeddings/gtzan/trained/x").write_text("its embeddings")
    reproduce(project, "export@gtzan", force=True, single_item=True)
    assert tasks_of(card_of(project / TRAINED)) == set()
    reproduce(project, "evaluate@gtzan")
    assert tasks_of(card_of(project / TRAINED)) == {"genre classification"}
    assert "Contr CF-G" in card_of(project / TRAINED)


def test_scores_of_embeddings_that_were_put_back_are_not_told(project: Path) -> None:
    """Retrieval reads the folder of all models' embeddings."""
    (project / "made" / TRAINED / "note").write_text("another model")
    (project / "made/data/embeddings/magnatagatune/trained/x").write_text("its embeddings")
    reproduce(project, "export@magnatagatune")
    (project / "data/embeddings/magnatagatune/trained/x").write_text("embeddings/magnatagatune/trained")
    assert tasks_of(card_of(project / TRAINED)) == set()


def test_scores_that_were_changed_since_are_not_told(project: Path) -> None:
    file = project / "metrics/details/evaluate/gtzan.json"
    file.write_text(file.read_text().replace('"mean": 0.', '"mean": 0.9'))
    (project / "data/embeddings/magnatagatune/trained/x").write_text("other embeddings, of which retrieval reads all")
    assert tasks_of(card_of(project / TRAINED)) == {"tagging", "playlist continuation"}


def test_chance_on_other_tracks_is_not_told(project: Path) -> None:
    (project / "made/data/frames/gtzan/x").write_text("more tracks")
    reproduce(project, "pack@gtzan", force=True, single_item=True)
    reproduce(project, "evaluate@gtzan", single_item=True)
    rows = rows_of(card_of(project / TRAINED))
    assert rows["genre classification", "accuracy, %"][1:3] == ["-", "-"]
    assert rows["playlist continuation", "nDCG@100"][1] != "-"


def test_a_task_that_was_left_out_has_no_row(project: Path) -> None:
    (project / "made/evaluate/playlists.json").write_text('{"left_out": "no playlists"}')
    reproduce(project, "evaluate@playlists", force=True, single_item=True)
    assert tasks_of(card_of(project / TRAINED)) == {"genre classification", "tagging", "retrieval"}


def test_imported_weights_are_described_by_where_they_came_from(project: Path) -> None:
    params = load_params(project / "params.yaml")
    origin = {"source": "a checkpoint", "file": "audio_encoder.pt", "sha256": "ab" * 32}
    shutil.rmtree(project / TRAINED)
    encoder = build_audio_encoder(params.encoder, params.train, params.mel)
    save_encoder(project / TRAINED, encoder, params.mel.model_dump(), origin)
    card = card_of(project / TRAINED)
    assert f"Imported from `audio_encoder.pt` (sha256 {'ab' * 32}), a checkpoint" in card
    assert "input layout `bands-first`" in card and "```yaml" not in card


def test_an_untrained_encoder_learned_from_nothing(project: Path) -> None:
    card = card_of(project / "data/models/untrained")
    assert "None were measured" in card and "```yaml" not in card and "Not known" in card


def test_a_damaged_lock_is_named(project: Path) -> None:
    (project / "dvc.lock").write_text("schema: '2.0'\n")
    with pytest.raises(UserError, match=r"dvc\.lock: damaged"):
        Record(project / TRAINED)


def test_the_clips_of_a_project_are_the_audio_that_it_packed(project: Path) -> None:
    for corpus, sources in (("gtzan", ["blues/a.wav", "rock/b.wav"]), ("catalogue", ["arena_mel_0.tar!0/0.npy"])):
        table = pd.DataFrame({"track_id": sources, "source": sources})
        table.to_parquet(project / "data/frames" / corpus / "tracks.parquet")
    root = project / "data/raw/sample/gtzan"
    assert list(clips_of(project)) == [root / "blues/a.wav", root / "rock/b.wav"]


def test_a_folder_without_a_pipeline_has_no_record(tmp_path: Path) -> None:
    (tmp_path / TRAINED).mkdir(parents=True)
    record = Record(tmp_path / TRAINED)
    assert (record.made, record.scores, project_of(tmp_path / TRAINED)) == (None, [], None)
    assert licence_of(None) == "unknown"
