"""python stages/export.py trained|untrained|similarity CORPUS

Embed every track of a corpus, window by window: with the aligned encoder, with that one before its first step, or with
the encoder of the similarity space, whose tag head goes with the embeddings, so that these alone predict tags. What the
aligned encoder knows before alignment shapes it, its backbone's features, is written beside its embeddings as `sound`;
with them go the encoders of what it was aligned with, as of genres, which lead to points of the same space.
"""

import shutil
from pathlib import Path

from unisono.embeddings.export import export_embeddings
from unisono.encoders.saved import load_encoder
from unisono.frames.store import FrameStore
from unisono.params import Params
from unisono.stage import run_stage
from unisono.training.checkpoint import CHECKPOINTS
from unisono.training.devices import pick_device


def main(params: Params, model: str, corpus: str) -> None:
    similarity = model == "similarity"
    folder = Path("data/models", "finetuned" if similarity else model)
    out = Path("data/baselines", corpus, model) if model == "untrained" else Path("data/embeddings", corpus, model)
    encoder, _ = load_encoder(folder)
    layers = {out: "projection" if similarity else params.embedding.layer}
    if model == "trained":
        layers[out.with_name("sound")] = "backbone"
    for destination, layer in layers.items():
        export_embeddings(
            encoder,
            FrameStore.open(Path("data/waves" if similarity else "data/frames", corpus)),
            destination,
            layer=layer,
            batch_size=params.machine.export_batch,
            device=pick_device(params.machine.device),
            precision=params.precision,
            work_root=CHECKPOINTS / "export" / model,
        )
    if model == "trained" and params.embedding.layer == "projection":
        for file in folder.glob("*_encoder.*"):
            shutil.copy(file, out)
    if (folder / "tag_head").exists():
        shutil.copytree(folder / "tag_head", out / "tag_head")


if __name__ == "__main__":
    run_stage(main)
