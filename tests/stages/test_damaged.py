"""Every artifact that a stage reads, missing, cut short or garbage: a sentence that names it and what to run."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_data import GENRES, run_main, write_small_data

from unisono.errors import UserError
from unisono.stage import write_json

CATALOGUE, WAVES, FRAMES = "data/frames/catalogue", "data/waves/magnatagatune", "frames-00000.h5"
MATRIX = ["tracks.npy", "windows.npy", "index.parquet"]
TRAINED, SIMILARITY = "data/embeddings/catalogue/trained", "data/embeddings/magnatagatune/similarity"
STATISTICS = "data/baselines/catalogue/statistics"
SPLIT, PLAYLISTS = "data/split/catalogue.parquet", "data/split/catalogue-playlists.parquet"
# A stage's command -> what it reads.
READS: dict[str, list[str]] = {
    "pack.py mel catalogue": ["data/inventory/catalogue.json"],
    "split.py catalogue": [f"{CATALOGUE}/{name}.parquet" for name in ("tracks", "playlists")],
    "factorize.py catalogue": [SPLIT, PLAYLISTS],
    "bags.py genres catalogue": [f"{CATALOGUE}/tracks.parquet", SPLIT],
    "bags.py words catalogue": [f"{CATALOGUE}/playlists.parquet", SPLIT, PLAYLISTS],
    "track_statistics.py catalogue": [f"{CATALOGUE}/{name}" for name in ("index.parquet", FRAMES)],
    "ridge.py catalogue": [
        *(f"{STATISTICS}/{name}" for name in MATRIX), f"{CATALOGUE}/tracks.parquet", SPLIT, "data/cf/vectors.npy",
    ],
    "export_ridge.py catalogue": [*(f"{STATISTICS}/{name}" for name in MATRIX), "data/ridge/ridge.safetensors"],
    "train.py catalogue": [
        *(f"{CATALOGUE}/{name}" for name in ("index.parquet", "tracks.parquet", FRAMES)), SPLIT,
        *(f"data/{name}" for name in ("cf/ids.parquet", "cf/vectors.npy", "genres/ids.parquet", "genres/vectors.npy")),
    ],
    "pretrain.py magnatagatune": [f"{WAVES}/{name}" for name in ("index.parquet", "labels.parquet", FRAMES)],
    "balance.py magnatagatune": ["metrics/details/pretrain.json"],
    "finetune.py magnatagatune": [
        "metrics/details/balance.json",
        *(f"data/models/pretrained/{name}" for name in ("config.json", "encoder.safetensors", "projector.safetensors")),
    ],
    "export.py trained catalogue": [
        *(f"data/models/trained/{name}" for name in ("config.json", "encoder.safetensors")),
        *(f"{CATALOGUE}/{name}" for name in ("index.parquet", FRAMES)),
    ],
    "export.py similarity magnatagatune": [
        f"data/models/finetuned/{name}" for name in ("config.json", "encoder.safetensors")
    ],
    "evaluate.py tags": [*(f"{TRAINED}/{name}" for name in MATRIX), f"{CATALOGUE}/tracks.parquet", SPLIT],
    "evaluate.py playlists": [f"{TRAINED}/windows.npy", SPLIT, PLAYLISTS],
    "evaluate.py retrieval": [*(f"{SIMILARITY}/{name}" for name in MATRIX), "data/frames/magnatagatune/labels.parquet"],
    "evaluate.py autotagging": [f"{SIMILARITY}/tag_head/{name}" for name in ("vectors.npy", "ids.parquet")],
    "similarity_space.py magnatagatune": [f"{SIMILARITY}/tracks.npy", "data/frames/magnatagatune/labels.parquet"],
    "map.py catalogue": [f"{TRAINED}/tracks.npy", f"{CATALOGUE}/tracks.parquet"],
    "report.py": [f"metrics/details/{stage}/gtzan.json" for stage in ("evaluate", "baselines")],
}  # fmt: skip
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "one byte": lambda data: data[:1],
    "half": lambda data: data[: len(data) // 2],
    "without its end": lambda data: data[:-5],
    "garbage": lambda data: np.random.default_rng(0).bytes(len(data)),
    "a header and garbage": lambda data: data[:20] + np.random.default_rng(0).bytes(len(data)),
    "zeros": lambda data: bytes(len(data)),
    "another format": lambda data: b"[1, 2]",
    "text": lambda data: "größer".encode("latin-1"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all stages but those that pack leave."""
    folder = tmp_path_factory.mktemp("done")
    write_small_data(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command in (
            "train.py catalogue", "finetune.py magnatagatune", "export.py trained catalogue",
            "export.py similarity magnatagatune", "track_statistics.py catalogue", "ridge.py catalogue",
        ):  # fmt: skip
            run_main(folder, command)
    shutil.copytree(folder / WAVES, folder / "data/frames/magnatagatune")
    shutil.copytree(folder / TRAINED, folder / "data/embeddings/magnatagatune/trained")
    shutil.copy(folder / WAVES / "labels.parquet", folder / "data/frames/magnatagatune/labels.parquet")
    write_json(folder / "data/inventory/catalogue.json", {"tracks": 20, "playlists": 10, "tags": {"genres": GENRES}})
    for stage in ("evaluate", "baselines"):
        write_json(folder / f"metrics/details/{stage}/gtzan.json", {"left_out": "nothing to measure"})
    return folder


@pytest.mark.parametrize(("command", "artifact"), [(command, name) for command in READS for name in READS[command]])
def test_a_damaged_artifact_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, artifact: str
) -> None:
    monkeypatch.chdir(folder)
    good = (folder / artifact).read_bytes()
    try:
        for name, damage in DAMAGE.items():
            (folder / artifact).write_bytes(damage(good))
            with pytest.raises(UserError) as caught:
                run_main(folder, command)
            said = rf"{re.escape(artifact)}: damaged, .+; make it anew: touch .+; chmod -R u\+w .dvc/cache; dvc repro"
            assert re.fullmatch(said, str(caught.value)), f"{name}: {caught.value}"
        (folder / artifact).unlink()
        if command != "report.py":  # which says of a task that did not run that it did not
            with pytest.raises(UserError, match=re.escape(Path(artifact).name)):
                run_main(folder, command)
    finally:
        (folder / artifact).write_bytes(good)
