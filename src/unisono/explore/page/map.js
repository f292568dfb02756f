// The map: a point a track, coloured by genre; regl-scatterplot draws it, names of genres lie above it.

import createPubSub from "./vendor/pub-sub-es.js";

const COLOURS = {  // of genres, and of all others at the end; told apart with colour-blind eyes as well
  light: ["#2a78d6", "#eb6834", "#1baf7a", "#eda100", "#e87ba4", "#008300", "#4a3aa7", "#e34948"],
  dark: ["#3987e5", "#d95926", "#199e70", "#c98500", "#d55181", "#008300", "#9085e9", "#e66767"],
};
const NAMED = 24;  // genres whose names stand on the map, where they have room
const OTHER = { light: "#a9a8a0", dark: "#6f6e69" };
const GROUND = { light: "#fcfcfb", dark: "#1a1a19" };
const ACTIVE = { light: "#0b0b0b", dark: "#ffffff" };
const dark = matchMedia("(prefers-color-scheme: dark)");

async function scatterplotLibrary() {  // its file takes the two that it needs from the window
  globalThis.createPubSub = createPubSub;
  await new Promise((loaded, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src: "vendor/regl-scatterplot.min.js", onload: loaded, onerror: failed });
    document.head.append(script);
  });
  return globalThis.createScatterplot.default;
}

export class TrackMap {
  // onPoint(row) when a track is clicked, onHover(row or null, x, y).
  constructor({ canvas, labels, legend, onPoint, onHover }) {
    Object.assign(this, { canvas, labels, legend, onPoint, onHover, shown: null, lit: null });
  }

  async start() {
    const createScatterplot = await scatterplotLibrary();
    this.plot = createScatterplot({
      canvas: this.canvas, width: "auto", height: "auto", colorBy: "valueA", opacity: 0.85, opacityInactiveScale: 0.45,
      pointSizeSelected: 3, pointOutlineWidth: 2, showReticle: false, deselectOnDblClick: false, deselectOnEscape: false,
      lassoOnLongPress: false, actionKeyMap: {}, cameraDistance: 1.15,
    });
    this.plot.subscribe("select", ({ points }) => {
      if (points.length === 1) this.onPoint(points[0]);
    });
    this.plot.subscribe("pointOver", (row) => this.onHover(row, ...this.plot.getScreenPosition(row)));
    this.plot.subscribe("pointOut", () => this.onHover(null));
    this.plot.subscribe("view", () => this.placeLabels());
    new ResizeObserver(() => requestAnimationFrame(() => this.placeLabels())).observe(this.canvas);
    dark.addEventListener("change", () => this.shown && this.colour());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  // The answer of /api/map, and each track's genres; the view goes back to the whole of it.
  async show(map, genresOf) {
    this.shown = map;
    this.lit = null;
    this.plot.set({ pointSize: Math.max(1.5, Math.min(6, 300 / Math.sqrt(map.x.length))) });
    this.colour();
    await this.plot.draw({ x: map.x, y: map.y, z: map.colour }, { zDataType: "categorical" });
    await this.plot.zoomToArea({ x: -1.08, y: -1.2, width: 2.16, height: 2.28 });
    this.middles = middles(map, genresOf);
    this.name();
  }

  colour() {
    const theme = dark.matches ? "dark" : "light";
    const own = COLOURS[theme].slice(0, this.shown.genres.length - 1);
    const colours = [...own, OTHER[theme]];
    this.plot.set({
      backgroundColor: GROUND[theme], pointColor: colours, pointColorActive: ACTIVE[theme], pointColorHover: ACTIVE[theme],
    });
    this.legend.replaceChildren(...this.shown.genres.map((genre, number) => {
      const button = document.createElement("button");
      const dot = document.createElement("i");
      dot.style.background = colours[number];
      button.type = "button";
      button.setAttribute("aria-pressed", String(this.lit === number));
      button.append(dot, genre);
      button.addEventListener("click", () => this.light(this.lit === number ? null : number));
      return button;
    }));
  }

  // Only the tracks of one genre, or all again.
  light(number) {
    this.lit = number;
    if (number === null) this.plot.unfilter();
    else this.plot.filter([...this.shown.colour.keys()].filter((row) => this.shown.colour[row] === number));
    [...this.legend.children].forEach((button, one) => button.setAttribute("aria-pressed", String(one === number)));
  }

  // The rows that an answer is about.
  mark(rows) {
    this.plot.select(rows, { preventEvent: true });
    this.at = rows[0];
  }

  name() {
    this.labels.replaceChildren(...this.middles.map(({ genre }) => {
      const label = document.createElement("span");
      label.textContent = genre;
      return label;
    }));
    this.placeLabels();
  }

  placeLabels() {
    if (!this.middles) return;
    const taken = [];
    [...this.labels.children].forEach((label, number) => {
      const [middle, y] = this.plot.getScreenPosition(this.middles[number].row);
      const [wide, high] = [label.offsetWidth, label.offsetHeight];
      const inside = middle > 0 && middle < this.canvas.clientWidth;  // then its name is whole, also at the edge
      const x = inside ? Math.max(wide / 2 + 4, Math.min(middle, this.canvas.clientWidth - wide / 2 - 4)) : middle;
      const free = taken.every((one) => Math.abs(x - one.x) > (wide + one.wide) / 2 || Math.abs(y - one.y) > (high + one.high) / 2);
      label.style.visibility = free ? "visible" : "hidden";  // of two in one place the one with more tracks is shown
      if (!free) return;
      label.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
      taken.push({ x, y, wide, high });
    });
  }

  key(event) {
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
    if (x || y) {
      this.at = this.at === undefined ? 0 : nearestTowards(this.shown, this.at, x, y);
      this.plot.hover(this.at);
      this.onHover(this.at, ...this.plot.getScreenPosition(this.at));
    } else if (event.key === "Enter" && this.at !== undefined) this.onPoint(this.at);
    else return;
    event.preventDefault();
  }
}

// { genre, row: in the middle of its tracks } of the most frequent genres, the largest first.
function middles({ x, y }, genresOf) {
  const rowsOf = new Map();
  genresOf.forEach((genres, row) => genres.forEach((genre) => {
    if (!rowsOf.has(genre)) rowsOf.set(genre, []);
    rowsOf.get(genre).push(row);
  }));
  return [...rowsOf].sort(([, one], [, other]) => other.length - one.length).slice(0, NAMED).map(([genre, rows]) => {
    const median = (values) => rows.map((row) => values[row]).sort((a, b) => a - b)[rows.length >> 1];
    const [left, up] = [median(x), median(y)];
    const off = (row) => (x[row] - left) ** 2 + (y[row] - up) ** 2;
    return { genre, row: rows.reduce((best, row) => (off(row) < off(best) ? row : best)) };
  });
}

// The nearest row in a direction (an arrow's quarter of the plane); the row itself where there is none.
function nearestTowards({ x, y }, at, right, up) {
  let best = at, least = Infinity;
  for (let row = 0; row < x.length; row++) {
    const along = (x[row] - x[at]) * right + (y[row] - y[at]) * up;
    const across = Math.abs((x[row] - x[at]) * up + (y[row] - y[at]) * right);
    const far = along ** 2 + 4 * across ** 2;
    if (along > 0 && across <= along && far < least) [best, least] = [row, far];
  }
  return best;
}
