// Whether the server is there, and how busy it is: the banner, and the words at the top right.

import { get, onReach, request } from "./api.js";
import { byId } from "./dom.js";

const usualInterval = 10;
let lost = false;
let wait = usualInterval;
let timer = 0;
let waiters = [];

/** Resolves when the server can be reached: at once, or when it is back. */
export function whenReachable() {
  return lost ? new Promise((resolve) => waiters.push(resolve)) : Promise.resolve();
}

export function startWatchingServer() {
  onReach(noticed);
  byId("connection-retry").addEventListener("click", look);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  look();
}

function noticed(reached) {
  if (reached === !lost) return;
  lost = !reached;
  byId("connection").hidden = reached;
  wait = reached ? usualInterval : 1;
  if (reached) {
    waiters.forEach((resolve) => resolve());
    waiters = [];
  } else {
    schedule();
  }
}

export async function look() {
  clearTimeout(timer);
  byId("connection-words").textContent = "No connection to the server. Trying again.";
  let words = "";
  try {
    words = describe(await get("/ready"));
  } catch (error) {
    if (error.status === 503) words = error.code === "draining" ? "Shutting down" : await loadingOrDraining();
    if (error.unreachable) wait = Math.min(wait * 2, usualInterval);
  }
  byId("server-state").textContent = words;
  schedule();
}

/** `/ready` says 503 with its own body, which is not an error's. */
async function loadingOrDraining() {
  const { status } = await fetch("/ready").then((response) => response.json()).catch(() => ({}));
  return status === "draining" ? "Shutting down" : "Loading the model";
}

function describe({ queued = 0, running = 0 }) {
  if (queued) return `${queued} in line`;
  return running ? "Busy" : "Ready";
}

function schedule() {
  clearTimeout(timer);
  if (lost) byId("connection-words").textContent = `No connection to the server. Trying again in ${wait} s.`;
  if (!document.hidden || lost) timer = setTimeout(look, wait * 1000);
}

/** The server's description of itself; waits while it loads its model, or has no key. `whileWaiting` is told why. */
export async function capabilities(whileWaiting) {
  for (;;) {
    try {
      return await (await request("/v1/capabilities")).json();
    } catch (error) {
      whileWaiting(error.status === 401 ? `${error.message} Give it with the button at the top.` : error.message);
      if (error.unreachable) await whenReachable();
      else if (error.status === 401) await keyButton();
      else await new Promise((resolve) => setTimeout(resolve, (error.retryAfter || 3) * 1000));
    }
  }
}

/** Resolves when a person who dismissed the question for the key wants to give it after all. */
function keyButton() {
  const button = byId("change-key");
  button.hidden = false;
  return new Promise((resolve) => button.addEventListener("click", resolve, { once: true }));
}
