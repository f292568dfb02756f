"""params.yaml: every shipped file is whole, and mistakes are explained."""

import itertools
import math
import os
import re
import warnings
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import numpy as np
import pytest
import torch
import yaml
from annoy import AnnoyIndex
from pydantic import BaseModel
from torchaudio.functional import melscale_fbanks

from unisono.errors import UserError
from unisono.modalities.registry import MODALITIES
from unisono.params import Params, load_params
from unisono.params.evaluation import GenreClassification, PlaylistContinuation, Tagging
from unisono.params.mels import HTK, SLANEY, refuse_empty_bands
from unisono.params.section import Between
from unisono.report.models import SIX_MODELS

REPO = Path(__file__).parents[2]
FILES = [
    REPO / "params.yaml",
    *(REPO / "params" / f"{name}.yaml" for name in ("melon", "folder", "magnatagatune", "pretrain", "vectors")),
]


def keys(value: Any, prefix: str = "") -> set[str]:
    if not isinstance(value, dict):
        return {prefix}
    return {key for name, child in value.items() for key in keys(child, f"{prefix}.{name}")}


def write(tmp_path: Path, change: dict[str, Any]) -> Path:
    raw = yaml.safe_load(FILES[0].read_text())
    for key, value in change.items():
        *path, last = key.split(".")
        section = raw
        for part in path:
            section = section[part]
        if value is None:
            del section[last]
        else:
            section[last] = value
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(raw))
    return file


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_shipped_params_are_valid(file: Path) -> None:
    assert load_params(file).evaluation


def test_the_files_have_one_shape() -> None:
    """Corpora and tasks are what a user adds and removes; every other key is in all files, but for the simulation's
    and what an encoder of vectors does not have."""
    corpora = (f".corpora.{name}" for name in ("gtzan", "jamendo", "magnatagatune"))
    optional = (*corpora, ".evaluation.", ".sample.", ".encoder.channels")
    shapes = [keys(yaml.safe_load(file.read_text())) for file in FILES]
    everywhere = [{key for key in shape if not key.startswith(optional)} for shape in shapes]
    assert all(shape == everywhere[0] for shape in everywhere)
    without_tasks = [{key for key in shape if not key.startswith(".evaluation.")} for shape in shapes]
    assert all(shape <= without_tasks[0] for shape in without_tasks)


def test_melon_holds_the_paper_s_values() -> None:
    p = load_params(REPO / "params/melon.yaml")
    assert (p.cf.model, p.cf.dim, p.cf.epochs, p.cf.max_sampled, p.cf.learning_rate) == ("warp", 300, 50, 40, 0.05)
    assert (p.genres.dim, p.train.genres_per_track, p.encoder.genre_heads) == (200, 10, 4)
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
        "lambda_a2t": 0,
        "lambda_g2t": 0,
        "lambda_p2t": 0,
        "lambda_a2r": 0,
    }
    gtzan, jamendo, playlists = (p.evaluation[name] for name in ("gtzan", "jamendo", "playlists"))
    assert isinstance(gtzan, GenreClassification) and isinstance(jamendo, Tagging)
    assert gtzan.probe.hidden == [256] and jamendo.probe.hidden == [128, 64] and gtzan.repeats == jamendo.repeats == 10
    assert jamendo.labels == ["genre", "mood", "instrument"]
    assert isinstance(playlists, PlaylistContinuation) and playlists.k == 100


@pytest.mark.parametrize(
    ("name", "corpus", "labels", "r", "alpha", "epochs"),
    [("magnatagatune", "catalogue", "tagged", 22.00, 1, 10000), ("melon", "jamendo", "top50", 18.95, 0.1, 1000)],
)
def test_the_second_paper_s_values(name: str, corpus: str, labels: str, r: float, alpha: float, epochs: int) -> None:
    p = load_params(REPO / f"params/{name}.yaml")
    similarity, pretrain, finetune = p.similarity, p.pretrain, p.finetune
    assert (p.systems.metric_learning, similarity.labels, p.waves.sample_rate) == ([corpus], labels, 22050)
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
        (
            {"evaluation.jamendo.probe.width": 3},
            "evaluation.jamendo.probe.width: unknown key; expected one of hidden, epochs",
        ),
        (
            {"evaluation.autotagging.seed": 3},
            "evaluation.autotagging.seed: unknown key; expected one of task, corpus, model, labels",
        ),
        (
            {"evaluation.tags.task": "genres"},
            r"evaluation.tags.task: expected a kind of task, one of genre_classification, .* \(found 'genres'\)",
        ),
        ({"evaluation.tags.task": None}, "evaluation.tags.task: expected a kind of task, one of genre_classification"),
        ({"evaluation.tags": 5}, r"evaluation.tags: expected a section of keys \(found 5\)"),
        ({"evaluation": []}, "evaluation: expected a section of keys"),
        (
            {"evaluation.tags.model": "untrained"},
            "evaluation.tags.model: Input should be 'trained', 'similarity' or ''",
        ),
        ({"evaluation.autotagging.model": ""}, "evaluation.autotagging.model: Input should be 'similarity'"),
        ({"lss": {}}, "lss: unknown key; expected one of systems, threads, precision, machine, sample, corpora"),
        (
            {"finetune.label_fraction": 0, "finetune.contrastive": False},
            "finetune: label_fraction is 0 and contrastive",
        ),
        ({"finetune.r": "automatic"}, "finetune.r"),
        ({"pretrain.epochs": 0}, "finetune.load_pretrained is true, but pretrain.epochs is 0"),
        ({"systems.metric_learning": ["mtat"]}, "systems.metric_learning has 'mtat', but corpora has only catalogue"),
        ({"systems.alignment": ["catalogue", "gtzan"]}, "systems.alignment: has 2 entries, expected 0 to 1"),
        (
            {"systems.metric_learning": []},
            "evaluation.autotagging asks for embeddings of magnatagatune .model 'similarity'., but"
            " systems.metric_learning has none made",
        ),
        ({"systems.embed": ["catalogue"]}, "evaluation.gtzan asks for embeddings of gtzan .* systems.embed has none"),
        ({"evaluation": {}}, "evaluation has no task; keep one"),
        ({"sample": {"corpora": ["melon"]}}, "sample: seed, songs, playlists, .* missing"),
        ({"augmentation.low_pass": {"low": 9, "high": 1}}, "augmentation.low_pass: low is 9 and high is 1"),
        ({"augmentation.low_pass.hi": 9}, "augmentation.low_pass.hi: unknown key; expected one of low, high"),
        ({"train.seed": None}, "train.seed: missing"),
        ({"loss.temperature": -1}, r"loss.temperature: expected a number from 0.001 to 1,000 \(found -1\)"),
        ({"split.test": 0.95}, "split: validation \\+ test is 1.05, which leaves nothing to train on"),
        ({"split.folds": 1}, "split: validation \\+ 1 / folds is 1.1, which leaves nothing to train on"),
        ({"split.folds": 5, "split.fold": 5}, "split: fold is 5 and folds is 5; expected a fold below folds"),
        ({"split.fold": 1}, "split: fold is 1 and folds is 0; expected a fold below folds, or 0 and 0"),
        ({"split.by": "time", "split.folds": 5}, "split: by is time and folds is 5; time has one end: set folds to 0"),
        ({"cf.model": "bpr", "cf.count_power": 0.5}, "cf: count_power is 0.5, but model bpr knows no weights; set it"),
        ({"corpora.catalogue": None}, "systems.alignment has 'catalogue', but corpora has only gtzan"),
        ({"corpora.gtzan": None}, "systems.embed has 'gtzan', but corpora has only catalogue, jamendo"),
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


def numbers(annotation: Any, metadata: list[Any], key: str) -> dict[str, bool]:
    """Every number below a field, and whether it has a range."""
    if get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = [*metadata, *more]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        sections = annotation.model_fields.items()
        return {
            k: v
            for name, field in sections
            for k, v in numbers(field.annotation, field.metadata, f"{key}.{name}").items()
        }
    if annotation in (int, float):
        return {key: any(isinstance(m, Between) for m in metadata)}
    return {k: v for argument in get_args(annotation) for k, v in numbers(argument, metadata, key).items()}


def test_every_number_has_a_range() -> None:
    found = numbers(Params, [], "")
    assert len(found) > 80 and [key for key, ranged in found.items() if not ranged] == []


def test_the_largest_seed_is_one_that_every_library_takes() -> None:
    seed, repeats, epochs = 2**31 - 1, 1000, 1_000_000
    AnnoyIndex(2, "angular").set_seed(seed)
    with pytest.raises(OverflowError):
        AnnoyIndex(2, "angular").set_seed(seed + 1)
    np.random.RandomState(seed + repeats)
    torch.Generator().manual_seed(seed * 1_000_003 + epochs)


@pytest.mark.parametrize("scale", ["slaney", "htk"])
def test_bands_that_hear_nothing_are_those_of_torchaudio(scale: str) -> None:
    ours = {"slaney": SLANEY, "htk": HTK}[scale]
    silent = 0
    for rate, n_fft, n_mels in itertools.product(
        (1000, 7350, 8001, 16000, 44100), (511, 512, 2048), (32, 48, 80, 128, 256)
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bank = melscale_fbanks(n_fft // 2 + 1, 0.0, rate / 2, n_mels, rate, "slaney", scale)
        expected = int((bank.max(dim=0).values == 0).sum())
        silent += expected > 0
        if expected:
            with pytest.raises(ValueError, match=f"too coarse for {expected} of the bands"):
                refuse_empty_bands(ours, rate, n_fft, n_mels)
        else:
            refuse_empty_bands(ours, rate, n_fft, n_mels)
    assert 5 < silent < 70


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train.seed": -1}, "train.seed: expected a whole number from 0 to 2,147,483,647 (found -1)"),
        ({"evaluation.playlists.seed": 2**31}, "evaluation.playlists.seed: expected a whole number from 0 to"),
        ({"train.seed": True}, "train.seed: expected a whole number from 0 to 2,147,483,647 (found True)"),
        ({"loss.temperature": math.inf}, "loss.temperature: expected a number from 0.001 to 1,000 (found inf)"),
        ({"similarity.temperature": 1e-30}, "similarity.temperature: expected a number from 0.001 to 1,000"),
        ({"loss.lambda_a2p": math.nan}, "loss.lambda_a2p: expected a number from 0 to 1,000 (found nan)"),
        ({"train.learning_rate": 1e9}, "train.learning_rate: expected a number from 1e-09 to 10 (found 1000000000.0)"),
        ({"train.crop_frames": 1_000_000}, "train.crop_frames: expected a whole number from 1 to 8,192"),
        ({"train.crop_frames": 127}, "train.crop_frames is 127, expected 128 to 8,192: the encoder's pooling leaves"),
        ({"evaluation.playlists.k": 10**9}, "evaluation.playlists.k: expected a whole number from 1 to 1,000"),
        ({"evaluation.retrieval.recall_at": []}, "recall_at: has 0 entries, expected 1 to 100: the K of the scores"),
        ({"evaluation.retrieval.precision_at": [4, 4]}, "precision_at: has an entry more than once"),
        ({"evaluation.retrieval.recall_at": [0]}, "recall_at.0: expected a whole number from 1 to 1,000 (found 0)"),
        ({"report.tag_pair": ["rock", "rock"]}, "tag_pair: has an entry more than once, expected different ones"),
        ({"encoder.channels": [8] * 6}, "encoder.channels: has 6 entries, expected 7: the output channels of each"),
        ({"similarity.encoder.channels": [8] * 13}, "similarity.encoder.channels: has 13 entries, expected 5 to 12"),
        ({"mel.n_mels": 500}, "mel: n_mels is 500, but an n_fft of 512 at 16000 Hz is too coarse for 154 of the"),
        ({"mel.hop_length": 600}, "mel: hop_length is 600 and n_fft is 512, so samples between two frames would be"),
        ({"waves.sample_rate": 1}, "waves.sample_rate: expected a whole number from 1,000 to 192,000 (found 1)"),
        (
            {"similarity.encoder.kind": "inception", "similarity.inception.n_mels": 200},
            "similarity.inception: n_mels is 200, but an n_fft of 512 at 7350 Hz is too coarse",
        ),
        ({"similarity.inception.channels": 6}, "similarity.inception: channels is 6, expected a multiple of 4"),
        ({"similarity.inception.hop_length": 2}, "similarity.inception: n_fft is 512, expected less than twice the"),
        ({"augmentation.gain_range": {"low": -6, "high": 900}}, "augmentation: gain_range is -6 to 900 dB, expected"),
        ({"finetune.r": "automatic"}, "finetune.r: expected a number from 0.001 to 1,000 or auto (found 'automatic')"),
        ({"pack.max_frames": 0}, "pack.max_frames: expected a whole number from 1 to 100,000,000 or null (found 0)"),
        ({"split.validation": 0}, "split: validation is 0, which leaves nothing for it"),
        ({"corpora.gtzan.root": ""}, "corpora.gtzan.root: expected the path of a folder (found '')"),
        ({"evaluation.a/b": {"task": "retrieval"}}, "evaluation.a/b.[key]: expected letters, digits, _ and -"),
        ({"evaluation.tags.labels": []}, "evaluation.tags.labels: has 0 entries, expected 1 to 100: sets of labels"),
        ({"corpora.a b": {"format": "gtzan", "root": "x"}}, "corpora.a b.[key]: expected letters, digits, _ and -"),
        ({"mel": 5}, "mel: expected a section of keys (found 5)"),
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_refused_with_the_range(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        load_params(write(tmp_path, change))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mel: {n_fft: 1, n_fft: 2}", "not valid YAML at line 1, column 17: the key n_fft occurs twice in its section"),
        ("mel: {}\nmel: {}\n", "not valid YAML at line 2, column 1: the key mel occurs twice"),
        ("mel:\n\tn_fft: 1\n", r"not valid YAML at line 2, column 1: found character '\\t'"),
        ("mel: !!python/object/apply:os.getcwd []", "not valid YAML: tags such as .*os.getcwd are not read"),
        ("mel: 2020-13-45", "not valid YAML: month must be in 1..12"),
        ("mel: " + "1" * 5000, "not valid YAML: Exceeds the limit .* value has 5000 digits$"),
        ("mel: " + "[" * 5000 + "]" * 5000, "not valid YAML: more than 20 levels of nesting"),
        ("? [a]\n: 1", "not valid YAML at line 1, column 3: a key is not plain text"),
        ("- 1\n", "holds a list, expected the sections systems, threads"),
        ("", "holds nothing, expected the sections systems, threads"),
        ("a: " + "x" * 1_000_000, "1,000,003 bytes, expected a few thousand"),
        ("mel: &m {sample_rate: *m}", r"mel.sample_rate: expected a whole number from 1,000 to 192,000$"),
    ],
    ids=range(12),
)
def test_a_file_that_is_not_plain_yaml_is_explained(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(UserError, match=re.compile(message, re.MULTILINE)):
        load_params(tmp_path / "params.yaml")


def test_aliases_of_aliases_take_no_memory_and_a_short_message(tmp_path: Path) -> None:
    for first, more in (("[x]", "[{}]"), ("{k: 1}", "{{<<: [{}]}}")):
        lines = [f"a{i}: &a{i} " + more.format(", ".join([f"*a{i - 1}"] * 9)) for i in range(1, 12)]
        (tmp_path / "params.yaml").write_text("\n".join([f"a0: &a0 {first}", *lines, "mel: {n_fft: *a11}"]))
        with pytest.raises(UserError, match=r"mel.n_fft: expected a whole number from 32 to 65,536") as caught:
            load_params(tmp_path / "params.yaml")
        assert len(str(caught.value)) < 5000


def test_numbers_are_those_that_dvc_reads(tmp_path: Path) -> None:
    """YAML 1.1 would read text, eight and 512."""
    file = tmp_path / "params.yaml"
    text = FILES[0].read_text()
    changed = text.replace("learning_rate: 0.05", "learning_rate: 5e-2").replace("seed: 0", "seed: 010", 1)
    file.write_text(changed)
    assert changed != text and (load_params(file).cf.learning_rate, load_params(file).sample.seed) == (0.05, 10)
    file.write_text(text.replace("n_fft: 512", "n_fft: 8:32", 1))
    with pytest.raises(UserError, match=r"mel.n_fft: expected a whole number from 32 to 65,536 \(found '8:32'\)"):
        load_params(file)


def test_what_is_no_text_file_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_bytes("# à\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"not UTF-8 text \(byte 2\); save it as UTF-8"):
        load_params(file)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(UserError, match="is not a file; run from the repository root"):
        load_params(file)


def test_tasks_have_names_of_the_user_s_own(tmp_path: Path) -> None:
    tags = yaml.safe_load(FILES[0].read_text())["evaluation"]["tags"]
    mine = {"mine": tags, "again": {**tags, "model": ""}}
    assert list(load_params(write(tmp_path, {"evaluation": mine})).evaluation) == ["again", "mine"]


@pytest.mark.parametrize(
    "name", ["factors", "WARP", *SIX_MODELS, "everything", *(f"{kind.name}s" for kind in MODALITIES)]
)
def test_others_vectors_are_not_called_like_our_own_rows(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=f"compare.{name}: the rows .* are Unisono's own; take another name"):
        load_params(write(tmp_path, {f"compare.{name}": {"corpus": "catalogue", "path": "v.parquet"}}))


@pytest.mark.parametrize("path", ["", "folder", "v.npy"])
def test_others_vectors_are_a_parquet_file(tmp_path: Path, path: str) -> None:
    with pytest.raises(UserError, match=r"compare\.theirs\.path: expected a \.parquet file"):
        load_params(write(tmp_path, {"compare.theirs": {"corpus": "catalogue", "path": path}}))
