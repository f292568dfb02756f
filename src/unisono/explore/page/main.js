// What a person does on the page. Names of tracks are text, never markup.

import { fileOf, get, post } from "./api.js";
import { TrackMap } from "./map.js";

const at = (id) => document.getElementById(id);
const state = { model: "", tracks: null, rowOf: new Map(), track: null, playlist: [], last: null, plays: false, asked: 0 };

const nameOf = (track) => track.title || track.id;
const trackAt = (row) => {
  const { id, title, artist, genres } = state.tracks;
  return { id: id[row], title: title[row], artist: artist[row], genres: genres[row] };
};

const map = new TrackMap({
  canvas: at("canvas"), labels: at("labels"), legend: at("legend"),
  onPoint: (row) => choose(trackAt(row)),
  onHover: hover,
});

function hover(row, x, y) {
  at("hover").hidden = row === null || row === undefined;
  if (at("hover").hidden) return;
  const track = trackAt(row);
  at("hover").textContent = [nameOf(track), track.artist, track.genres.join(", ")].filter(Boolean).join(" · ");
  const left = Math.min(x + 12, at("map").clientWidth - at("hover").offsetWidth - 8);
  at("hover").style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, y - 40)}px)`;
}

function say(text, wrong = false) {
  at("status").textContent = text;
  at("status").classList.toggle("wrong", wrong);
}

// Ask, and show the answer unless something else was asked meanwhile.
async function ask(question, show) {
  const number = ++state.asked;
  say("…");
  try {
    const found = await question();
    if (number !== state.asked) return;
    say("");
    show(found);
  } catch (error) {
    if (number === state.asked) say(error.message, true);
  }
}

function row(track, icon, label, act) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const [title, score, under] = ["b", "small", "small"].map((kind) => document.createElement(kind));
  title.textContent = nameOf(track);
  score.textContent = track.similarity === undefined ? "" : track.similarity.toFixed(3);
  under.textContent = [track.artist, track.genres.join(", ")].filter(Boolean).join(" · ");
  Object.assign(button, { type: "button", className: "track" });
  button.append(title, score, under);
  button.addEventListener("click", () => choose(track));
  const other = document.createElement("button");
  Object.assign(other, { type: "button", className: "icon", textContent: icon, title: label });
  other.setAttribute("aria-label", `${label}: ${nameOf(track)}`);
  other.addEventListener("click", act);
  item.append(button, other);
  return item;
}

function heading(text) {
  const item = document.createElement("li");
  Object.assign(item, { className: "heading", textContent: text });
  return item;
}

const foundRow = (track) => row(track, "+", "Add to playlist", () => add(track));

function showFound(title, groups, first = []) {
  at("found-title").textContent = title;
  at("found").replaceChildren(...groups.flatMap(([name, tracks]) => [...(name ? [heading(name)] : []), ...tracks.map(foundRow)]));
  const ids = [...first, ...groups.flatMap(([, tracks]) => tracks)].map((track) => state.rowOf.get(track.id));
  map.mark(ids.filter((one) => one !== undefined));
}

const setting = () => ({ model: state.model, together: at("together").value });

function choose(track) {
  const from = state.track;
  if (at("path").getAttribute("aria-pressed") === "true" && from && from.id !== track.id) {
    at("path").setAttribute("aria-pressed", "false");
    show(track);
    state.last = () => ask(
      () => get("/api/path", { model: state.model, from: from.id, to: track.id, k: 10 }),
      ({ tracks }) => showFound(`From ${nameOf(from)} to ${nameOf(track)}`, [["", tracks]]),
    );
  } else {
    show(track);
    state.last = () => ask(
      () => get("/api/similar", { track: track.id, ...setting() }),
      ({ tracks }) => showFound(`Like ${nameOf(track)}`, [["", tracks]], [track]),
    );
  }
  state.last();
}

function show(track) {
  state.track = track;
  at("now").hidden = false;
  at("title").textContent = nameOf(track);
  at("artist").textContent = track.artist;
  at("genres").replaceChildren(...track.genres.map((genre) => Object.assign(document.createElement("span"), { textContent: genre })));
  at("audio").hidden = !state.plays;
  at("mel").hidden = at("silent").hidden = state.plays;
  if (state.plays) listen(fileOf("audio", track.id, state.model));
  else at("mel").src = fileOf("mel", track.id, state.model);
}

function listen(source) {
  at("audio").src = source;
  at("audio").play().catch((error) => {
    if (error.name === "NotSupportedError") say("the browser cannot play this file", true);
  });
}

function add(track) {
  if (!state.playlist.some(({ id }) => id === track.id)) state.playlist.push(track);
  showPlaylist();
}

function showPlaylist() {
  at("playlist").replaceChildren(...state.playlist.map((track, number) => row(track, "×", "Remove", () => {
    state.playlist.splice(number, 1);
    showPlaylist();
  })));
  at("empty").hidden = state.playlist.length > 0;
  for (const id of ["continue", "download", "clear"]) at(id).disabled = !state.playlist.length;
}

const playlistIds = () => ({ tracks: state.playlist.map(({ id }) => id) });

function continuePlaylist() {
  state.last = () => ask(
    async () => (await post("/api/continue", setting(), playlistIds())).json(),
    ({ tracks }) => showFound("Goes on with", [["", tracks]]),
  );
  state.last();
}

function download() {
  ask(async () => (await post("/api/m3u", { model: state.model }, playlistIds())).blob(), (text) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(text), download: "unisono.m3u8" });
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

function search(words) {
  if (!words) return;
  state.last = () => ask(() => get("/api/search", { q: words, model: state.model }), ({ called, sounds, named, detail }) => {
    showFound(`Search: ${words}`, [["Called so", called], [`Sounds like ${named.join(", ")}`, sounds]].filter(([, tracks]) => tracks.length));
    if (!called.length && !sounds.length) say(detail || "nothing found", true);
  });
  state.last();
}

function likeFile(file) {
  if (!file) return;
  at("now").hidden = true;
  state.track = null;
  state.last = () => ask(
    async () => (await post("/api/similar", setting(), file)).json(),
    ({ tracks }) => showFound(`Like ${file.name}`, [["", tracks]]),
  );
  state.last();
}

async function useModel(model) {
  state.model = model;
  at("together-label").hidden = model !== "trained";
  say(`Laying out the map of ${model}; the first time takes a while …`);
  const [places, tracks] = await Promise.all([get("/api/map", { model }), get("/api/tracks", { model })]);
  if (state.model !== model) return;
  state.tracks = tracks;
  state.rowOf = new Map(tracks.id.map((id, number) => [id, number]));
  hover(null);
  await map.show(places, tracks.genres);
  say("");
  state.last?.();
}

function listenToPerson() {
  at("search").addEventListener("submit", (event) => {
    event.preventDefault();
    search(at("words").value.trim());
  });
  at("together").addEventListener("change", () => state.last?.());
  at("model").addEventListener("change", () => useModel(at("model").value).catch((error) => say(error.message, true)));
  at("add").addEventListener("click", () => add(state.track));
  at("path").addEventListener("click", () => {
    const on = at("path").getAttribute("aria-pressed") !== "true";
    at("path").setAttribute("aria-pressed", String(on));
    say(on ? "Now choose the track to go to." : "");
  });
  at("continue").addEventListener("click", continuePlaylist);
  at("download").addEventListener("click", download);
  at("clear").addEventListener("click", () => {
    state.playlist = [];
    showPlaylist();
  });
  at("file").addEventListener("change", () => likeFile(at("file").files[0]));
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      at("drop").hidden = kind !== "dragover";
      if (kind === "drop") likeFile(event.dataTransfer.files[0]);
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/INPUT|SELECT/.test(document.activeElement.tagName)) {
      event.preventDefault();
      at("words").focus();
    }
  });
}

async function start() {
  listenToPerson();
  const { corpus, models, plays } = await get("/api/models");
  document.title = `Unisono: ${corpus}`;
  state.plays = plays;
  at("model").replaceChildren(...models.map((name) => new Option(name, name)));
  await map.start();
  await useModel(models[0]);
}

start().catch((error) => say(error.message, true));
