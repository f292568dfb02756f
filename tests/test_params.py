"""params.yaml: every shipped file is whole, and mistakes are explained."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from unisono.errors import UserError
from unisono.params import load_params

REPO = Path(__file__).parents[1]
FILES = [REPO / "params.yaml", REPO / "params/melon.yaml", REPO / "params/folder.yaml"]


def keys(value: Any, prefix: str = "") -> set[str]:
    if not isinstance(value, dict):
        return {prefix}
    return {key for name, child in value.items() for key in keys(child, f"{prefix}.{name}")}


def write(tmp_path: Path, change: dict[str, Any]) -> Path:
    raw = yaml.safe_load(FILES[0].read_text())
    for key, value in change.items():
        *path, last = key.split(".")
        room = raw
        for part in path:
            room = room[part]
        if value is None:
            del room[last]
        else:
            room[last] = value
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(raw))
    return file


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_shipped_params_are_valid(file: Path) -> None:
    assert load_params(file).evaluation.tasks()


def test_the_three_files_have_one_shape() -> None:
    """Corpora and tasks are what a user adds and removes; every other key is in all three files."""
    sample, melon, folder = (keys(yaml.safe_load(file.read_text())) for file in FILES)
    assert sample == melon
    optional = (".corpora.gtzan", ".corpora.jamendo", ".evaluation.gtzan", ".evaluation.jamendo")
    assert folder == {key for key in sample if not key.startswith(optional)}


def test_melon_holds_the_paper_s_values() -> None:
    p = load_params(REPO / "params/melon.yaml")
    assert (p.cf.model, p.cf.dim, p.cf.epochs, p.cf.max_sampled, p.cf.learning_rate) == ("warp", 300, 50, 40, 0.05)
    assert (p.genres.dim, p.genres.max_per_track, p.encoder.genre_heads) == (200, 10, 4)
    assert p.encoder.channels == [128, 128, 256, 256, 256, 256, 512]
    assert (p.encoder.hidden, p.encoder.embedding_dim, p.encoder.dropout) == (512, 128, 0.5)
    assert (p.train.crop_frames, p.train.batch_size, p.train.learning_rate, p.train.weight_decay) == (
        256,
        128,
        1e-4,
        1e-4,
    )
    assert p.loss.model_dump() == {"temperature": 0.1, "lambda_a2g": 1, "lambda_a2p": 1, "lambda_g2p": 1}
    assert p.evaluation.gtzan is not None and p.evaluation.jamendo is not None and p.evaluation.playlists is not None
    assert p.evaluation.gtzan.probe.hidden == [256] and p.evaluation.jamendo.probe.hidden == [128, 64]
    assert p.evaluation.gtzan.repeats == p.evaluation.jamendo.repeats == 10 and p.evaluation.playlists.k == 100


def test_an_int_is_a_float_where_a_float_is_meant(tmp_path: Path) -> None:
    assert load_params(write(tmp_path, {"loss.lambda_a2p": 0})).loss.lambda_a2p == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss.lambda_a2x": 1}, "loss.lambda_a2x: unknown key; expected one of temperature, lambda_a2g"),
        ({"corpora.gtzan.path": "x"}, "corpora.gtzan.path: unknown key; expected one of format, root"),
        ({"evaluation.jamendo.probe.width": 3}, "probe.width: unknown key; expected one of hidden, epochs"),
        ({"lss": {}}, "lss: unknown key; expected one of sample, corpora"),
        ({"train.seed": None}, "train.seed: missing"),
        ({"loss.temperature": -1}, r"loss.temperature: Input should be greater than 0 \(found -1\)"),
        ({"split.test": 0.95}, "split: validation \\+ test is 1.05, which leaves nothing to train on"),
        ({"corpora.catalogue": None}, "corpora.catalogue is missing"),
        ({"corpora.gtzan": None}, "evaluation.gtzan.corpus is 'gtzan', but corpora has only catalogue, jamendo"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_params(write(tmp_path, change))


def test_a_missing_or_broken_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file; run from the repository root"):
        load_params(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [1")
    with pytest.raises(UserError, match="not valid YAML"):
        load_params(tmp_path / "params.yaml")
