"""The model card: what the run says, and nothing that it does not say."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from huggingface_hub import ModelCard

import unisono
from unisono.alignment.encoder import build_audio_encoder
from unisono.encoders.saved import save_encoder
from unisono.metric_learning.build import build_encoder
from unisono.params import load_params
from unisono.sharing.card import model_card
from unisono.sharing.run import clips_of, licence_of, project_of, read_run

REPO = Path(__file__).parents[2]
TRAINED, FINETUNED = Path("data/models/trained"), Path("data/models/finetuned")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The repository's params and metrics, and encoders that its params describe."""
    shutil.copy(REPO / "params.yaml", tmp_path / "params.yaml")
    shutil.copytree(REPO / "metrics/details", tmp_path / "metrics/details")
    save_models(tmp_path)
    return tmp_path


def save_models(project: Path) -> None:
    params = load_params(project / "params.yaml")
    encoder = build_audio_encoder(params.encoder, params.train, params.mel)
    save_encoder(project / TRAINED, encoder, params.mel.model_dump())
    save_encoder(project / FINETUNED, build_encoder(params, seed=0), params.waves.model_dump())


def change_params(project: Path, **sections: Any) -> None:
    params = yaml.safe_load((project / "params.yaml").read_text())
    for section, values in sections.items():
        params[section] |= values
    (project / "params.yaml").write_text(yaml.safe_dump(params))


def card_of(project: Path, folder: Path) -> str:
    run = read_run(project / folder)
    return model_card(unisono.load(project / folder, device="cpu"), run)


def rows_of(card: str) -> dict[tuple[str, str], list[str]]:
    """The table of scores: {(task, score): the other cells}."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in card.splitlines() if line[:2] == "| "]
    return {(cells[0].split(":")[0], cells[1]): cells[2:] for cells in lines[1:]}


def test_its_front_matter_is_what_the_hub_reads(project: Path) -> None:
    data = ModelCard(card_of(project, TRAINED)).data
    assert (data.license, data.library_name, data.pipeline_tag) == ("apache-2.0", "unisono", "feature-extraction")
    assert "music" in data.tags


@pytest.mark.parametrize(("folder", "row"), [(TRAINED, "trained"), (FINETUNED, "similarity")])
def test_its_scores_are_the_run_s_with_spread_n_and_chance(project: Path, folder: Path, row: str) -> None:
    rows = rows_of(card_of(project, folder))
    expected = 0
    for name, task in load_params(project / "params.yaml").evaluation.items():
        evaluated, baselines = (
            json.loads((project / f"metrics/details/{stage}/{name}.json").read_text())
            for stage in ("evaluate", "baselines")
        )
        for column in evaluated["columns"]:
            key = (task.task.replace("_", " "), column["heading"])
            score = evaluated["models"].get(row, {}).get(column["score"])
            if score is None or not column["headline"]:
                continue
            own, chance, _, counts, n = rows[key]
            number = f"{{:.{column['digits']}f}}"
            parts = ("mean", "std") if score["n"] > 1 else ("mean",)
            assert own == " ±".join(number.format(score[part] * column["scale"]) for part in parts)
            assert chance.startswith(number.format(baselines["chance"][column["score"]]["mean"] * column["scale"]))
            assert n.split() == [str(score["n"]), "repeats" if column["over_repeats"] else "items"]
            assert all(f"{value:,} " in counts for value in evaluated["counts"][row].values() if value)
            expected += 1
    assert expected >= 4


def test_a_simulated_catalogue_s_model_says_so(project: Path) -> None:
    card = card_of(project, TRAINED)
    assert "# Audio encoder: Contr CF-G" in card
    assert "It learned from `catalogue` (format melon): simulated music, part of Unisono: Apache-2.0." in card
    assert "it has heard nothing but simulated music" in card
    assert "genre classification: gtzan (simulated, in the format of gtzan)" in card
    assert "Melon Playlist Dataset" not in card


def test_its_params_are_those_that_made_it_without_where_the_music_lies(project: Path) -> None:
    for folder, sections in ((TRAINED, {"mel", "encoder", "loss", "train"}), (FINETUNED, {"waves", "finetune"})):
        card = card_of(project, folder)
        listed = yaml.safe_load(card.split("```yaml\n")[1].split("```")[0])
        params = yaml.safe_load((project / "params.yaml").read_text())
        assert sections <= set(listed) and "corpora" not in listed and "data/raw" not in card
        for section, values in listed.items():
            assert values == params[section]


@pytest.mark.parametrize(
    ("corpus", "says"),
    [
        (
            {"format": "melon", "root": "/data/melon"},
            ["for non-profit research only", "Anything but non-profit research"],
        ),
        ({"format": "folder", "root": "/data/mine"}, ["who alone knows the licences of its music"]),
        ({"format": "magnatagatune", "root": "/data/mtt"}, ["CC BY-NC-SA"]),
    ],
)
def test_a_licence_that_nobody_here_knows_is_called_unknown(
    project: Path, corpus: dict[str, str], says: list[str]
) -> None:
    change_params(project, corpora={"catalogue": corpus})
    card = card_of(project, TRAINED)
    assert ModelCard(card).data.license == "unknown"
    assert all(sentence in card for sentence in [*says, "whoever shares them chooses it"])
    assert "simulated music" not in card and corpus["root"] not in card


def test_a_model_from_elsewhere_gets_no_params_and_no_scores(project: Path) -> None:
    shutil.copytree(project / TRAINED, project / "elsewhere")
    card = card_of(project, Path("elsewhere"))
    assert "None were measured" in card and "```yaml" not in card and "Contr CF-G" not in card
    assert ModelCard(card).data.license == "unknown"


@pytest.mark.parametrize("change", [{"encoder": {"hidden": 99}}, {"systems": {"alignment": []}}])
def test_a_model_that_the_params_do_not_describe_keeps_its_scores_alone(project: Path, change: dict[str, Any]) -> None:
    change_params(project, **change)
    card = card_of(project, TRAINED)
    assert rows_of(card) and "Not known" in card and "```yaml" not in card and "Contr CF-G" not in card


def test_imported_weights_are_described_by_where_they_came_from(project: Path) -> None:
    params = load_params(project / "params.yaml")
    origin = {"source": "a checkpoint", "file": "audio_encoder.pt", "sha256": "ab" * 32}
    encoder = build_audio_encoder(params.encoder, params.train, params.mel)
    save_encoder(project / TRAINED, encoder, params.mel.model_dump(), origin)
    card = card_of(project, TRAINED)
    assert f"Imported from `audio_encoder.pt` (sha256 {'ab' * 32}), a checkpoint" in card
    assert "input layout `bands-first`" in card and "```yaml" not in card


def test_a_task_that_was_left_out_has_no_row(project: Path) -> None:
    (project / "metrics/details/evaluate/playlists.json").write_text('{"left_out": "no playlists"}')
    (project / "metrics/details/evaluate/gtzan.json").unlink()
    tasks = {task for task, _ in rows_of(card_of(project, TRAINED))}
    assert tasks == {"tagging", "retrieval"}


def test_a_folder_without_a_pipeline_has_no_run(tmp_path: Path) -> None:
    params = load_params(REPO / "params.yaml")
    save_encoder(tmp_path / TRAINED, build_encoder(params, seed=0), params.waves.model_dump())
    assert read_run(tmp_path / TRAINED) is None and project_of(tmp_path / TRAINED) is None
    assert licence_of(None) == "unknown"


def test_the_clips_of_a_project_are_the_audio_that_it_packed(project: Path) -> None:
    frames = project / "data/frames"
    for corpus, sources in (("gtzan", ["blues/a.wav", "rock/b.wav"]), ("catalogue", ["arena_mel_0.tar!0/0.npy"])):
        (frames / corpus).mkdir(parents=True)
        pd.DataFrame({"track_id": sources, "source": sources}).to_parquet(frames / corpus / "tracks.parquet")
    root = project / "data/raw/sample/gtzan"
    assert list(clips_of(project)) == [root / "blues/a.wav", root / "rock/b.wav"]
