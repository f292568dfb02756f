"""`unisono embed` and `unisono tag`, as a shell runs them."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from tqdm import tqdm

import unisono
from unisono.artifacts.vectors import save_vectors
from unisono.cli.app import main
from unisono.embeddings.layout import layout
from unisono.encoders.sample_cnn import SampleCNN
from unisono.encoders.saved import save_encoder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with both systems' models where the pipeline leaves them, and some music."""
    torch.manual_seed(0)
    encoder = SampleCNN([4, 4, 4, 8, 8, 8, 8, 8], 6)
    for name in ("trained", "finetuned"):
        save_encoder(tmp_path / "data/models" / name, encoder, {"sample_rate": 4000})
    head_TD = np.random.default_rng(0).normal(size=(3, 6))
    save_vectors(tmp_path / "data/models/finetuned/tag_head", ["slow", "loud", "jazz"], head_TD)
    (tmp_path / "music").mkdir()
    for number in range(3):
        noise = np.random.default_rng(number).normal(0, 0.1, (16000 * 4, 2))
        soundfile.write(tmp_path / "music" / f"{number}.ogg", noise, 16000)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["unisono", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_embed_writes_what_the_model_says(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "embed", "music", "-o", "out.parquet") == 0
    table = pd.read_parquet("out.parquet")
    assert list(table["path"]) == ["music/0.ogg", "music/1.ogg", "music/2.ogg"]
    vectors_ND = unisono.load("data/models/trained").embed(list(table["path"]))
    np.testing.assert_array_equal(np.stack(table["vector"]), vectors_ND)
    assert (
        run(monkeypatch, "embed", "music/0.ogg", "-o", "w.parquet", "--windows", "--model", "data/models/finetuned")
        == 0
    )
    assert len(pd.read_parquet("w.parquet")) == 4 * 4000 // 3**8


def test_embed_with_a_map_has_the_places_of_the_map(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "embed", "music", "-o", "out.parquet", "--windows", "--map") == 0
    table = pd.read_parquet("out.parquet")
    np.testing.assert_array_equal(table[["x", "y"]], layout(np.stack(table["vector"])))
    assert table[["x", "y"]].abs().to_numpy().max() == 1


def test_embed_names_what_it_skips_and_ends_with_1(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("music/1.ogg").write_text("no audio")
    Path("list.m3u8").write_text("music/0.ogg\nnone.mp3\nmusic/1.ogg\n")
    assert run(monkeypatch, "embed", "list.m3u8", "-o", "new/out.parquet") == 1
    said = capsys.readouterr().err
    assert f"{project}/none.mp3: skipped: missing file\n" in said
    assert f"{project}/music/1.ogg: skipped: undecodable audio\n" in said
    assert said.endswith("2 of 3 files were skipped\n")
    assert len(pd.read_parquet("new/out.parquet")) == 1


def test_embed_goes_on_after_ctrl_c(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(line: str, file: object) -> None:
        raise KeyboardInterrupt

    Path("music/2.ogg").write_text("no audio")
    with monkeypatch.context() as patch:
        patch.setattr(tqdm, "write", interrupted)
        assert run(monkeypatch, "embed", "music", "-o", "out.parquet") == 130
    assert "out.parquet is not finished; the same command goes on from here" in capsys.readouterr().err
    assert not Path("out.parquet").exists()
    assert run(monkeypatch, "embed", "music", "-o", "out.parquet") == 1
    assert len(pd.read_parquet("out.parquet")) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["music", "-o", "out.csv"], "error: out.csv: is to be a Parquet file; call it out.parquet"),
        (["music", "-o", "old.parquet"], "error: old.parquet: exists, and is not overwritten"),
        (["data", "-o", "out.parquet"], "error: data: no audio there"),
        (["music", "-o", "out.parquet", "--model", "none"], "error: none: no encoder.safetensors and no config.json"),
    ],
)
def test_a_mistake_is_a_sentence(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    Path("old.parquet").touch()
    assert run(monkeypatch, "embed", *arguments) == 1
    found = capsys.readouterr().err
    assert found.startswith(said) and found.count("\n") == 1
    assert not Path("out.parquet").exists() and Path("old.parquet").read_bytes() == b""


def test_tag_names_the_most_probable_tags(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "tag", "music", "-k", "2", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    model = unisono.load("data/models/finetuned")
    expected = []
    for number in range(3):
        tags = model.tags_of(model.embed_windows(f"music/{number}.ogg")[0])[:2]
        expected += [{"path": f"music/{number}.ogg", "tag": tag, "probability": p} for tag, p in tags.items()]
    for row, wanted in zip(found, expected, strict=True):
        assert row == {**wanted, "probability": pytest.approx(wanted["probability"], abs=1e-5)}
    Path("music/1.ogg").unlink()
    assert run(monkeypatch, "tag", "music/0.ogg", "music/1.ogg") == 1
    output = capsys.readouterr()
    assert output.out.splitlines()[0] == "path\ttag\tprobability" and len(output.out.splitlines()) == 4
    assert output.err.endswith("music/1.ogg: skipped: missing file\n1 of 2 files were skipped\n")
    assert run(monkeypatch, "tag", "music", "--model", "data/models/trained") == 1
    assert "data/models/trained: has no tag_head" in capsys.readouterr().err
