"""The audio encoder before its first training step, as the baseline that every trained one must beat.

    python stages/untrained.py

Embeds every corpus with it into data/untrained/.
"""

from pathlib import Path

from unisono.alignment.build import build_audio_encoder
from unisono.embeddings.export import export_embeddings
from unisono.frames.store import FrameStore
from unisono.params import Params
from unisono.stage import run_stage
from unisono.training.checkpoint import CHECKPOINTS
from unisono.training.devices import pick_device


def main(params: Params) -> None:
    encoder = build_audio_encoder(params.encoder, params.train, params.mel).eval()
    for corpus in params.corpora:
        export_embeddings(
            encoder,
            FrameStore.open(Path("data/frames", corpus)),
            Path("data/untrained", corpus),
            layer=params.embedding.layer,
            batch_size=params.embedding.batch_size,
            device=pick_device(params.train.device),
            precision=params.train.precision,
            work_root=CHECKPOINTS / "untrained",
        )


if __name__ == "__main__":
    run_stage(main)
