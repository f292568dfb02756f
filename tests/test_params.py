"""params.yaml: every shipped file is whole, and mistakes are explained."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from unisono.errors import UserError
from unisono.params import load_params

REPO = Path(__file__).parents[1]
FILES = [REPO / "params.yaml", *(REPO / "params" / f"{name}.yaml" for name in ("melon", "folder", "magnatagatune"))]


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


def test_the_files_have_one_shape() -> None:
    """Corpora and tasks are what a user adds and removes; every other key is in all files."""
    optional = (*(f".corpora.{name}" for name in ("gtzan", "jamendo", "magnatagatune")), ".evaluation.")
    shapes = [keys(yaml.safe_load(file.read_text())) for file in FILES]
    everywhere = [{key for key in shape if not key.startswith(optional)} for shape in shapes]
    assert all(shape == everywhere[0] for shape in everywhere)
    assert all(shape <= shapes[0] for shape in shapes)


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
    assert p.loss.model_dump() == {
        "temperature": 0.1,
        "lambda_a2g": 1,
        "lambda_a2p": 1,
        "lambda_g2p": 1,
        "lambda_a2a": 0,
    }
    assert p.evaluation.gtzan is not None and p.evaluation.jamendo is not None and p.evaluation.playlists is not None
    assert p.evaluation.gtzan.probe.hidden == [256] and p.evaluation.jamendo.probe.hidden == [128, 64]
    assert p.evaluation.gtzan.repeats == p.evaluation.jamendo.repeats == 10 and p.evaluation.playlists.k == 100


@pytest.mark.parametrize(
    ("name", "corpus", "labels", "r", "alpha", "epochs"),
    [("magnatagatune", "catalogue", "tagged", 22.00, 1, 10000), ("melon", "jamendo", "top50", 18.95, 0.1, 1000)],
)
def test_the_second_paper_s_values(name: str, corpus: str, labels: str, r: float, alpha: float, epochs: int) -> None:
    p = load_params(REPO / f"params/{name}.yaml")
    similarity, pretrain, finetune = p.similarity, p.pretrain, p.finetune
    assert (similarity.corpus, similarity.labels, p.waves.sample_rate) == (corpus, labels, 22050)
    assert similarity.encoder.channels == [128, 128, 128, *[256] * 6, 512] and similarity.encoder.embedding_dim == 512
    assert (similarity.projection_dim, similarity.temperature) == (64, 0.5)
    assert (similarity.inception.n_mels, similarity.inception.embedding_dim) == (128, 256)
    assert (pretrain.batch_size, pretrain.learning_rate, pretrain.epochs) == (48, 3e-4, epochs)
    assert (finetune.batch_size, finetune.learning_rate, finetune.weight_decay) == (48, 1e-3, 1e-6)
    assert (finetune.epochs, finetune.patience, finetune.reduce_after) == (200, 10, 5)
    assert (finetune.r, finetune.alpha, finetune.label_fraction) == (r, alpha, 1)
    assert (finetune.augment, finetune.contrastive, finetune.load_pretrained) == (False, True, True)
    chances = ("polarity", "noise", "gain", "filter", "delay", "pitch", "reverb")
    assert [getattr(p.augmentation, name) for name in chances] == [0.8, 0.01, 0.3, 0.8, 0.3, 0.6, 0.6]
    assert p.augmentation.low_pass.model_dump() == {"low": 2200, "high": 4000}


def test_an_int_is_a_float_where_a_float_is_meant(tmp_path: Path) -> None:
    assert load_params(write(tmp_path, {"loss.lambda_a2p": 0})).loss.lambda_a2p == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss.lambda_a2x": 1}, "loss.lambda_a2x: unknown key; expected one of temperature, lambda_a2g"),
        ({"corpora.gtzan.path": "x"}, "corpora.gtzan.path: unknown key; expected one of format, root"),
        ({"evaluation.jamendo.probe.width": 3}, "probe.width: unknown key; expected one of hidden, epochs"),
        ({"lss": {}}, "lss: unknown key; expected one of sample, corpora"),
        (
            {"finetune.label_fraction": 0, "finetune.contrastive": False},
            "finetune: label_fraction is 0 and contrastive",
        ),
        ({"finetune.r": "automatic"}, "finetune.r"),
        ({"pretrain.epochs": 0}, "finetune.load_pretrained is true, but pretrain.epochs is 0"),
        ({"similarity.corpus": "mtat"}, "similarity.corpus is 'mtat', but corpora has only catalogue, gtzan"),
        ({"augmentation.low_pass": {"low": 9, "high": 1}}, "augmentation.low_pass: low is 9 and high is 1"),
        ({"augmentation.low_pass.hi": 9}, "augmentation.low_pass.hi: unknown key; expected one of low, high"),
        ({"train.seed": None}, "train.seed: missing"),
        ({"loss.temperature": -1}, r"loss.temperature: expected a number from 0.001 to 1,000 \(found -1\)"),
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
