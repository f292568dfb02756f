"""The Hub's layout, offline: what is saved comes back with the same vectors, here and in `unisono.load`."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from encoders import KINDS, small_model, write_clip
from huggingface_hub import ModelCard, PyTorchModelHubMixin

import unisono
from unisono.errors import UserError
from unisono.sharing.hub import HubEncoder, write_hub_folder
from unisono.sharing.samples import SamplesToVector


@pytest.mark.parametrize("kind", KINDS)
def test_a_shared_encoder_gives_the_same_vectors(tmp_path: Path, kind: str) -> None:
    model = small_model(tmp_path / "m", kind)
    write_hub_folder(tmp_path / "hub", model, "a card")
    shared = HubEncoder.from_pretrained(tmp_path / "hub")
    assert isinstance(shared, PyTorchModelHubMixin) and not shared.training
    trained = unisono.load(model, device="cpu")
    samples_BS = 0.1 * torch.randn(3, shared.window_samples)
    with torch.inference_mode():
        expected = SamplesToVector(trained.encoder, trained.front_end)(samples_BS)
        assert torch.equal(shared(samples_BS), expected)
        shared.save_pretrained(tmp_path / "again")
        assert torch.equal(HubEncoder.from_pretrained(str(tmp_path / "again"))(samples_BS), expected)


def test_the_folder_is_that_of_a_trained_encoder_under_the_hub_s_names(tmp_path: Path) -> None:
    model = small_model(tmp_path / "m")
    write_hub_folder(tmp_path / "hub", model, "a card")
    assert sorted(path.name for path in (tmp_path / "hub").iterdir()) == [
        "README.md", "config.json", "model.safetensors",
    ]  # fmt: skip
    assert (tmp_path / "hub/model.safetensors").read_bytes() == (model / "encoder.safetensors").read_bytes()
    assert json.loads((tmp_path / "hub/config.json").read_text()) == json.loads((model / "config.json").read_text())
    assert (tmp_path / "hub/README.md").read_text() == "a card"
    clip = write_clip(tmp_path / "a.wav", 3)
    assert np.array_equal(unisono.load(tmp_path / "hub").embed(clip), unisono.load(model).embed(clip))


def test_others_may_read_what_is_shared(tmp_path: Path) -> None:
    model = small_model(tmp_path / "m")
    before = os.umask(0o022)
    try:
        write_hub_folder(tmp_path / "hub", model, "a card")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "hub").iterdir()} == {0o644}


def test_the_mixin_s_own_card_names_the_library(tmp_path: Path) -> None:
    HubEncoder(**json.loads((small_model(tmp_path / "m") / "config.json").read_text())).save_pretrained(tmp_path / "h")
    card = ModelCard.load(tmp_path / "h/README.md")
    assert card.data.library_name == "unisono" and "music" in card.data.tags


def test_weights_that_do_not_fit_are_not_loaded_in_part(tmp_path: Path) -> None:
    write_hub_folder(tmp_path / "hub", small_model(tmp_path / "m"), "a card")
    config = json.loads((tmp_path / "hub/config.json").read_text())
    config["encoder"]["hidden"] = 17
    (tmp_path / "hub/config.json").write_text(json.dumps(config))
    with pytest.raises(RuntimeError, match="size mismatch"):
        HubEncoder.from_pretrained(tmp_path / "hub")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    model = small_model(tmp_path / "m")
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub/README.md").write_text("mine")
    with pytest.raises(UserError, match="exists already, and nothing is overwritten"):
        write_hub_folder(tmp_path / "hub", model, "a card")
    assert [path.read_text() for path in (tmp_path / "hub").iterdir()] == ["mine"]


def test_a_name_on_the_hub_is_found_in_its_cache(tmp_path: Path) -> None:
    """Offline: the layout in which huggingface_hub keeps what it has downloaded."""
    model, commit = small_model(tmp_path / "m"), "0" * 40
    repository = tmp_path / "cache/models--you--a-model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text(commit)
    (repository / "snapshots").mkdir()
    write_hub_folder(repository / "snapshots" / commit, model, "a card")
    shared = HubEncoder.from_pretrained("you/a-model", cache_dir=tmp_path / "cache", local_files_only=True)
    samples_BS = 0.1 * torch.randn(2, shared.window_samples)
    with torch.inference_mode():
        assert torch.equal(
            shared(samples_BS), HubEncoder.from_pretrained(repository / "snapshots" / commit)(samples_BS)
        )
