"""The audio encoder before its first training step, as the baseline that every trained one must beat.

python stages/untrained.py
"""

from pathlib import Path

from unisono.alignment.encoder import build_audio_encoder
from unisono.encoders.saved import save_encoder
from unisono.params import Params
from unisono.stage import run_stage


def main(params: Params) -> None:
    encoder = build_audio_encoder(params.encoder, params.train, params.front_end)
    save_encoder(Path("data/models/untrained"), encoder, params.front_end.model_dump())


if __name__ == "__main__":
    run_stage(main)
