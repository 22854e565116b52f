// One picture as large as the window, with its neighbours a key away.

import { byId } from "./dom.js";

let entries = [];
let now = 0;
let use = () => {};

/** `entries` are `{url, words, file}`; `useAsInput(url)` is what the button does. */
export function openViewer(list, index, useAsInput) {
  entries = list;
  use = useAsInput;
  show(index);
  byId("viewer").showModal();
}

function show(index) {
  if (index < 0 || index >= entries.length) return;
  now = index;
  const { url, words, file } = entries[index];
  const picture = byId("viewer-picture");
  picture.src = url;
  picture.alt = words;
  byId("viewer-words").textContent = entries.length > 1 ? `${index + 1} of ${entries.length} · ${words}` : words;
  byId("viewer-download").href = url;
  byId("viewer-download").download = file;
  byId("viewer-previous").hidden = index === 0;
  byId("viewer-next").hidden = index === entries.length - 1;
}

export function prepareViewer() {
  const dialog = byId("viewer");
  byId("viewer-previous").addEventListener("click", () => show(now - 1));
  byId("viewer-next").addEventListener("click", () => show(now + 1));
  byId("viewer-close").addEventListener("click", () => dialog.close());
  byId("viewer-use").addEventListener("click", () => { dialog.close(); use(entries[now].url); });
  dialog.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -now, End: entries.length - 1 - now };
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(now + steps[event.key]);
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  swipes(byId("viewer-picture"));
}

function swipes(picture) {
  let start = null;
  picture.addEventListener("pointerdown", (event) => { start = event.clientX; });
  picture.addEventListener("pointerup", (event) => {
    if (start === null || event.pointerType === "mouse") return;
    const way = event.clientX - start;
    if (Math.abs(way) > 40) show(now - Math.sign(way));
    start = null;
  });
}
