"""Embedded catalogues, as the pipeline leaves them in its folder."""

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
import yaml

from unisono.corpora.reading.catalogue import Catalogue, write_tables
from unisono.encoders.audio_encoder import bands_first
from unisono.encoders.mel_cnn import MelCNN
from unisono.encoders.saved import save_encoder
from unisono.frames.store import FrameStore
from unisono.modalities.bag import save_bag_encoder
from unisono.modalities.bag_encoder import BagAttention
from unisono.params import load_params

REPO = Path(__file__).parents[1]
MODEL = Path("data/models/trained")
RATE = 16_000
TONES = {  # id: (title, artist, genres, Hz)
    "a1": ("Low", "Ann", "low; calm", 110),
    "a2": ("Lower", "Ann", "low", 82),
    "b1": ("Middle", "Bob", "middle", 440),
    "b2": ("Low", "Bob", "low", 120),
    "c1": ("High, höher", "Cleo & The 다", "high", 1760),
    "c2": ("Highest", "Cleo & The 다", "high", 3520),
    "d1": ("", "", "", 700),
}


def embed_vectors(folder: Path, tracks: pd.DataFrame, sound_ND: np.ndarray, aligned_ND: np.ndarray) -> Path:
    """Leave the catalogue of these tracks (index track_id) in `folder`, one window a track; returns `folder`."""
    frames = folder / "data/frames/catalogue"
    frames.mkdir(parents=True)
    write_tables(Catalogue(root=folder, tracks=tracks), frames)
    index = pd.DataFrame({"track_id": tracks.index, "first_window": np.arange(len(tracks)), "n_windows": 1})
    for name, vectors_ND in (("sound", sound_ND), ("trained", aligned_ND)):
        out = folder / "data/embeddings/catalogue" / name
        out.mkdir(parents=True)
        for matrix in ("tracks.npy", "windows.npy"):
            np.save(out / matrix, vectors_ND.astype(np.float32))
        index.to_parquet(out / "index.parquet", index=False)
    return folder


def write_tone(file: Path, pitch: float, seconds: float = 3.0) -> Path:
    """A tone with three overtones and a little noise."""
    time = np.arange(int(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 4) if pitch * n < RATE / 2)
    noise = np.random.default_rng(int(pitch)).normal(size=len(time))
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, 0.2 * wave + 0.01 * noise, RATE)
    return file


def embed_music(folder: Path) -> Path:
    """A folder of tones in `folder`/music, with an encoder of random weights, through the pipeline's own stages."""
    music = folder / "music"
    lines = ["track_id,path,title,artist,genres"]
    for track_id, (title, artist, genres, pitch) in TONES.items():
        write_tone(music / f"{track_id[0]}/{track_id}.wav", pitch)
        lines.append(f'{track_id},{track_id[0]}/{track_id}.wav,"{title}",{artist},{genres}')
    (music / "tracks.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    params = yaml.safe_load((REPO / "params/folder.yaml").read_text(encoding="utf-8"))
    params["corpora"]["catalogue"]["root"] = "music"
    params["loss"] |= {"lambda_a2p": 0, "lambda_g2p": 0}  # there are no playlists
    params["report"]["tag_pair"] = ["low", "high"]
    params["machine"]["workers"] = 1
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        torch.set_num_threads(1)
        _run("inventory")
        _run("pack", "mel")
        _save_encoders(MODEL, FrameStore.open(Path("data/frames/catalogue")), params["mel"])
        _run("export", "trained")
    return folder


def _run(script: str, *arguments: str) -> None:
    main = runpy.run_path(str(REPO / "stages" / f"{script}.py"))["main"]
    main(load_params(Path("params.yaml")), *arguments, "catalogue")


def _save_encoders(folder: Path, store: FrameStore, front_end: dict) -> None:
    """Random weights, and batch norms that have seen the music, so that tracks differ."""
    torch.manual_seed(0)
    encoder = MelCNN(48, 128, [4] * 7, hidden=8, embedding_dim=6, dropout=0.0)
    rows_B = np.arange(len(store.index))
    crops_BFT = bands_first(store.crops(rows_B, np.zeros_like(rows_B), 128)).float().contiguous()
    with torch.no_grad():
        for _ in range(50):
            encoder.train()(crops_BFT)
    save_encoder(folder, encoder, front_end)
    save_bag_encoder(folder, "genre", ["low", "middle", "high", "calm"], BagAttention(torch.randn(4, 8), 4, 6, 0.0))
