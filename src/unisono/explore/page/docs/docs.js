// The API as a page: what /openapi.json says of each route, and a form to try it. Nothing of it is ever markup.

const LONGEST = 20000;  // characters of an answer that are shown

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// What a parameter takes, in a few words.
function taken({ schema, required, description }) {
  const { type, minimum, maximum, maxItems, maxLength, default: value } = schema;
  const said = [
    type === "array" ? "one a line" : type,
    minimum !== undefined && `${minimum} to ${maximum}`,
    (maxItems ?? maxLength) && `at most ${maxItems ?? `${maxLength} characters`}`,
    required ? "required" : value !== undefined && `default ${value}`,
  ];
  return `${description ?? ""} (${said.filter(Boolean).join(", ")})`;
}

// A parameter that may be left out is described as either of two; the other is nothing.
const plain = (parameter) => ({
  ...parameter, schema: { ...parameter.schema, ...(parameter.schema.anyOf ?? []).find(({ type }) => type !== "null") },
});

function examples({ id, genres }) {
  const [first = "", second = first] = id;
  const genre = genres.flat()[0] ?? "";
  return {
    track: first, from: first, id: first, startSongId: first, to: second, endSongId: second, q: genre,
    body: JSON.stringify({ tracks: [...new Set([first, second])] }),
  };
}

function field(name, input, about) {
  input.setAttribute("aria-label", name);
  return element("label", { className: "field" }, element("code", { textContent: name }), input, element("small", { textContent: about }));
}

function inputOf({ name, schema, required }, example) {
  const value = required ? example[name] ?? "" : "";
  return schema.type === "array" ? element("textarea", { value, rows: 2 }) : element("input", { value, spellcheck: false });
}

// The body's field: a file where it is bytes, text where it is JSON, nothing where there is none.
function bodyOf(operation, example) {
  const [type] = Object.keys(operation.requestBody?.content ?? {});
  if (!type) return null;
  if (type === "application/json") return { type, input: element("textarea", { value: example.body, rows: 2 }), about: "JSON" };
  return { type, input: element("input", { type: "file", accept: "audio/*" }), about: "an audio file" };
}

function addressOf(path, parameters, inputs) {
  const query = new URLSearchParams();
  parameters.forEach(({ name, schema, in: place }, number) => {
    const { value } = inputs[number];
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else for (const one of schema.type === "array" ? value.split("\n") : [value]) if (one) query.append(name, one);
  });
  return new URL(query.size ? `${path}?${query}` : path, location.origin).href;
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(method, address, body) {
  if (!body) return `curl ${method === "GET" ? "" : `-X ${method} `}${quoted(address)}`;
  if (body.type === "application/json") return `curl -H 'content-type: application/json' -d ${quoted(body.input.value)} ${quoted(address)}`;
  return `curl --data-binary @${quoted(body.input.files[0]?.name ?? "song.ogg")} ${quoted(address)}`;
}

async function shown(response) {
  const type = response.headers.get("content-type") ?? "";
  if (/^(image|audio)\/(?!x-mpegurl)/.test(type)) {
    const src = URL.createObjectURL(await response.blob());
    return type.startsWith("image") ? element("img", { src, alt: "The answer" }) : element("audio", { src, controls: true });
  }
  const text = await response.text();
  const pretty = type.startsWith("application/json") ? JSON.stringify(JSON.parse(text), null, 2) : text;
  return element("pre", { textContent: pretty.length > LONGEST ? `${pretty.slice(0, LONGEST)}\n… ${pretty.length - LONGEST} more characters` : pretty });
}

function route(path, method, operation, example) {
  const parameters = (operation.parameters ?? []).map(plain);
  const inputs = parameters.map((parameter) => inputOf(parameter, example));
  const body = bodyOf(operation, example);
  const answer = element("div", { ariaLive: "polite" });
  const form = element(
    "form", {},
    ...parameters.map((parameter, number) => field(parameter.name, inputs[number], taken(parameter))),
    ...(body ? [field("body", body.input, body.about)] : []),
    element("p", { className: "actions" }, element("button", { textContent: "Try" })),
    answer,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const address = addressOf(path, parameters, inputs);
    const asked = element("pre", { textContent: curl(method, address, body) });
    answer.replaceChildren(asked, "…");
    try {
      const sent = body && { headers: { "content-type": body.type }, body: body.input.files ? body.input.files[0] : body.input.value };
      const response = await fetch(address, { method, ...sent });
      const made = await shown(response);
      answer.replaceChildren(asked, `${response.status} ${response.statusText}`, made);
    } catch (error) {
      answer.replaceChildren(asked, error.message);
    }
  });
  return element(
    "details", {},
    element("summary", {}, element("b", { textContent: method }), element("code", { textContent: path }), element("span", { textContent: operation.description ?? operation.summary })),
    form,
  );
}

const json = async (address) => (await fetch(address)).json();

async function start() {
  const [description, tracks] = await Promise.all([json("../openapi.json"), json("../api/tracks")]);
  const { title, version, summary } = description.info;
  document.getElementById("about").textContent = `${title} ${version}: ${summary}`;
  const example = examples(tracks), groups = new Map();
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const group = operation.tags?.[0] ?? "The API";
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(route(path, method.toUpperCase(), operation, example));
    }
  }
  document.getElementById("routes").replaceChildren(
    ...[...groups].flatMap(([group, routes]) => [element("h2", { textContent: group }), ...routes]),
  );
}

start().catch((error) => { document.getElementById("status").textContent = error.message; });
