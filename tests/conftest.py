"""The order of the suite."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The whole pipeline takes longest: started first, it shares the time with all the rest."""
    items.sort(key=lambda item: "test_pipeline" not in item.nodeid)
