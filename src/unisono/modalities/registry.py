"""The modalities that audio is aligned with; a new one gets a line here."""

from unisono.modalities.genres import Genres
from unisono.modalities.modality import Modality
from unisono.modalities.playlists import Playlists

# In this order their encoders are made, and so draw their initial weights.
MODALITIES: tuple[type[Modality], ...] = (Genres, Playlists)
