"""The registry: modalities that nothing confuses with each other."""

from unisono.alignment.alignments import AUDIO, CROP
from unisono.modalities.registry import MODALITIES


def test_names_letters_and_folders_are_unlike() -> None:
    for attribute, taken in (("name", [AUDIO, CROP]), ("letter", ["a"]), ("folder", [])):
        values = [*taken, *(getattr(modality, attribute) for modality in MODALITIES)]
        assert len(set(values)) == len(values), attribute


def test_the_encoders_are_made_in_this_order() -> None:
    """Another one draws other initial weights from the same seed."""
    assert [modality.name for modality in MODALITIES] == ["genre", "playlist", "word", "artist"]
