// What lies beside the form: cards of the jobs under way, the card that is looked at, and the history below.

import { get, post, remove } from "./api.js";
import { Card } from "./card.js";
import { confirmDeletion } from "./dialogs.js";
import { announce, byId } from "./dom.js";
import { History, picturesOf } from "./history.js";
import { follow, followedJobs, isActive, started } from "./jobs.js";
import { look } from "./server.js";
import { openViewer } from "./viewer.js";
import { tab } from "./storage.js";
import * as words from "./words.js";

export class Results {
  /** `actions`: use(url), ask(url), reuse(job), retry(job), report(words). */
  constructor(actions) {
    this.cards = new Map(); // id -> Card
    this.shown = null; // the id of the finished job that is looked at
    this.actions = actions;
    this.history = new History({ open: (job) => this.open(job), remove: (job) => this.remove(job) });
    this.cardActions = {
      ...actions,
      cancel: (job) => this.cancel(job),
      remove: (job) => this.remove(job),
      dismiss: (job) => this.takeAway(job.id),
      view: (picture, job) => this.view(picture, job),
    };
  }

  /** The history, and the jobs of this browser that were under way when the page was left: some may have ended since. */
  async restore() {
    await this.history.load();
    const ids = started.ids();
    for (const id of ids) {
      const job = this.history.jobs.find((other) => other.id === id) || (await get(`/v1/jobs/${id}`).catch((error) => (error.status === 404 ? null : undefined)));
      if (job && isActive(job)) this.track(job);
      else if (job !== undefined) started.remove(id);
      if (job && !isActive(job)) tab.set("shown", id);
    }
    this.history.render();
    const last = this.history.jobs.find((job) => job.id === tab.get("shown"));
    if (last && !isActive(last)) this.show(last);
  }

  /** A job that was just sent. */
  begin(job) {
    started.add(job.id);
    look();
    this.track(job);
  }

  track(job) {
    const card = this.card(job);
    byId("cards").insertBefore(card.node, firstFinished());
    if (!isActive(job)) return this.ended(job);
    let told = "";
    follow(job, {
      update: (now) => {
        card.update(now);
        const quarter = Math.floor((4 * (now.progress?.step || 0)) / (now.progress?.steps || 1));
        const news = now.status === "queued" ? words.progress(now) : quarter ? `${quarter * 25} percent drawn` : "Drawing";
        if (news !== told) announce(news);
        told = news;
        this.title();
      },
      preview: (base64) => card.showPreview(base64),
      end: (now) => (now ? this.ended(now) : this.vanished(job)),
    });
    this.title();
  }

  /** A job that the server no longer knows: it was restarted, or someone deleted the job elsewhere. */
  vanished(job) {
    if (!this.cards.has(job.id)) return;
    this.takeAway(job.id);
    this.title();
    this.actions.report(`The server no longer has “${shorten(job.request.prompt)}”. It was deleted, or the server was started anew.`);
  }

  card(job) {
    const card = this.cards.get(job.id) || new Card(job, this.cardActions);
    this.cards.set(job.id, card);
    return card;
  }

  ended(job) {
    if (job.request?.seed !== undefined) tab.set("lastSeed", job.request.seed);
    this.history.put(job);
    this.show(job);
    look();
    announce(job.error ? `Failed: ${job.error.message}` : words.outcome(job));
    this.title();
  }

  /** Shows a finished job in place of the one before; cards under way stay above. */
  show(job) {
    if (this.shown && this.shown !== job.id) this.takeAway(this.shown);
    this.shown = job.id;
    tab.set("shown", job.id);
    const card = this.card(job);
    card.update(job);
    if (byId("cards").lastElementChild !== card.node) byId("cards").append(card.node);
  }

  open(job) {
    if (isActive(job)) this.track(job);
    else this.show(job);
    this.history.render();
    const { node } = this.cards.get(job.id);
    node.scrollIntoView({ block: "nearest", behavior: "smooth" });
    node.focus({ preventScroll: true });
  }

  takeAway(id) {
    this.cards.get(id)?.node.remove();
    this.cards.delete(id);
    if (this.shown === id) {
      this.shown = null;
      tab.set("shown", null);
    }
  }

  async cancel(job) {
    try {
      await post(`/v1/jobs/${job.id}/cancel`);
    } catch (error) {
      this.actions.report(`It could not be cancelled: ${error.message}`);
    }
  }

  async remove(job) {
    if (!(await confirmDeletion(`Delete “${shorten(job.request.prompt)}” and its pictures from the server?`))) return;
    try {
      await remove(`/v1/jobs/${job.id}`);
    } catch (error) {
      if (error.status !== 404) return this.actions.report(`It could not be deleted: ${error.message}`);
    }
    this.takeAway(job.id);
    this.history.drop(job.id);
    announce("Deleted");
  }

  /** Among all of the history, or among the job's own if the history shows others. */
  view(picture, job) {
    const isIt = (entry) => entry.url === picture.url;
    const all = this.history.pictures();
    const list = all.some(isIt) ? all : picturesOf(job);
    openViewer(list, list.findIndex(isIt), this.actions.use);
  }

  /** The window's title says how far it is, for those who look at another tab. */
  title() {
    const running = followedJobs().find((job) => job.status === "running" && job.progress?.step);
    const part = running && Math.round((100 * running.progress.step) / running.progress.steps);
    document.title = running ? `${part} % · OmniGen2` : followedJobs().length ? "Waiting · OmniGen2" : "OmniGen2";
  }
}

function firstFinished() {
  return [...byId("cards").children].find((node) => !["queued", "running"].includes(node.dataset.status)) || null;
}

const shorten = (prompt) => (prompt.length > 60 ? `${prompt.slice(0, 58)}…` : prompt);
