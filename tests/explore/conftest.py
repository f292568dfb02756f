"""Catalogues that the page is asked about: one of tones with audio, and a hostile one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded import embed_music
from explored import PAGE, embed_hostile
from starlette.testclient import TestClient

from unisono.explore.music import Music
from unisono.explore.server import create_app


@pytest.fixture(scope="session")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return embed_music(tmp_path_factory.mktemp("explored"))


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return embed_hostile(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def page(music: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Music(music, "catalogue")), base_url=PAGE) as client:
        yield client


@pytest.fixture
def hostile(hostile_folder: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Music(hostile_folder, "catalogue")), base_url=PAGE) as client:
        yield client
