"""The page of 100,000 tracks in a browser: how long until its map stands, from mouse to name, and a frame takes.

    python benchmarks/explore.py [TRACKS [ROUNDS]]

Tracks and vectors are generated, in groups as genres are; the map is laid out before, which is a figure of its own. The
browser is chromium without a window, by selenium. `drawing` says what draws: SwiftShader is software on the processor,
in which a frame takes many times what it takes a graphics card.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from harness import report
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from unisono.corpora.reading.catalogue import Catalogue, write_tables
from unisono.embeddings.layout import cached_layout
from unisono.embeddings.write import save_embeddings

MAP_LIMIT, HOVER_LIMIT = 2.0, 0.016  # seconds
GENRES, DIM = 40, 64
SIZE = {"width": 1280, "height": 800, "screenWidth": 1280, "screenHeight": 800}
SOFTWARE = ("use-angle=swiftshader", "enable-unsafe-swiftshader")
ARGUMENTS = ("headless=new", "no-sandbox", "disable-dev-shm-usage", *SOFTWARE)
DRAWING = """
const gl = document.createElement("canvas").getContext("webgl");
return gl.getParameter(gl.getExtension("WEBGL_debug_renderer_info").UNMASKED_RENDERER_WEBGL);
"""
STANDS = """
const done = arguments[0], stands = () => document.querySelector("#labels span")
    && document.getElementById("status").textContent === "";
const look = () => requestAnimationFrame(stands() ? () => done(performance.now() / 1000) : look);
look();
"""
# The mouse goes over the map; of each move on which a name appears or changes, how long that took in the page.
HOVER = """
const done = arguments[0], canvas = document.getElementById("canvas"), hover = document.getElementById("hover");
const frame = canvas.getBoundingClientRect(), seconds = [];
let shown = "", moved = 0;
new MutationObserver(() => {
  if (!hover.hidden && hover.textContent !== shown) seconds.push((performance.now() - moved) / 1000);
  shown = hover.textContent;
}).observe(hover, { childList: true, attributes: true, subtree: true, characterData: true });
const move = (type, right, down) => canvas.dispatchEvent(new MouseEvent(type, {
  clientX: frame.left + frame.width * right, clientY: frame.top + frame.height * down, bubbles: true, view: window,
}));
move("mouseenter", 0.01, 0.01);
(async () => {
  for (let step = 0; step < 100; step++) {
    const turn = step / 100 * 6 * Math.PI, reach = 0.05 + 0.3 * step / 100;
    moved = performance.now();
    move("mousemove", 0.5 + reach * Math.cos(turn), 0.5 + reach * Math.sin(turn));
    await new Promise((next) => setTimeout(next, 30));
  }
  done(seconds);
})();
"""
# The map is dragged to and fro for two seconds, a step a frame: the time between frames.
PAN = """
const done = arguments[0], canvas = document.getElementById("canvas"), frame = canvas.getBoundingClientRect();
const at = (type, x, y) => (type === "mouseup" ? window : canvas).dispatchEvent(
  new MouseEvent(type, { clientX: x, clientY: y, buttons: type === "mouseup" ? 0 : 1, bubbles: true, view: window }));
const [x, y] = [frame.left + frame.width / 2, frame.top + frame.height / 2], times = [];
at("mousedown", x, y);
(function step(now) {
  if (now) times.push(now);
  if (times.length > 1 && now - times[0] > 2000) {
    at("mouseup", x, y);
    done(times.slice(1).map((one, number) => (one - times[number]) / 1000));
    return;
  }
  at("mousemove", x + 80 * Math.sin(times.length / 5), y + 40 * Math.cos(times.length / 5));
  requestAnimationFrame(step);
})();
"""


def write_project(folder: Path, n_tracks: int) -> float:
    """A catalogue as the pipeline leaves it, with its map; how many seconds the map took."""
    rng = np.random.default_rng(0)
    genre_N = rng.integers(GENRES, size=n_tracks)
    vectors_ND = rng.normal(size=(GENRES, DIM))[genre_N] + 0.7 * rng.normal(size=(n_tracks, DIM))
    tracks = pd.DataFrame(
        {
            "genres": [[f"Genre {number}"] for number in genre_N],
            "source": [f"{number}.npy" for number in range(n_tracks)],
            "title": [f"Song {number} of the benchmark" for number in range(n_tracks)],
            "artist": [f"Artist {number // 10}" for number in range(n_tracks)],
        },
        index=pd.Index([str(number) for number in range(n_tracks)], name="track_id"),
    )
    frames = folder / "data/frames/catalogue"
    frames.mkdir(parents=True)
    write_tables(Catalogue(root=folder, tracks=tracks), frames)
    vectors_ND = vectors_ND.astype(np.float32)
    for name in ("trained", "sound"):
        out = folder / "data/embeddings/catalogue" / name
        save_embeddings(out, tracks.index, vectors_ND, vectors_ND, np.ones(n_tracks, np.int64))
    started = time.perf_counter()
    cached_layout(vectors_ND, folder, "catalogue-trained")
    return time.perf_counter() - started


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the page over a folder."""
    command = [sys.executable, "-c", "from unisono.cli.app import main; main()", "explore"]
    command += ["--no-browser", "--port=0", f"--project={folder}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            yield next(line.split()[0] for line in server.stderr if line.startswith("http://"))
        finally:
            server.terminate()


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for argument in ARGUMENTS:
        options.add_argument(f"--{argument}")
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.set_script_timeout(120)
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SIZE | {"deviceScaleFactor": 1, "mobile": False})
        yield driver
    finally:
        driver.quit()


def main(n_tracks: str = "100000", rounds: str = "3") -> None:
    maps, hovers, frames = [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        layout_seconds = write_project(Path(scratch), int(n_tracks))
        with served(Path(scratch)) as address, browser() as driver:
            for _ in range(int(rounds) + 1):  # the first puts the answers together, which are kept, and is left out
                driver.get("about:blank")
                driver.get(address)
                maps.append(driver.execute_async_script(STANDS))
                hovers.append(driver.execute_async_script(HOVER))
                frames.append(driver.execute_async_script(PAN))
            drawing = driver.execute_script(DRAWING)
    first, *maps = maps
    of = f"of {int(n_tracks):,} tracks"
    about = {"drawing": drawing, "rounds": int(rounds)}
    report(
        f"page {of}: until its map stands", statistics.median(maps), "s",
        limit=MAP_LIMIT, first=first, layout_seconds=layout_seconds, **about,
    )  # fmt: skip
    for name, of_rounds, limit in (
        ("from mouse to name", hovers, HOVER_LIMIT),
        ("a frame while panning", frames, None),
    ):
        seconds = np.concatenate(of_rounds[1:])
        middle, high = (float(np.quantile(seconds, share)) for share in (0.5, 0.95))
        report(f"page {of}: {name}", middle, "s", limit=limit, p95=high, count=len(seconds), **about)


if __name__ == "__main__":
    main(*sys.argv[1:])
