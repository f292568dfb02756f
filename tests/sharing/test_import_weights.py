"""The published weights of Ferraro et al. 2021, as a module written anew from its description would save them."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from unisono.embeddings.export import export_embeddings
from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.saved import load_encoder
from unisono.errors import UserError
from unisono.frames.store import FrameStore, FrameWriter, shard_name, write_index
from unisono.sharing.import_weights import import_weights

PARAMETERS = 3_989_762


class Block(nn.Module):
    """Convolution, batch norm, ReLU, max-pooling."""

    def __init__(self, n_in: int, n_out: int, pool: int | tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 3, stride=1, padding=1)
        self.bn = nn.BatchNorm2d(n_out)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.max_pool2d(torch.relu(self.bn(self.conv(x))), self.pool)


class Published(nn.Module):
    """Its audio encoder: pictures (B, 1, 48, 256) to both of its outputs, flat and projected."""

    def __init__(self) -> None:
        super().__init__()
        widths = [1, 128, 128, 256, 256, 256, 256, 512]
        pools: list[int | tuple[int, int]] = [2, 2, 2, 2, (1, 2), (1, 2), 2]
        self.audio_encoder = nn.Sequential(
            nn.BatchNorm2d(1),
            *(Block(i, o, pool) for i, o, pool in zip(widths[:-1], widths[1:], pools, strict=True)),
            nn.Flatten(),
        )
        self.fc_audio = nn.Sequential(
            nn.Linear(1024, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(512, 128), nn.LayerNorm(128, eps=1e-6),
        )  # fmt: skip

    def forward(self, picture_B1FT: Tensor) -> tuple[Tensor, Tensor]:
        flat = self.audio_encoder(picture_B1FT)
        return flat, self.fc_audio(flat)


@pytest.fixture(scope="module")
def published() -> Published:
    """With the statistics that batches of mels leave in the batch norms."""
    torch.manual_seed(0)
    module = Published()
    assert sum(p.numel() for p in module.parameters()) == PARAMETERS
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
        module(torch.randn(4, 1, 48, 256) * 20 - 40)
    return module.eval()


@pytest.fixture(scope="module")
def checkpoint(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "audio_encoder.pt"
    torch.save(published.state_dict(), path, _use_new_zipfile_serialization=False)  # as the torch of 2019 wrote
    return path


@pytest.mark.parametrize("layout", ["bands-first", "view"])
def test_both_layouts_embed_as_the_published_module_does(
    published: Published, checkpoint: Path, tmp_path: Path, layout: str
) -> None:
    """bands-first as its encoding script feeds it, a true (48, 256); view as its training loop does."""
    import_weights(checkpoint, tmp_path / "model", layout)
    encoder, front_end = load_encoder(tmp_path / "model")
    assert front_end == {"sample_rate": 16000, "n_fft": 512, "hop_length": 256, "n_mels": 48}
    frames_BTF = torch.randn(3, 256, 48) * 20 - 40
    picture = frames_BTF.transpose(1, 2).unsqueeze(1) if layout == "bands-first" else frames_BTF.view(-1, 1, 48, 256)
    with torch.no_grad():
        flat, projected = published(picture)
        assert (encoder(frames_BTF.transpose(1, 2)) - projected).abs().max() < 5e-6
        assert (encoder.backbone(frames_BTF.transpose(1, 2)) - flat).abs().max() < 5e-6 * flat.abs().max()


def test_the_parameters_are_the_published_ones_in_the_same_order(
    published: Published, checkpoint: Path, tmp_path: Path
) -> None:
    import_weights(checkpoint, tmp_path / "model", "bands-first")
    encoder, _ = load_encoder(tmp_path / "model")
    assert sum(p.numel() for p in encoder.parameters()) == PARAMETERS
    for own, theirs in zip(encoder.state_dict().values(), published.state_dict().values(), strict=True):
        assert torch.equal(own, theirs)
    origin = json.loads((tmp_path / "model/config.json").read_text())["origin"]
    assert origin["file"] == "audio_encoder.pt" and len(origin["sha256"]) == 64


def test_the_export_takes_imported_weights_like_any_other(
    published: Published, checkpoint: Path, tmp_path: Path
) -> None:
    import_weights(checkpoint, tmp_path / "model", "view")
    frames_TF = np.random.default_rng(0).normal(-40, 20, (600, 48)).astype(np.float16)
    (tmp_path / "frames").mkdir()
    with FrameWriter(tmp_path / "frames" / shard_name(0), 48) as writer:
        row = {"track_id": "t", "shard": 0, "first_frame": writer.append(frames_TF), "n_frames": 600}
    write_index(tmp_path / "frames", pd.DataFrame([row]))
    encoder, _ = load_encoder(tmp_path / "model")
    found = export_embeddings(
        encoder, FrameStore.open(tmp_path / "frames"), tmp_path / "out", layer="projection", batch_size=2,
        device=torch.device("cpu"), precision="fp32", work_root=tmp_path / "work",
    )  # fmt: skip
    with torch.no_grad():
        _, expected = published(torch.from_numpy(frames_TF[:512].astype(np.float32)).view(-1, 1, 48, 256))
    np.testing.assert_allclose(found.windows_MD, expected.numpy(), atol=5e-6)


class Malicious:
    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.proof),)


def write_malicious(path: Path, state: dict[str, Tensor]) -> None:
    torch.save({**state, "fc_audio.0.bias": Malicious(path.parent / "proof")}, path)


def without_a_block(path: Path, state: dict[str, Tensor]) -> None:
    torch.save({name: value for name, value in state.items() if not name.startswith("audio_encoder.3.")}, path)


def of_another_size(path: Path, state: dict[str, Tensor]) -> None:
    torch.save({**state, "fc_audio.4.weight": torch.zeros(64, 512)}, path)


def of_a_whole_trainer(path: Path, state: dict[str, Tensor]) -> None:
    torch.save({f"module.{name}": value for name, value in state.items()}, path)


FILES = {
    "malicious": (write_malicious, r"cannot be read as tensors, and nothing else is \(UnpicklingError: Weights only"),
    "a plain pickle": (lambda path, _: path.write_bytes(pickle.dumps(Malicious(path.parent / "proof"))), "cannot be"),
    "text": (lambda path, _: path.write_text("version https://git-lfs.github.com/spec/v1\n"), "cannot be read"),
    "empty": (lambda path, _: path.write_bytes(b""), "cannot be read as tensors"),
    "cut off": (lambda path, state: (torch.save(state, path), os.truncate(path, 1_000_000)), "cannot be read"),
    "one tensor": (lambda path, _: torch.save(torch.zeros(3), path), "holds no state dict"),
    "a dict of numbers": (lambda path, _: torch.save({"a": 1}, path), "holds no state dict"),
    "without a block": (without_a_block, r"it lacks audio_encoder\.3\.conv\.weight, .* and 3 more; expected the 65"),
    "another size": (of_another_size, r"fc_audio\.4\.weight is \(64, 512\), expected \(128, 512\)"),
    "a trainer's": (of_a_whole_trainer, r"lacks audio_encoder\.0\.weight, .* it has|has besides module\.audio"),
    "missing": (lambda path, _: None, "no such file; expected the path of a published audio_encoder.pt"),
}


@pytest.mark.parametrize("kind", FILES)
def test_any_other_file_is_refused_without_running_what_it_holds(
    published: Published, tmp_path: Path, kind: str
) -> None:
    write, message = FILES[kind]
    write(tmp_path / "w.pt", published.state_dict())
    with pytest.raises(UserError, match=message) as caught:
        import_weights(tmp_path / "w.pt", tmp_path / "model", "view")
    assert str(tmp_path / "w.pt") in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "model").exists() and not (tmp_path / "proof").exists()


def test_a_folder_that_exists_is_left_as_it_is(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="exists already, and nothing is overwritten"):
        import_weights(checkpoint, tmp_path, "view")
    assert not any(tmp_path.iterdir())


def test_the_default_layout_is_that_of_an_encoder_trained_here(checkpoint: Path, tmp_path: Path) -> None:
    import_weights(checkpoint, tmp_path / "model", "bands-first")
    encoder, _ = load_encoder(tmp_path / "model")
    assert isinstance(encoder, MelCNN) and "input_layout" not in encoder.config
