// Follows unfinished jobs until they end. A browser allows six connections to a server, for all tabs together; so a tab
// listens to one job's events, the one that is drawn or is next, and asks about the others now and then. A tab that is
// not looked at listens to none.

import { ServerError, events, get } from "./api.js";
import { whenReachable } from "./server.js";
import { browser } from "./storage.js";

const askEvery = 2000;
const askEveryWhenHidden = 6000;
const followed = new Map(); // id -> {job, listener}
let listening = null; // {id, abort}
let timer = 0;

export const isActive = (job) => job.status === "queued" || job.status === "running";
export const isFollowed = (id) => followed.has(id);
export const followedJobs = () => [...followed.values()].map((entry) => entry.job);

/** Tells `listener` of every change (`update(job)`), of previews (`preview(base64)`), and of the end (`end(job)`, null if
 *  the job is no longer there). */
export function follow(job, listener) {
  followed.set(job.id, { job, listener });
  listen();
  schedule();
}

/** The jobs that were started in this browser, newest last. */
export const started = {
  ids: () => browser.get("jobs", []),
  add: (id) => browser.set("jobs", [...started.ids().filter((other) => other !== id), id].slice(-50)),
  remove: (id) => browser.set("jobs", started.ids().filter((other) => other !== id)),
};

function update(id, job) {
  const entry = followed.get(id);
  if (!entry) return;
  entry.job = job;
  if (isActive(job)) entry.listener.update(job);
  else end(id, job);
}

function end(id, job) {
  const entry = followed.get(id);
  followed.delete(id);
  started.remove(id);
  if (listening?.id === id) listening.abort.abort();
  entry?.listener.end(job);
  listen();
}

/** The one worth listening to: a job that is drawn, otherwise the one nearest to it. */
function nearest() {
  const place = (job) => (job.status === "running" ? -1 : job.position ?? Infinity);
  return followedJobs().sort((a, b) => place(a) - place(b))[0];
}

function listen() {
  const job = document.hidden ? undefined : nearest();
  if (listening?.id === job?.id) return;
  listening?.abort.abort();
  listening = null;
  if (job) listenTo(job.id);
}

async function listenTo(id) {
  const here = { id, abort: new AbortController() };
  listening = here;
  try {
    for await (const { event, data } of events(`/v1/jobs/${id}/events`, { signal: here.abort.signal })) take(id, event, data);
  } catch (error) {
    if (error.name !== "AbortError") await gone(id, error);
  }
  if (listening !== here) return;
  listening = null;
  await whenReachable();
  setTimeout(listen, 1000);
}

function take(id, event, data) {
  const entry = followed.get(id);
  if (!entry) return;
  const { job, listener } = entry;
  switch (event) {
    case "job.queued": return update(id, { ...job, status: "queued", position: data.position });
    case "job.started": return update(id, { ...job, status: "running", position: null, started_at: job.started_at ?? Date.now() / 1000 });
    case "job.progress": return update(id, { ...job, status: "running", position: null, progress: data });
    case "job.warning": return update(id, { ...job, warnings: [...(job.warnings || []), data.message] });
    case "job.preview": return listener.preview(data.b64_json);
    default: if (data.id === id) update(id, data);
  }
}

/** A job that the server no longer knows has ended; anything else may pass. */
async function gone(id, error) {
  if (error instanceof ServerError && error.status === 404) end(id, null);
  else await whenReachable();
}

function schedule() {
  clearTimeout(timer);
  if (followed.size) timer = setTimeout(ask, document.hidden ? askEveryWhenHidden : askEvery);
}

async function ask() {
  for (const id of [...followed.keys()]) {
    if (id === listening?.id) continue;
    try {
      update(id, await get(`/v1/jobs/${id}`));
    } catch (error) {
      await gone(id, error);
    }
  }
  listen();
  schedule();
}

document.addEventListener("visibilitychange", () => { listen(); schedule(); });
