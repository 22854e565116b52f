// The control for width and height: two numbers, proportions to choose from, and a swap.

import { element, iconButton } from "./dom.js";
import { field, number } from "./controls.js";
import { megapixels } from "./words.js";

const proportions = [[1, 1], [4, 3], [3, 2], [16, 9], [3, 4], [2, 3], [9, 16]];

/** The size with these proportions that has about so many pixels. */
function sizeOf([across, down], pixels, multiple) {
  const unit = Math.sqrt(pixels / (across * down));
  const round = (length) => Math.max(multiple, Math.round(length / multiple) * multiple);
  return [round(across * unit), round(down * unit)];
}

export function sizeControl({ defaults, limits }) {
  const multiple = limits.size_multiple;
  const area = defaults.width * defaults.height;
  const width = number({ name: "width", label: "Width", min: multiple, max: limits.side, step: multiple });
  const height = number({ name: "height", label: "Height", min: multiple, max: limits.side, step: multiple });
  const words = element("span", { class: "hint" });
  const shortcuts = proportions.map((pair) => {
    const glyph = element("span", { class: "glyph" });
    glyph.style.aspectRatio = `${pair[0]} / ${pair[1]}`;
    glyph.style[pair[0] >= pair[1] ? "width" : "height"] = "14px";
    return element("button", { type: "button", title: sizeOf(pair, area, multiple).join("×"), on: { click: () => set(sizeOf(pair, area, multiple)) } },
      glyph, pair.join(":"));
  });
  const swap = iconButton("swap", "Swap width and height", () => set([height.value, width.value]));
  const row = element("div", { class: "size-row" }, width.node, swap, height.node);
  const node = field("size", "Size", null, element("div", {}, element("div", { class: "shortcuts" }, ...shortcuts), row));
  node.querySelector(".label-row").append(words);

  const show = () => {
    words.textContent = width.value && height.value ? megapixels(width.value * height.value) : "";
    // Of a small picture several proportions are the same size: the first stands for them.
    const chosen = proportions.findIndex((pair) => {
      const [across, down] = sizeOf(pair, area, multiple);
      return across === width.value && down === height.value;
    });
    shortcuts.forEach((button, index) => button.setAttribute("aria-pressed", String(index === chosen)));
  };
  const set = (pair) => { control.value = pair; control.onInput?.(); };
  const control = {
    node,
    get value() { return [width.value, height.value]; },
    set value(pair) { [width.value, height.value] = pair; show(); },
    onInput: null,
  };
  width.onInput = height.onInput = () => { show(); control.onInput?.(); };
  return control;
}
