// The page's questions to the server that it came from.

async function answer(response) {
  if (response.ok) return response;
  const { detail } = await response.json().catch(() => ({ detail: response.statusText }));
  throw new Error(detail);
}

function address(route, query) {
  const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  return `${route}?${new URLSearchParams(pairs)}`;
}

export const get = async (route, query = {}) => (await answer(await fetch(address(route, query)))).json();

export async function post(route, query, body) {
  const json = !(body instanceof Blob);
  const headers = { "content-type": json ? "application/json" : "application/octet-stream" };
  return answer(await fetch(address(route, query), { method: "POST", headers, body: json ? JSON.stringify(body) : body }));
}

export const fileOf = (kind, id, model) => `/${kind}/${encodeURIComponent(id)}?${new URLSearchParams({ model })}`;
