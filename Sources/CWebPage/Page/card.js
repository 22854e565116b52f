// One job, from its place in line to its pictures.

import { compare } from "./compare.js";
import { element, icon, iconButton } from "./dom.js";
import { isActive } from "./jobs.js";
import { makeDraggable } from "./pictures.js";
import { browser } from "./storage.js";
import * as words from "./words.js";

export const fileName = (picture, job) => `omnigen2-${job.id.slice(0, 8)}-${picture.index}.${picture.format === "jpeg" ? "jpg" : picture.format}`;

export class Card {
  /** `actions`: cancel, retry, reuse, use, ask, view, remove, dismiss; each is given what it is about. */
  constructor(job, actions) {
    this.actions = actions;
    this.chosen = 0;
    this.node = element("article", { class: "card", "data-job": job.id, tabIndex: -1 });
    this.update(job);
  }

  update(job) {
    const changed = this.job?.status !== job.status;
    this.job = job;
    if (changed || !isActive(job)) this.build();
    if (isActive(job)) this.showProgress();
  }

  build() {
    this.node.dataset.status = this.job.status;
    this.node.setAttribute("aria-label", `${words.task(this.job.inputs?.length || 0).verb}: ${this.job.request.prompt}`);
    const parts = isActive(this.job) ? this.unfinished() : this.finished();
    this.node.replaceChildren(...parts.filter(Boolean));
  }

  // While it is not finished

  unfinished() {
    this.bar = element("progress", { max: 1, "aria-label": "Progress" });
    this.line = element("p", { class: "card-line" });
    this.warnings = element("div", {});
    const cancel = element("button", { type: "button", class: "cancel", on: { click: () => this.actions.cancel(this.job) } }, "Cancel");
    return [
      this.job.status === "running" ? this.previewFrame() : null,
      this.bar,
      element("div", { class: "card-row" }, this.line, cancel),
      this.warnings,
      this.title(),
    ];
  }

  previewFrame() {
    const { width, height } = this.job.request;
    this.preview = element("div", { class: "picture-frame waiting" });
    if (width && height) this.preview.style.setProperty("--ratio", width / height);
    if (this.lastPreview) this.showPreview(this.lastPreview);
    return this.preview;
  }

  showPreview(base64) {
    this.lastPreview = base64;
    if (!this.preview) return;
    let image = this.preview.querySelector("img");
    if (!image) this.preview.append(image = element("img", { class: "preview", alt: "Preview" }));
    image.src = `data:image/png;base64,${base64}`;
  }

  showProgress() {
    const { step, steps } = this.job.progress || {};
    if (this.job.status === "running" && step) this.bar.value = step / steps;
    else this.bar.removeAttribute("value");
    this.bar.hidden = this.job.status === "queued";
    this.line.textContent = words.progress(this.job);
    this.warnings.replaceChildren(...this.warningLines());
  }

  // When it is finished

  finished() {
    const { job } = this;
    return [
      job.pictures?.length ? this.pictureArea() : null,
      job.pictures?.length > 1 ? this.strip() : null,
      element("div", { class: "card-row" }, element("p", { class: "card-line" }, this.finishedLine()), this.buttons()),
      job.error ? element("p", { class: "card-error", role: "alert" }, job.error.message) : null,
      ...this.warningLines(),
      this.title(),
      this.details(),
    ];
  }

  get picture() { return this.job.pictures?.[this.chosen]; }

  finishedLine() {
    const { picture } = this;
    const about = picture ? [`${picture.width}×${picture.height}`, picture.bytes ? words.fileSize(picture.bytes) : null] : [];
    return [words.outcome(this.job), ...about].filter(Boolean).join(" · ");
  }

  get comparable() { return this.job.inputs?.length === 1 && Boolean(this.picture); }

  pictureArea() {
    const { picture, job } = this;
    const frame = element("div", { class: "picture-frame" });
    frame.classList.toggle("small", Math.max(picture.width, picture.height) < 256);
    frame.style.setProperty("--ratio", picture.width / picture.height);
    if (this.comparable && browser.get("compare", false)) {
      frame.append(compare(job.inputs[0].url, picture.url, job.request.prompt));
    } else {
      const image = element("img", { src: picture.url, alt: job.request.prompt, class: "result" });
      makeDraggable(image);
      frame.append(element("button", { type: "button", class: "picture-button", title: "Large view", on: { click: () => this.actions.view(picture, job) } }, image));
    }
    return frame;
  }

  strip() {
    return element("div", { class: "strip" }, ...this.job.pictures.map((picture, index) => {
      const image = element("img", { src: picture.url, alt: `Picture ${index + 1}` });
      makeDraggable(image);
      return element("button", { type: "button", "aria-pressed": String(index === this.chosen), on: { click: () => this.choose(index) } }, image);
    }));
  }

  choose(index) {
    this.chosen = index;
    this.build();
    this.node.querySelectorAll(".strip button")[index]?.focus();
  }

  buttons() {
    const { actions, job, picture } = this;
    const row = element("div", { class: "card-buttons" });
    if (this.comparable) row.append(this.compareButton());
    if (picture) {
      row.append(
        iconButton("input", "Use this picture as input", () => actions.use(picture.url), "Use as input"),
        this.reuseButton(),
        iconButton("ask", "Ask about this picture in the chat", () => actions.ask(picture.url)),
        element("a", { class: "button quiet", href: picture.url, download: fileName(picture, job), title: "Download", "aria-label": "Download" }, icon("download")));
    } else {
      row.append(iconButton("send", "Send it once more", () => actions.retry(job), "Try again"), this.reuseButton());
    }
    row.append(
      iconButton("delete", "Delete this job and its pictures", () => actions.remove(job)),
      iconButton("remove", "Put away (it stays in the history)", () => actions.dismiss(job)));
    return row;
  }

  reuseButton() {
    return iconButton("again", "Take over these settings, pictures and seed", () => this.actions.reuse(this.job), "Re-use");
  }

  compareButton() {
    const on = browser.get("compare", false);
    const button = iconButton("compare", "Before and after", () => {
      browser.set("compare", !on);
      this.build();
      this.node.querySelector(on ? ".compare-toggle" : ".compare input")?.focus();
    }, "Compare");
    button.classList.add("compare-toggle");
    button.setAttribute("aria-pressed", String(on));
    return button;
  }

  // In both states

  title() {
    const inputs = (this.job.inputs || []).map((input, index) => element("img", { src: input.url, alt: `Image ${index + 1}`, title: `image ${index + 1}`, loading: "lazy" }));
    return element("div", { class: "card-title" }, ...inputs, element("p", {}, this.job.request.prompt));
  }

  warningLines() {
    return (this.job.warnings || []).map((warning) => element("p", { class: "card-warning" }, warning));
  }

  details() {
    const list = element("dl", {}, ...settingsInWords(this.job.request).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
    return element("details", { class: "card-details" }, element("summary", {}, "Settings"), list);
  }
}

function settingsInWords(request) {
  const range = request.cfg_range;
  return [
    ["Seed", request.seed], ["Size", words.size(request)], ["Steps", request.num_inference_steps],
    ["Text guidance", request.guidance_scale], ["Image guidance", request.guidance_scale_2],
    ["Guided part", range && `${range[0]} to ${range[1]}`],
    ["Scheduler", request.scheduler && words.scheduler(request.scheduler)], ["Cache", request.cache && words.cache(request.cache)],
    ["LoRA", (request.lora || []).map((lora) => `${lora.name} (${lora.scale})`).join(", ")],
    ["Negative prompt", request.negative_prompt],
  ].filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => [name, String(value)]);
}
