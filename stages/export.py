"""Embed every track of a corpus with the trained encoder.

python stages/export.py CORPUS
"""

from pathlib import Path

from unisono.embeddings.export import export_embeddings
from unisono.encoders.saved import load_encoder
from unisono.frames.store import FrameStore
from unisono.params import Params
from unisono.stage import run_stage
from unisono.training.checkpoint import CHECKPOINTS
from unisono.training.devices import pick_device


def main(params: Params, corpus: str) -> None:
    encoder, _ = load_encoder(Path("data/models/trained"))
    export_embeddings(
        encoder,
        FrameStore.open(Path("data/frames", corpus)),
        Path("data/embeddings", corpus, "trained"),
        layer=params.embedding.layer,
        batch_size=params.embedding.batch_size,
        device=pick_device(params.train.device),
        precision=params.train.precision,
        work_root=CHECKPOINTS / "export",
    )


if __name__ == "__main__":
    run_stage(main)
