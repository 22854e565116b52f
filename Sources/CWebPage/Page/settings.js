// All settings of a picture: which controls there are, what was changed, what is sent.

import { choice, interval, loras, number, seed, segments, slider, text, toggle } from "./controls.js";
import { element, showError } from "./dom.js";
import { sizeControl } from "./size.js";
import { tab } from "./storage.js";
import * as words from "./words.js";

const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
const defaultName = "standard";

export class Settings {
  constructor(host, capabilities) {
    this.capabilities = capabilities;
    this.base = { output_format: "png", output_compression: null, lora: [], n: 1, seed: null, ...capabilities.defaults };
    this.base.size = [this.base.width, this.base.height];
    this.onChange = () => {};
    this.pictures = 0;
    this.masked = false;
    this.controls = this.makeControls();
    host.append(...this.layout());
    for (const [name, control] of Object.entries(this.controls)) control.onInput = () => this.touched(name);
    this.reset();
  }

  makeControls() {
    const { capabilities: { limits, loras: known = [], presets = {}, schedulers, caches } } = this;
    const side = Math.sqrt(limits.pixels);
    const sides = [256, 512, 768, 1024, 1280, 1536, 1792, 2048];
    const controls = {
      preset: segments({ name: "preset", label: "Preset", options: presetOptions(presets, this.base) }),
      size: sizeControl({ defaults: this.base, limits }),
      align_res: toggle({ name: "align_res", label: "Take the size of image 1" }),
      n: segments({ name: "n", label: "Pictures to draw", options: Array.from({ length: limits.n }, (_, index) => [index + 1, `${index + 1}`]) }),
      seed: seed({ name: "seed", label: "Seed", last: () => tab.get("lastSeed") }),
      guidance_scale: slider({ name: "guidance_scale", label: "Text guidance", min: 1, max: 8, step: 0.1, lowest: 0, help: "1 is off" }),
      guidance_scale_2: slider({ name: "guidance_scale_2", label: "Image guidance", min: 1, max: 3, step: 0.1, lowest: 0, help: "1.2–2 to edit, 2.5–3 to compose" }),
      cfg_range: interval({ name: "cfg_range", label: "Guided part", help: "of the steps; a shorter one is faster" }),
      negative_prompt: text({ name: "negative_prompt", label: "Negative prompt", help: "what to keep away from" }),
      num_inference_steps: slider({ name: "num_inference_steps", label: "Steps", min: 1, max: Math.min(100, limits.num_inference_steps), step: 1, highest: limits.num_inference_steps }),
      scheduler: choice({ name: "scheduler", label: "Scheduler", options: schedulers.map((value) => [value, words.scheduler(value)]) }),
      cache: choice({ name: "cache", label: "Cache", options: caches.map((value) => [value, words.cache(value)]), help: "faster, and a little different" }),
      max_pixels: choice({ name: "max_pixels", label: "Most pixels", help: "above, it is drawn smaller and enlarged",
        options: sides.filter((length) => length <= side).map((length) => [length * length, `${length} × ${length}`]) }),
      max_input_image_side_length: choice({ name: "max_input_image_side_length", label: "Longest input side", help: "longer ones are scaled down",
        options: sides.map((length) => [length, `${length}`]) }),
      exact_size: toggle({ name: "exact_size", label: "Exactly the size of image 1", help: "pixels stay where they were" }),
      output_format: segments({ name: "output_format", label: "File format", options: [["png", "PNG"], ["jpeg", "JPEG"], ["webp", "WebP"]] }),
      output_compression: number({ name: "output_compression", label: "File quality", min: 0, max: 100, placeholder: "as usual", help: "0 to 100" }),
    };
    if (known.length) controls.lora = loras({ name: "lora", label: "LoRA", names: known.map((entry) => entry.name) });
    return controls;
  }

  layout() {
    const nodes = (...names) => names.filter((name) => this.controls[name]).map((name) => this.controls[name].node);
    const basics = element("div", { class: "basics" }, ...nodes("preset", "align_res", "size"), element("div", { class: "pair" }, ...nodes("n", "seed")));
    return [
      basics,
      ...(this.controls.lora ? [this.fold("Style (LoRA)", nodes("lora"))] : []),
      this.fold("Guidance", nodes("guidance_scale", "guidance_scale_2", "cfg_range", "negative_prompt")),
      this.fold("Sampling", nodes("num_inference_steps", "scheduler", "cache")),
      this.fold("Size limits and file", nodes("exact_size", "max_pixels", "max_input_image_side_length", "output_format", "output_compression")),
    ];
  }

  fold(title, nodes) {
    const count = element("span", { class: "changed-count" });
    return element("details", { class: "fold" }, element("summary", {}, title, count), element("div", { class: "fold-body" }, ...nodes));
  }

  /** What a setting is if nobody touches it: the server's default, or the preset's value. */
  standard(name) {
    const preset = this.capabilities.presets?.[this.controls.preset.value];
    return preset?.[name] ?? this.base[name];
  }

  touched(name) {
    if (name === "preset") this.followPreset();
    this.show();
    this.onChange();
  }

  /** A preset shows its values in the controls it decides about, and takes back what was changed there. */
  followPreset() {
    for (const name of ["num_inference_steps", "scheduler", "cfg_range", "cache"]) this.controls[name].value = this.standard(name);
  }

  show() {
    const { align_res: align, size, guidance_scale_2: image, exact_size: exact, output_compression: quality, output_format: format } = this.controls;
    const exactly = this.pictures > 0 && (exact.value || this.masked);
    align.node.hidden = ![1, null].includes(this.pictures) || exactly;
    size.node.hidden = exactly || (this.pictures === 1 && align.value);
    image.node.hidden = exact.node.hidden = this.pictures === 0;
    quality.node.hidden = format.value === "png";
    for (const [name, control] of Object.entries(this.controls)) control.node.classList.toggle("changed", name !== "preset" && this.isChanged(name));
    document.querySelectorAll(".fold").forEach((fold) => {
      const count = fold.querySelectorAll(".changed:not([hidden])").length;
      fold.querySelector(".changed-count").textContent = count ? `${count} changed` : "";
    });
  }

  isChanged(name) {
    return !same(this.controls[name].value, this.standard(name));
  }

  /** How many pictures the settings are for; null if that is not known yet, as in a chat. */
  setPictures(count, masked) {
    Object.assign(this, { pictures: count, masked });
    this.show();
  }

  /** What differs from the defaults, and applies to this many pictures. */
  changed() {
    const result = {};
    for (const name of Object.keys(this.controls)) {
      if (name === "preset" ? this.controls.preset.value === this.ownPreset : !this.isChanged(name)) continue;
      if (this.controls[name].node.hidden) continue;
      if (name === "size") [result.width, result.height] = this.controls.size.value;
      else if (this.controls[name].value !== null) result[name] = this.controls[name].value;
    }
    return result;
  }

  /** Shows the settings of a job, or a draft; what they do not mention is the default. */
  apply(request) {
    this.controls.preset.value = request.preset && this.capabilities.presets?.[request.preset] ? request.preset : this.ownPreset;
    const size = request.width && request.height ? [request.width, request.height] : parseSize(request.size) || this.base.size;
    for (const name of Object.keys(this.controls)) {
      if (name !== "preset") this.controls[name].value = name === "size" ? size : request[name] ?? this.standard(name);
    }
    this.show();
    this.onChange();
  }

  /** The preset that is shown when none is asked for. */
  get ownPreset() {
    return presetOptions(this.capabilities.presets || {}, this.base)[0][0];
  }

  reset() {
    this.apply({});
  }

  /** Puts an error below the control it is about; false if there is none. */
  showError(param, message) {
    const name = { width: "size", height: "size", loras: "lora" }[param] || param;
    const control = this.controls[name];
    if (!control) return false;
    const fold = control.node.closest("details.fold");
    if (fold) fold.open = true;
    control.node.hidden = false;
    showError(control.node.querySelector(":scope > .field-error"), message);
    control.node.querySelector("input, select, textarea")?.focus();
    return true;
  }

  clearErrors() {
    for (const control of Object.values(this.controls)) showError(control.node.querySelector(":scope > .field-error"), "");
  }
}

/** The presets, first of all the one that is the server's default. */
function presetOptions(presets, base) {
  const isDefault = (settings) => Object.entries(settings).every(([name, value]) => same(value, base[name]));
  const title = (name) => name[0].toUpperCase() + name.slice(1);
  const own = Object.keys(presets).find((name) => isDefault(presets[name]));
  const others = Object.keys(presets).filter((name) => name !== own).map((name) => [name, title(name)]);
  return [own ? [own, title(own)] : [defaultName, "Standard"], ...others];
}

function parseSize(size) {
  const match = /^(\d+)x(\d+)$/.exec(size || "");
  return match && [Number(match[1]), Number(match[2])];
}
