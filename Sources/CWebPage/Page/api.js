// Requests to the server: the key, errors in words, streams.

import { askForKey } from "./dialogs.js";
import { serverEvents } from "./sse.js";
import { browser } from "./storage.js";

/** What the server (or the way to it) said no with. `message` is meant for a person. */
export class ServerError extends Error {
  constructor(message, { status = 0, param = null, code = null, retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { status, param, code, retryAfter });
  }

  get unreachable() { return this.status === 0; }

  static async from(response) {
    let error = {};
    try { error = (await response.json()).error || {}; } catch { /* not JSON: the status has to do */ }
    const retryAfter = Number(response.headers.get("retry-after")) || null;
    const message = error.message || `The server answered ${response.status} ${response.statusText}.`;
    return new ServerError(message, { status: response.status, param: error.param, code: error.code, retryAfter });
  }
}

const listeners = [];
/** Calls back with true or false after each request: whether the server was reached. */
export const onReach = (listener) => listeners.push(listener);
const reached = (yes) => listeners.forEach((listener) => listener(yes));

async function send(path, { method = "GET", body, signal } = {}) {
  const headers = {};
  const key = browser.get("key");
  if (key) headers.authorization = `Bearer ${key}`;
  if (body) headers["content-type"] = "application/json";
  try {
    const response = await fetch(path, { method, headers, signal, body: body && JSON.stringify(body), cache: "no-store" });
    reached(true);
    return { response, key };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    reached(false);
    throw new ServerError("The server cannot be reached.");
  }
}

/** The response, if it is a good one. Asks for the key, as often as needed, when the server does. */
export async function request(path, options = {}) {
  for (;;) {
    const { response, key } = await send(path, options);
    if (response.ok) return response;
    const error = await ServerError.from(response);
    if (error.status !== 401) throw error;
    const changedMeanwhile = browser.get("key") !== key;
    if (!changedMeanwhile && !(await askForKey(key ? error.message : null))) throw error;
  }
}

export const get = async (path, options) => (await request(path, options)).json();
export const post = async (path, body = {}, options = {}) => (await request(path, { method: "POST", body, ...options })).json();
export const remove = async (path) => (await request(path, { method: "DELETE" })).json();

/** Yields the events of a stream, their data parsed. */
export async function* events(path, options) {
  const response = await request(path, options);
  try {
    for await (const { event, data } of serverEvents(response)) {
      if (data === "[DONE]") return;
      yield { event, data: JSON.parse(data) };
    }
  } catch (error) {
    if (error.name === "AbortError" || error instanceof SyntaxError) throw error;
    reached(false);
    throw new ServerError("The connection to the server was lost.");
  }
}
