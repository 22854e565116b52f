// Before and after, one over the other, parted by a line that can be moved: by pointer, finger or arrow keys.

import { element } from "./dom.js";

export function compare(before, after, description) {
  const slider = element("input", { type: "range", min: 0, max: 100, step: 0.5, value: 50, "aria-label": "How much of the picture before is shown" });
  const node = element("div", { class: "compare" },
    element("img", { src: after, alt: description, class: "after", draggable: false }),
    element("img", { src: before, alt: "Before", class: "before", draggable: false }),
    element("span", { class: "compare-line" }),
    element("span", { class: "compare-name left" }, "Before"),
    element("span", { class: "compare-name right" }, "After"),
    slider);
  const show = () => node.style.setProperty("--part", `${slider.value}%`);
  slider.addEventListener("input", show);
  show();
  return node;
}
