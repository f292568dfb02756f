"""Params of a first system that is built in a moment."""

from unisono.params import Encoder, Mel, Train

ENCODER = Encoder(channels=[2, 2, 2, 2, 2, 2, 4], hidden=8, embedding_dim=6, dropout=0.5, genre_heads=2)
MEL = Mel(sample_rate=16000, n_fft=512, hop_length=256, n_mels=48)
TRAIN = Train(
    objective="contrastive", crop_frames=128, mask_frames=0, mask_bands=0, genres_per_track=10, batch_size=4, epochs=1,
    patience=1, learning_rate=1e-3, weight_decay=0, seed=0,
)  # fmt: skip
