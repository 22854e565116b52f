// The conversation: what was said, what is being answered, and the form below.

import { events } from "./api.js";
import { number, segments } from "./controls.js";
import { announce, byId, element, showError } from "./dom.js";
import { Message } from "./message.js";
import { dataURL } from "./pictures.js";
import { shelf } from "./storage.js";
import { Tray } from "./tray.js";
import { openViewer } from "./viewer.js";

export class Chat {
  /** `use(url)` takes a picture to the form of the other view. */
  constructor(capabilities, settings, use) {
    Object.assign(this, { limits: capabilities.limits, settings, use, messages: [], abort: null });
    this.text = byId("chat-text");
    this.tray = new Tray(byId("chat-tray"), {
      name: "chat-tray", limits: capabilities.limits, onChange: () => {},
      onError: (message) => showError(byId("chat-error"), message),
    });
    this.options = chatOptions(capabilities);
    const { answer, max_tokens: maxTokens, temperature } = this.options;
    byId("chat-options").append(answer.node, element("div", { class: "pair" }, maxTokens.node, temperature.node));
    this.listen();
    this.render();
  }

  listen() {
    byId("chat-form").addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    byId("chat-stop").addEventListener("click", () => this.stop());
    byId("chat-new").addEventListener("click", () => this.begin());
    this.text.addEventListener("input", () => this.grow());
    this.text.addEventListener("keydown", (event) => {
      const command = event.ctrlKey || event.metaKey;
      const plain = !event.shiftKey && !event.isComposing && matchMedia("(pointer: fine)").matches;
      if (event.key !== "Enter" || !(command || plain)) return;
      event.preventDefault();
      this.send();
    });
    byId("chat").addEventListener("keydown", (event) => { if (event.key === "Escape") this.stop(); });
  }

  async restore() {
    this.messages = ((await shelf.get("conversation")) || []).map((saved) => new Message(saved, this.actions()));
    await this.tray.restore();
    this.render();
  }

  keep() {
    return shelf.set("conversation", this.messages.map((message) => message.saved()));
  }

  actions() {
    return {
      use: this.use,
      retry: () => this.answer(),
      view: (url) => {
        const list = this.messages.flatMap((message) => message.pictures.map((picture, index) => ({ url: picture, words: message.text || "Picture of this chat", file: `omnigen2-chat-${index + 1}.png` })));
        openViewer(list, list.findIndex((entry) => entry.url === url), this.use);
      },
    };
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight + 2, 200)}px`;
  }

  render() {
    const hint = element("div", { class: "chat-empty" },
      element("p", {}, "Ask about pictures, have them changed, or have something drawn."),
      element("div", { class: "suggestions" }, ...["Describe this picture.", "What differs between the pictures?", "Draw a lighthouse in a storm."].map((words) =>
        element("button", { type: "button", on: { click: () => { this.text.value = words; this.grow(); this.text.focus(); } } }, words))));
    byId("messages").replaceChildren(...(this.messages.length ? this.messages.map((message) => message.node) : [hint]));
    this.scroll();
  }

  scroll() {
    const list = byId("messages");
    list.scrollTop = list.scrollHeight;
  }

  begin() {
    this.stop();
    this.messages = [];
    showError(byId("chat-error"), "");
    this.render();
    this.keep();
    this.text.focus();
  }

  stop() {
    this.abort?.abort();
  }

  /** Takes a picture from elsewhere, with a question to start from. */
  async askAbout(url) {
    await this.tray.addFromPage(url);
    if (!this.text.value) this.text.value = "Describe this picture.";
    this.grow();
    this.text.focus();
    this.text.select();
  }

  async send() {
    const text = this.text.value.trim();
    if (this.abort || (!text && !this.tray.pictures.length)) return;
    showError(byId("chat-error"), "");
    const pictures = await Promise.all(this.tray.pictures.map((picture) => dataURL(picture.blob)));
    this.messages.push(new Message({ role: "user", text, pictures }, this.actions()));
    this.text.value = "";
    this.grow();
    this.tray.clear();
    await this.answer();
  }

  /** Has the last message answered. A failed answer is taken away first. */
  async answer() {
    if (this.messages.at(-1)?.role === "assistant") this.messages.pop();
    const body = this.body();
    const message = new Message({ role: "assistant", text: "", pictures: [] }, this.actions());
    this.messages.push(message);
    this.render();
    this.busy(true);
    try {
      await this.read(body, message);
      message.finish();
    } catch (error) {
      message.fail(error.name === "AbortError" ? null : error);
    } finally {
      this.busy(false);
      if (this.messages.includes(message)) this.keep();
      announce(message.text || (message.pictures.length ? "A picture was drawn" : "No answer"));
    }
  }

  async read(body, message) {
    for await (const { data } of events("/v1/chat/completions", { method: "POST", body, signal: this.abort.signal })) {
      if (data.error) throw new Error(data.error.message);
      const atEnd = byId("messages").scrollHeight - byId("messages").scrollTop - byId("messages").clientHeight < 80;
      const delta = data.choices?.[0]?.delta || {};
      if (delta.content) message.addText(delta.content);
      for (const image of delta.images || []) message.addPicture(image.image_url.url);
      if (data.omnigen2) message.showProgress(data.omnigen2);
      if (atEnd) this.scroll();
    }
  }

  busy(yes) {
    this.abort = yes ? new AbortController() : null;
    byId("chat-send").hidden = yes;
    byId("chat-stop").hidden = !yes;
  }

  body() {
    const options = Object.fromEntries(Object.entries(this.options).map(([name, control]) => [name, control.value]));
    const body = { messages: this.history(), stream: true };
    if (options.answer === "text") body.modalities = ["text"];
    if (options.max_tokens !== null && options.max_tokens !== this.options.max_tokens.usual) body.max_tokens = options.max_tokens;
    if (options.temperature !== null) body.temperature = options.temperature;
    // A message has one reply, however many pictures are drawn elsewhere.
    const { n, ...settings } = this.settings.changed();
    return { ...settings, ...body };
  }

  /** What was said so far; of the pictures the latest ones, as many as the server takes. */
  history() {
    let room = this.limits.images;
    const kept = this.messages.slice().reverse().map((message) => {
      const pictures = room > 0 ? message.pictures.slice(-room) : [];
      room -= pictures.length;
      return message.sent(pictures);
    });
    return kept.reverse().filter((message) => message.content.length);
  }
}

function chatOptions({ defaults, limits }) {
  const answer = segments({ name: "modalities", label: "Answer with", options: [["any", "Text or a picture"], ["text", "Text only"]] });
  const maxTokens = number({ name: "max_tokens", label: "Most tokens", min: 1, max: limits.max_tokens });
  const temperature = number({ name: "temperature", label: "Temperature", min: 0, max: 2, step: 0.1, placeholder: "as usual" });
  answer.value = "any";
  maxTokens.value = maxTokens.usual = defaults.max_tokens ?? null;
  return { answer, max_tokens: maxTokens, temperature };
}
