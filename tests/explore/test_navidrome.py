"""The plugin of docs/navidrome.md asks and answers as Navidrome expects; extism's own part is played by urllib."""

import json
import re
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from embedded import REPO
from explored import served

import unisono

[PLUGIN] = re.findall(
    r"`plugin.py`:\n\n```python\n(.*?)```", (REPO / "docs/navidrome.md").read_text(encoding="utf-8"), re.DOTALL
)


def call(monkeypatch: pytest.MonkeyPatch, port: int, function: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What a function of the plugin gives out, as Navidrome calls it."""
    given: list[str] = []

    def request(url: str, meth: str) -> SimpleNamespace:
        assert meth == "GET"
        with urllib.request.urlopen(url) as answer:
            text = answer.read().decode()
        return SimpleNamespace(data_str=lambda: text)

    extism = SimpleNamespace(
        Http=SimpleNamespace(request=request),
        plugin_fn=lambda function: function,
        input_json=lambda: asked,
        output_str=given.append,
    )
    monkeypatch.setitem(sys.modules, "extism", extism)
    plugin: dict[str, Any] = {}
    exec(PLUGIN.replace(":8765", f":{port}"), plugin)
    plugin[function]()
    return json.loads(given[0])


def test_the_plugin_gives_what_the_catalogue_answers(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = unisono.open_catalogue(music)
    low, high = ({"id": track, "name": catalogue.tracks["title"][track], "artist": "Ann"} for track in ("a1", "c2"))
    with served(music) as port:
        similar = call(monkeypatch, port, "nd_get_sonic_similar_tracks", {"song": low, "count": 3})
        path = call(monkeypatch, port, "nd_find_sonic_path", {"startSong": low, "endSong": high, "count": 4})
        with pytest.raises(Exception, match="the catalogue has no song 'gone'"):
            call(monkeypatch, port, "nd_get_sonic_similar_tracks", {"song": {"id": "gone"}, "count": 3})
    assert [match["song"]["id"] for match in similar["matches"]] == catalogue.similar("a1", 3).index.tolist()
    assert [match["song"]["id"] for match in path["matches"]] == catalogue.path("a1", "c2", 4).index.tolist()
    assert all(match["song"]["name"] and 0 <= match["similarity"] <= 1 for match in similar["matches"])
