// The row of input pictures: added by click, drop or paste; ordered, removed, masked.

import { element, icon, iconButton, announce } from "./dom.js";
import { blobAt, draggedType, pictureFiles, pictureFrom } from "./pictures.js";
import { paintMask } from "./maskdialog.js";
import { shelf } from "./storage.js";
import { Mask, maskColour } from "./mask.js";

export class Tray {
  /** `onChange(pictures)` after every change; `onError(words)`; with `maskable` the first picture offers a mask. */
  constructor(host, { name, limits, maskable = false, onChange, onError }) {
    Object.assign(this, { host, name, limits, maskable, onChange, onError, pictures: [], dragged: null });
    host.classList.add("tray");
    this.chooser = element("input", { type: "file", accept: "image/*", multiple: true, class: "visually-hidden", tabIndex: -1,
      "aria-label": "Choose pictures", on: { change: () => this.chosen() } });
    this.list = element("ol", { class: "tray-list" });
    this.notes = element("p", { class: "hint", role: "status" });
    host.append(this.chooser, this.list, this.notes);
    this.listenForDrops();
    this.render();
  }

  async restore() {
    for (const { blob, name, mask } of (await shelf.get(this.name)) || []) await this.insert(blob, name, mask && (await Mask.restored(mask)));
    this.changed();
  }

  async add(blob, name, mask = null) {
    await this.insert(blob, name, mask);
    this.changed();
  }

  async insert(blob, name, mask) {
    if (this.pictures.length >= this.limits.images) {
      return this.onError(`The server takes up to ${this.limits.images} pictures.`);
    }
    try {
      const picture = await pictureFrom(blob, name, this.limits);
      picture.mask = mask;
      this.pictures.push(picture);
      announce(`Image ${this.pictures.length} added`);
    } catch (error) {
      this.onError(error.message);
    }
  }

  async addFiles(files) {
    this.onError("");
    for (const file of files) await this.add(file, file.name || "pasted picture");
  }

  async addFromPage(url, name = "picture", maskURL = null) {
    try {
      await this.add(await blobAt(url), name, maskURL && (await Mask.from(await blobAt(maskURL))));
    } catch (error) {
      this.onError(error.message);
    }
  }

  clear() {
    this.pictures.forEach((picture) => URL.revokeObjectURL(picture.url));
    this.pictures = [];
    this.changed();
  }

  removeAt(index) {
    const [picture] = this.pictures.splice(index, 1);
    URL.revokeObjectURL(picture.url);
    this.changed();
    announce(`Image ${index + 1} removed`);
    (this.list.children[Math.min(index, this.pictures.length)]?.querySelector("button"))?.focus();
  }

  moveTo(from, to) {
    if (to < 0 || to >= this.pictures.length || from === to) return;
    this.pictures.splice(to, 0, ...this.pictures.splice(from, 1));
    this.changed();
    announce(`Now image ${to + 1}`);
    this.list.children[to].querySelector(to < from ? ".move-left, .move-right" : ".move-right, .move-left")?.focus();
  }

  async mask() {
    const picture = this.pictures[0];
    const painted = await paintMask(picture);
    if (painted !== undefined) {
      picture.mask = painted;
      this.changed();
    }
    this.list.querySelector(".edit-mask")?.focus();
  }

  changed() {
    this.render();
    this.onChange(this.pictures);
    this.keep();
  }

  keep() {
    shelf.set(this.name, this.pictures.map(({ blob, name, mask }) => ({ blob, name, mask: mask && mask.saved() })));
  }

  render() {
    this.list.replaceChildren(...this.pictures.map((picture, index) => this.item(picture, index)));
    if (this.pictures.length < this.limits.images) this.list.append(this.adder());
    this.host.classList.toggle("empty", this.pictures.length === 0);
    this.notes.textContent = this.pictures.filter((picture) => picture.note)
      .map((picture) => `Image ${this.pictures.indexOf(picture) + 1}: ${picture.note}.`).join(" ");
  }

  adder() {
    const words = this.pictures.length ? "Add" : "Add pictures: click, drop or paste";
    return element("li", { class: "tray-add" },
      element("button", { type: "button", on: { click: () => this.chooser.click() } }, icon("add"), words));
  }

  chosen() {
    const files = [...this.chooser.files];
    this.chooser.value = "";
    this.addFiles(files);
  }

  item(picture, index) {
    const masked = this.maskable && index === 0;
    const image = element("img", { src: picture.url, alt: picture.name || "", draggable: false });
    const node = element("li", { class: "tray-item", draggable: true, title: `${picture.name || "picture"}, ${picture.width}×${picture.height}`, on: {
      dragstart: (event) => { this.dragged = index; event.dataTransfer.setData("text/plain", ""); event.dataTransfer.effectAllowed = "move"; },
      dragend: () => { this.dragged = null; },
      keydown: (event) => this.itemKey(event, index),
    } }, element("div", { class: "tray-picture" }, image, masked && picture.mask ? maskLayer(picture) : null));
    node.append(this.caption(index), masked ? this.maskButton(picture) : "");
    return node;
  }

  caption(index) {
    const last = this.pictures.length - 1;
    const name = `image ${index + 1}`;
    const left = iconButton("left", `Move ${name} to the left`, () => this.moveTo(index, index - 1));
    const right = iconButton("right", `Move ${name} to the right`, () => this.moveTo(index, index + 1));
    left.classList.add("move-left");
    right.classList.add("move-right");
    const close = iconButton("remove", `Remove ${name}`, () => this.removeAt(index));
    close.classList.add("tray-remove");
    return element("div", { class: "tray-caption" },
      index > 0 ? left : null, element("span", {}, name), index < last ? right : null, close);
  }

  maskButton(picture) {
    const words = picture.mask ? "Edit mask" : "Mask";
    return element("button", { type: "button", class: "edit-mask", title: "Paint what may change", on: { click: () => this.mask() } }, icon("brush"), words);
  }

  itemKey(event, index) {
    if (event.altKey && event.key === "ArrowLeft") this.moveTo(index, index - 1);
    else if (event.altKey && event.key === "ArrowRight") this.moveTo(index, index + 1);
    else if (event.key === "Delete") this.removeAt(index);
    else return;
    event.preventDefault();
  }

  listenForDrops() {
    this.list.addEventListener("dragover", (event) => { if (this.dragged !== null) event.preventDefault(); });
    this.list.addEventListener("drop", (event) => {
      if (this.dragged === null) return;
      event.preventDefault();
      event.stopPropagation();
      const over = [...this.list.children].indexOf(event.target.closest("li"));
      this.moveTo(this.dragged, Math.min(over < 0 ? Infinity : over, this.pictures.length - 1));
    });
  }
}

function maskLayer(picture) {
  const canvas = element("canvas", { class: "mask-layer", width: 160, height: Math.max(1, Math.round((160 * picture.height) / picture.width)) });
  picture.mask.paint(canvas, maskColour);
  return canvas;
}

/** Lets files, and pictures of this page, be dropped anywhere and files be pasted; `tray()` is the one to fill. */
export function acceptDropsAndPastes(tray, hint) {
  const carries = (event) => [...event.dataTransfer.types].some((type) => type === "Files" || type === draggedType);
  document.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    hint.hidden = false;
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) hint.hidden = true; });
  document.addEventListener("dragend", () => { hint.hidden = true; });
  document.addEventListener("drop", (event) => {
    hint.hidden = true;
    if (!carries(event)) return;
    event.preventDefault();
    const dragged = event.dataTransfer.getData(draggedType);
    if (dragged) tray()?.addFromPage(dragged);
    else tray()?.addFiles(pictureFiles(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => {
    const files = pictureFiles(event.clipboardData);
    if (!files.length || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    tray()?.addFiles(files);
  });
}
