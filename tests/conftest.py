"""The order of the suite, no test that fails for being slow, and signals as a terminal gives them."""

import signal

import pytest
from hypothesis import settings

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs, and their children, ignore it
settings.register_profile("unisono", deadline=None)  # a busy machine takes its time
settings.load_profile("unisono")

LONGEST = ("test_pipeline", "test_own_music", "test_packing_interrupted", "test_killed", "test_endings", "test_reruns")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest is started first, and shares the time with all the rest."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))
