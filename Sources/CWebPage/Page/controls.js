// The kinds of controls that settings are made of. Each has `node`, `value` and calls `onInput` when a person changes it.

import { element, iconButton } from "./dom.js";

let counter = 0;
const freshId = () => `control-${(counter += 1)}`;

/** A row with a label, the control, an explanation, and room for an error. */
export function field(name, label, labelFor, content, help = "") {
  return element("div", { class: "field", "data-field": name },
    element("div", { class: "label-row" },
      element(labelFor ? "label" : "span", { class: "label", htmlFor: labelFor }, label),
      help ? element("span", { class: "hint" }, help) : null),
    content,
    element("p", { class: "field-error", hidden: true }));
}

const asNumber = (text) => (text.trim() === "" || Number.isNaN(Number(text)) ? null : Number(text));

export function number({ name, label, min, max, step = 1, help, placeholder = "" }) {
  const id = freshId();
  const input = element("input", { type: "number", id, min, max, step, placeholder, inputMode: step % 1 ? "decimal" : "numeric" });
  const control = {
    node: field(name, label, id, input, help),
    get value() { return asNumber(input.value); },
    set value(value) { input.value = value ?? ""; },
    onInput: null, input,
  };
  input.addEventListener("input", () => control.onInput?.());
  return control;
}

/** A slider beside a number; the number may leave the slider's range as far as `max` and `min` of the server allow. */
export function slider({ name, label, min, max, step, help, highest = null, lowest = min }) {
  const id = freshId();
  const range = element("input", { type: "range", min, max, step, "aria-label": label });
  const input = element("input", { type: "number", id, min: lowest, max: highest, step, inputMode: "decimal" });
  const control = {
    node: field(name, label, id, element("div", { class: "slider" }, range, input), help),
    get value() { return asNumber(input.value); },
    set value(value) { input.value = value ?? ""; range.value = value ?? min; },
    onInput: null,
  };
  range.addEventListener("input", () => { input.value = range.value; control.onInput?.(); });
  input.addEventListener("input", () => { range.value = input.value; control.onInput?.(); });
  return control;
}

/** Two values from 0 to 1, of which the first never exceeds the second: each pushes the other along. */
export function interval({ name, label, help, step = 0.05 }) {
  const make = (words) => element("input", { type: "range", min: 0, max: 1, step, "aria-label": `${label}: ${words}` });
  const from = make("start");
  const to = make("end");
  const words = element("output", {});
  const track = element("div", { class: "interval" }, element("div", { class: "interval-fill" }), from, to);
  const show = () => {
    track.style.setProperty("--from", from.value);
    track.style.setProperty("--to", to.value);
    words.textContent = `${from.value} to ${to.value}`;
  };
  const control = {
    node: field(name, label, null, element("div", { class: "slider" }, track, words), help),
    get value() { return [Number(from.value), Number(to.value)]; },
    set value(value) { [from.value, to.value] = value; show(); },
    onInput: null,
  };
  from.addEventListener("input", () => { if (Number(from.value) > Number(to.value)) to.value = from.value; show(); control.onInput?.(); });
  to.addEventListener("input", () => { if (Number(to.value) < Number(from.value)) from.value = to.value; show(); control.onInput?.(); });
  return control;
}

/** One of a list of `[value, words]`. A value that is not among them is added when it is set. */
export function choice({ name, label, options, help }) {
  const id = freshId();
  const select = element("select", { id });
  const values = [];
  const add = ([value, words]) => { values.push(value); select.append(element("option", { value: String(value) }, words)); };
  options.forEach(add);
  const control = {
    node: field(name, label, id, select, help),
    get value() { return values[select.selectedIndex] ?? null; },
    set value(value) {
      if (value !== null && !values.includes(value)) add([value, String(value)]);
      select.selectedIndex = values.indexOf(value);
    },
    onInput: null,
  };
  select.addEventListener("change", () => control.onInput?.());
  return control;
}

/** One of a few, side by side. */
export function segments({ name, label, options, help }) {
  const group = freshId();
  const inputs = options.map(([value]) => element("input", { type: "radio", name: group, value: String(value), class: "visually-hidden" }));
  const node = element("div", { class: "segments", role: "radiogroup", "aria-label": label },
    ...options.map(([, words], index) => element("label", {}, inputs[index], element("span", {}, words))));
  const control = {
    node: field(name, label, null, node, help),
    get value() { return options[inputs.findIndex((input) => input.checked)]?.[0] ?? null; },
    set value(value) { inputs.forEach((input, index) => { input.checked = options[index][0] === value; }); },
    onInput: null,
  };
  inputs.forEach((input) => input.addEventListener("change", () => control.onInput?.()));
  return control;
}

export function toggle({ name, label, help }) {
  const input = element("input", { type: "checkbox" });
  const control = {
    node: element("div", { class: "field", "data-field": name },
      element("label", { class: "toggle" }, input, element("span", {}, label, help ? element("span", { class: "hint" }, help) : null)),
      element("p", { class: "field-error", hidden: true })),
    get value() { return input.checked; },
    set value(value) { input.checked = Boolean(value); },
    onInput: null,
  };
  input.addEventListener("change", () => control.onInput?.());
  return control;
}

export function text({ name, label, help }) {
  const id = freshId();
  const input = element("textarea", { id, rows: 3 });
  const control = {
    node: field(name, label, id, input, help),
    get value() { return input.value; },
    set value(value) { input.value = value ?? ""; },
    onInput: null,
  };
  input.addEventListener("input", () => control.onInput?.());
  return control;
}

/** A whole number, or nothing for "at random"; with a way back to random and to the last one drawn with. */
export function seed({ name, label, last }) {
  const control = number({ name, label, min: 0, max: 4294967295, placeholder: "random" });
  const set = (value) => { control.value = value; control.onInput?.(); };
  const reuse = iconButton("last", "The seed of the last picture again", () => { if (last() !== null) set(last()); });
  const row = element("div", { class: "seed" });
  control.input.replaceWith(row);
  row.append(control.input, iconButton("random", "At random", () => set(null)), reuse);
  return control;
}

/** Which LoRAs, and how strongly. */
export function loras({ name, label, names }) {
  const rows = names.map((lora) => {
    const chosen = element("input", { type: "checkbox" });
    const scale = element("input", { type: "number", step: 0.05, value: 1, "aria-label": `Scale of ${lora}`, disabled: true });
    return { lora, chosen, scale, node: element("div", { class: "lora" }, element("label", { class: "toggle" }, chosen, lora), scale) };
  });
  const control = {
    node: field(name, label, null, element("div", {}, ...rows.map((row) => row.node))),
    get value() { return rows.filter((row) => row.chosen.checked).map((row) => ({ name: row.lora, scale: asNumber(row.scale.value) ?? 1 })); },
    set value(value) {
      for (const row of rows) {
        const given = (value || []).find((entry) => entry.name === row.lora);
        row.chosen.checked = Boolean(given);
        row.scale.disabled = !given;
        row.scale.value = given?.scale ?? 1;
      }
    },
    onInput: null,
  };
  for (const row of rows) {
    row.chosen.addEventListener("change", () => { row.scale.disabled = !row.chosen.checked; control.onInput?.(); });
    row.scale.addEventListener("input", () => control.onInput?.());
  }
  return control;
}
