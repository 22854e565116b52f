// One message of the conversation.

import { element, icon, iconButton } from "./dom.js";
import { makeDraggable } from "./pictures.js";
import { showRefusal } from "./refusal.js";
import { progress } from "./words.js";

export class Message {
  /** `actions`: use(url), view(url), retry(). Pictures are `data:` addresses. */
  constructor({ role, text, pictures, stopped = false, failed = null }, actions) {
    Object.assign(this, { role, text, pictures: [...pictures], stopped, failed, actions });
    this.words = element("div", { class: "message-words" }, text);
    this.drawn = element("div", { class: "message-pictures" }, ...this.pictures.map((url) => this.picture(url)));
    this.foot = element("div", { class: "message-foot" });
    this.node = element("article", { class: `message ${role}`, "aria-label": role === "user" ? "You" : "OmniGen2" }, this.drawn, this.words, this.foot);
    if (role === "assistant" && !text && !pictures.length && !stopped && !failed) this.words.append(element("span", { class: "typing", "aria-label": "Thinking" }));
    if (stopped) this.foot.append("Stopped");
    if (failed) this.showFailure(new Error(failed));
  }

  addText(text) {
    this.text += text;
    this.words.textContent = this.text;
  }

  addPicture(url) {
    this.pictures.push(url);
    this.dropPreview();
    this.drawn.append(this.picture(url));
  }

  picture(url) {
    const image = element("img", { src: url, alt: this.role === "user" ? "Your picture" : "Drawn picture" });
    image.addEventListener("load", () => image.classList.toggle("small", Math.max(image.naturalWidth, image.naturalHeight) < 256));
    makeDraggable(image);
    const open = element("button", { type: "button", class: "picture-button", title: "Large view", on: { click: () => this.actions.view(url) } }, image);
    if (this.role === "user") return open;
    return element("figure", {}, open, element("figcaption", {},
      iconButton("input", "Use this picture as input", () => this.actions.use(url), "Use as input"),
      element("a", { class: "button quiet", href: url, download: "omnigen2-chat.png", "aria-label": "Download", title: "Download" }, icon("download"))));
  }

  showProgress({ step, steps, seconds_per_step: perStep, eta_seconds: left, b64_json: preview }) {
    if (!this.text) this.words.replaceChildren();
    if (!this.preview) {
      this.preview = element("figure", { class: "message-preview" }, element("progress", { max: 1 }), element("figcaption", {}));
      this.drawn.append(this.preview);
    }
    this.preview.querySelector("progress").value = step / steps;
    this.preview.querySelector("figcaption").textContent = progress({ status: "running", progress: { step, steps, seconds_per_step: perStep, eta_seconds: left } });
    if (preview) this.showPreview(preview);
  }

  showPreview(base64) {
    let image = this.preview.querySelector("img");
    if (!image) this.preview.prepend(image = element("img", { class: "preview", alt: "Preview" }));
    image.src = `data:image/png;base64,${base64}`;
  }

  dropPreview() {
    this.preview?.remove();
    this.preview = null;
  }

  finish() {
    this.dropPreview();
    this.words.textContent = this.text;
    if (!this.text && !this.pictures.length) this.fail(new Error("The answer was empty."));
  }

  /** `error` is null when a person stopped it. */
  fail(error) {
    this.dropPreview();
    this.words.textContent = this.text;
    this.stopped = !error;
    this.failed = error?.message || null;
    if (error) this.showFailure(error);
    else this.foot.textContent = "Stopped";
  }

  showFailure(error) {
    const words = element("p", { class: "field-error", role: "alert" });
    showRefusal(words, error);
    this.foot.replaceChildren(words, iconButton("again", "Send the message again", () => this.actions.retry(), "Try again"));
  }

  saved() {
    const { role, text, pictures, stopped, failed } = this;
    return { role, text, pictures, stopped, failed };
  }

  /** As the server is given it, with some of its pictures. */
  sent(pictures) {
    const images = pictures.map((url) => ({ type: "image_url", image_url: { url } }));
    return { role: this.role, content: [...images, ...(this.text ? [{ type: "text", text: this.text }] : [])] };
  }
}
