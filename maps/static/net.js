// Requests to the server: JSON in, pages followed, faults told apart, and what to do when the line is down.

export class Fault extends Error {
  constructor(kind, detail, status = 0, body = {}) {
    super(detail);
    this.kind = kind; // "offline" | "refused" | "server"
    this.status = status;
    this.body = body; // the problem as the server tells it
  }
}

const line = { since: null, listeners: new Set() };

/** Tells when the line goes down (with the moment since when) and when it is back (null). */
export const onLine = (listener) => line.listeners.add(listener);
export const offlineSince = () => line.since;

function setLine(down) {
  const since = down ? (line.since ?? new Date()) : null;
  if (since === line.since) return;
  line.since = since;
  for (const listener of line.listeners) listener(since);
}

const busy = { count: 0, listeners: new Set() };
export const onBusy = (listener) => busy.listeners.add(listener);
function count(step) {
  busy.count += step;
  for (const listener of busy.listeners) listener(busy.count);
}

async function problemOf(response) {
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("json")) return { detail: response.statusText || String(response.status) };
  const body = await response.json().catch(() => ({}));
  return { ...body, detail: body.detail ?? body.title ?? String(response.status) };
}

/** `body` is sent as JSON, `file` as it is. */
export async function request(url, { method = "GET", body, file, signal, headers = {} } = {}) {
  count(1);
  try {
    let response;
    try {
      const asJson = file ? { "content-type": "application/octet-stream" } : body === undefined ? {} : { "content-type": "application/json" };
      response = await fetch(url, {
        method, signal, credentials: "same-origin",
        headers: { accept: "application/json", ...asJson, ...headers },
        body: file ?? (body === undefined ? undefined : JSON.stringify(body)),
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      setLine(true);
      throw new Fault("offline", error.message);
    }
    setLine(false);
    if (!response.ok) {
      const problem = await problemOf(response);
      throw new Fault(response.status < 500 ? "refused" : "server", problem.detail, response.status, problem);
    }
    return response.status === 204 ? null : await response.json();
  } finally {
    count(-1);
  }
}

export const nextPage = (body) => body?.links?.find((link) => link.rel === "next")?.href ?? null;

/** All features of a collection, page after page; `onPage` gets what is there so far. */
export async function features(url, { signal, onPage, limit = 200_000 } = {}) {
  const found = [];
  let next = url;
  let meta = null;
  while (next && found.length < limit) {
    const body = await request(next, { signal });
    meta ??= body;
    found.push(...body.features);
    const href = nextPage(body);
    // Only the path counts: a server behind a proxy may not know its own outer name.
    next = href ? new URL(href, location.href).pathname + new URL(href, location.href).search : null;
    if (next) onPage?.(found);
  }
  return { features: found, body: meta };
}

export const query = (path, values) => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, value);
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
};
