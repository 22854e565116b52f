// The form that draws, edits and composes.

import { post } from "./api.js";
import { byId, showError } from "./dom.js";
import { dataURL } from "./pictures.js";
import { showRefusal } from "./refusal.js";
import { Results } from "./results.js";
import { tab } from "./storage.js";
import { Tray } from "./tray.js";
import * as words from "./words.js";

export class Create {
  /** `ask(url)` takes a picture to the chat. */
  constructor(capabilities, settings, ask) {
    this.settings = settings;
    this.draft = tab.get("draft");
    this.prompt = byId("prompt");
    this.imagesError = document.querySelector('[data-field="images"] .field-error');
    this.tray = new Tray(byId("create-tray"), {
      name: "create", limits: capabilities.limits, maskable: true,
      onChange: () => this.picturesChanged(),
      onError: (message) => showError(this.imagesError, message),
    });
    this.results = new Results({
      use: (url) => this.use(url), ask,
      reuse: (job) => this.reuse(job),
      retry: (job) => this.reuse(job).then(() => this.run()),
      report: (message) => showError(byId("run-error"), message),
    });
    this.listen();
    this.picturesChanged();
  }

  listen() {
    byId("create-form").addEventListener("submit", (event) => { event.preventDefault(); this.run(); });
    byId("reset").addEventListener("click", () => { this.settings.reset(); this.clearErrors(); });
    this.prompt.addEventListener("input", () => { showError(byId("prompt-error"), ""); this.keep(); });
    byId("create").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); this.run(); }
    });
    this.settings.onChange = () => this.keep();
  }

  /** Brings back what this tab had before a reload. */
  async restore() {
    if (this.draft) {
      this.prompt.value = this.draft.prompt;
      this.settings.apply(this.draft.settings);
    }
    await Promise.all([this.tray.restore(), this.results.restore()]);
  }

  keep() {
    tab.set("draft", { prompt: this.prompt.value, settings: this.settings.changed() });
  }

  picturesChanged() {
    const { pictures } = this.tray;
    const { verb, words: about } = words.task(pictures.length);
    byId("run").textContent = verb;
    byId("task").textContent = about;
    if (!byId("create").hidden) this.tellSettings();
    this.keep();
  }

  tellSettings() {
    const { pictures } = this.tray;
    this.settings.setPictures(pictures.length, Boolean(pictures[0]?.mask));
  }

  async use(url) {
    this.clearErrors();
    location.hash = "#create";
    await this.tray.addFromPage(url);
    this.prompt.focus();
  }

  async reuse(job) {
    this.clearErrors();
    location.hash = "#create";
    this.prompt.value = job.request.prompt;
    this.tray.clear();
    for (const [index, input] of (job.inputs || []).entries()) {
      await this.tray.addFromPage(input.url, `image ${index + 1}`, index === 0 && job.mask ? job.mask.url : null);
    }
    this.settings.apply(job.request);
    this.prompt.focus();
  }

  async run() {
    this.clearErrors();
    if (!this.prompt.value.trim()) {
      this.prompt.focus();
      return showError(byId("prompt-error"), "Write what to draw or change.");
    }
    if (byId("run").disabled) return;
    this.busy(true);
    try {
      this.results.begin(await post("/v1/jobs", await this.body()));
      if (matchMedia("(max-width: 820px)").matches) byId("cards").scrollIntoView({ behavior: "smooth", block: "start" });
    } catch (error) {
      this.refused(error);
    } finally {
      this.busy(false);
    }
  }

  busy(yes) {
    byId("run").disabled = yes;
    byId("run").textContent = yes ? "Sending" : words.task(this.tray.pictures.length).verb;
  }

  async body() {
    const { pictures } = this.tray;
    const settings = this.settings.changed();
    const body = { prompt: this.prompt.value.trim(), ...settings, preview_interval: this.previewInterval() };
    if (pictures.length) body.images = await Promise.all(pictures.map((picture) => dataURL(picture.blob)));
    if (pictures[0]?.mask) body.mask = await dataURL(await pictures[0].mask.png());
    return body;
  }

  /** About ten previews, whatever the number of steps. */
  previewInterval() {
    return Math.max(1, Math.round((this.settings.controls.num_inference_steps.value || 50) / 10));
  }

  /** Puts a refusal beside what it is about; what is about nothing on the page goes beside the button. */
  refused(error) {
    const param = (error.param || "").split(/[.[]/)[0];
    if (param === "prompt") {
      showError(byId("prompt-error"), error.message);
      this.prompt.focus();
    } else if (["images", "image", "mask"].includes(param)) {
      showError(this.imagesError, error.message);
    } else if (!this.settings.showError(param, error.message)) {
      showRefusal(byId("run-error"), error);
    }
  }

  clearErrors() {
    showRefusal(byId("run-error"), null);
    showError(byId("prompt-error"), "");
    showError(this.imagesError, "");
    this.settings.clearErrors();
  }
}
