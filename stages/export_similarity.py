"""Embed the tracks of params.similarity.corpus with the second system's encoder, excerpt by excerpt.

python stages/export_similarity.py

The tag head goes with them, so that tags can be predicted from the embeddings alone.
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

MODEL = Path("data/models/finetuned")


def main(params: Params) -> None:
    encoder, _ = load_encoder(MODEL)
    out = Path("data/embeddings", params.similarity.corpus, "similarity")
    export_embeddings(
        encoder,
        FrameStore.open(Path("data/waves")),
        out,
        layer="projection",
        batch_size=params.embedding.batch_size,
        device=pick_device(params.train.device),
        precision=params.train.precision,
        work_root=CHECKPOINTS / "export" / "similarity",
    )
    if (MODEL / "tag_head").exists():
        shutil.copytree(MODEL / "tag_head", out / "tag_head")


if __name__ == "__main__":
    run_stage(main)
