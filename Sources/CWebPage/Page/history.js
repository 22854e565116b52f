// All jobs the server remembers, newest first: searched, paged, opened, deleted.

import { get } from "./api.js";
import { fileName } from "./card.js";
import { byId, element, icon, iconButton } from "./dom.js";
import { makeDraggable } from "./pictures.js";
import { isActive, isFollowed } from "./jobs.js";
import * as words from "./words.js";

const pageSize = 24;

/** A job's pictures as the large view takes them. */
export const picturesOf = (job) => (job.pictures || []).map((picture) => ({ url: picture.url, words: job.request.prompt, file: fileName(picture, job) }));

export class History {
  /** `actions`: open(job), remove(job). */
  constructor(actions) {
    Object.assign(this, { actions, jobs: [], more: false, query: 0 });
    let pause = 0;
    byId("history-search").addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(() => this.load(), 250); });
    byId("history-status").addEventListener("change", () => this.load());
    byId("history-more").addEventListener("click", () => this.load(this.jobs.at(-1)?.id));
  }

  /** The first page, or the one after a job. An answer that was overtaken by a later question is dropped. */
  async load(before = null) {
    const query = (this.query += 1);
    const parameters = new URLSearchParams({ limit: pageSize });
    if (before) parameters.set("before", before);
    if (this.filtered) {
      if (byId("history-status").value) parameters.set("status", byId("history-status").value);
      if (byId("history-search").value.trim()) parameters.set("search", byId("history-search").value.trim());
    }
    try {
      const page = await get(`/v1/jobs?${parameters}`);
      if (query !== this.query) return;
      this.jobs = before ? [...this.jobs, ...page.data] : page.data;
      this.more = page.has_more;
      this.render();
    } catch (error) {
      if (query === this.query) byId("history-words").textContent = `The history cannot be shown: ${error.message}`;
    }
  }

  get filtered() {
    return Boolean(byId("history-status").value || byId("history-search").value.trim());
  }

  /** A job that has just ended. */
  put(job) {
    if (this.filtered) return this.load();
    const index = this.jobs.findIndex((other) => other.id === job.id);
    if (index >= 0) this.jobs[index] = job;
    else this.jobs = [job, ...this.jobs].sort((a, b) => b.created_at - a.created_at);
    this.render();
  }

  drop(id) {
    this.jobs = this.jobs.filter((job) => job.id !== id);
    this.render();
  }

  /** Every picture of the list, for the large view. */
  pictures() {
    return this.jobs.flatMap(picturesOf);
  }

  render() {
    const shown = this.jobs.filter((job) => !isFollowed(job.id));
    byId("history").replaceChildren(...shown.map((job) => this.tile(job)));
    byId("history-more").hidden = !this.more;
    byId("history-words").textContent = shown.length ? "" : this.filtered ? "Nothing found." : "What you draw appears here, and stays after a reload.";
  }

  tile(job) {
    const picture = job.pictures?.[0];
    const inside = picture ? element("img", { src: picture.url, alt: "", loading: "lazy" }) : element("span", { class: "tile-words" }, stateOf(job));
    if (picture) {
      makeDraggable(inside);
      inside.classList.toggle("small", Math.max(picture.width, picture.height) < 256);
    }
    const count = job.pictures?.length > 1 ? element("span", { class: "tile-count" }, String(job.pictures.length)) : null;
    const mark = job.inputs?.length ? element("span", { class: "tile-mark", title: words.task(job.inputs.length).verb }, icon("input")) : null;
    return element("li", { class: "tile", "data-job": job.id },
      element("button", { type: "button", class: "tile-open", title: `${job.request.prompt}\n${words.when(job.created_at)}`, "aria-label": `Open: ${job.request.prompt}`,
        on: { click: () => this.actions.open(job), keydown: (event) => { if (event.key === "Delete") this.actions.remove(job); } } }, inside, count, mark),
      element("p", {}, job.request.prompt),
      iconButton("delete", `Delete: ${job.request.prompt}`, () => this.actions.remove(job)));
  }
}

function stateOf(job) {
  return isActive(job) ? (job.status === "running" ? "Being drawn" : "In line") : words.outcome(job);
}
