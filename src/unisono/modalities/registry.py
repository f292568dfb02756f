"""The modalities that audio is aligned with; a new one gets a line here."""

from unisono.modalities.artists import Artists
from unisono.modalities.genres import Genres
from unisono.modalities.modality import Modality
from unisono.modalities.playlists import Playlists
from unisono.modalities.words import Words

# In this order their encoders are made, and so draw their initial weights.
MODALITIES: tuple[type[Modality], ...] = (Genres, Playlists, Words, Artists)
