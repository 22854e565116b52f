// The dialog in which a mask is painted over the first picture: with the pointer, a finger or the keyboard.

import { byId } from "./dom.js";
import { Mask, maskColour, paintAction } from "./mask.js";

const longestSide = 1600;
let mask, finish, stroke, erase;
let cursor = [0, 0];

/** The painted mask; null if it was emptied; undefined if the dialog was left. */
export function paintMask(picture) {
  mask = picture.mask?.copy() || new Mask(picture.width, picture.height);
  stroke = null;
  cursor = [picture.width / 2, picture.height / 2];
  setErase(false);
  const canvas = byId("mask-canvas");
  const scale = Math.min(1, longestSide / Math.max(picture.width, picture.height)) * Math.max(1, Math.floor(640 / Math.max(picture.width, picture.height)));
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  byId("mask-picture").src = picture.url;
  byId("mask-dialog").showModal();
  fitFrame();
  repaint();
  canvas.focus();
  return new Promise((resolve) => { finish = resolve; });
}

/** The frame takes the picture's proportions and as much of the stage as they allow. */
function fitFrame() {
  const stage = byId("mask-stage");
  const scale = Math.min(stage.clientWidth / mask.width, stage.clientHeight / mask.height);
  byId("mask-frame").style.width = `${Math.floor(mask.width * scale)}px`;
  byId("mask-frame").style.height = `${Math.floor(mask.height * scale)}px`;
}

function repaint() {
  mask.paint(byId("mask-canvas"), maskColour);
  byId("mask-undo").disabled = mask.actions.length === 0;
}

function act(action) {
  mask.actions.push(action);
  repaint();
}

function undo() {
  mask.actions.pop();
  repaint();
}

function setErase(on) {
  erase = on;
  byId("mask-erase").setAttribute("aria-pressed", String(on));
}

/** The brush's diameter in pixels of the picture; the control is in hundredths of its shorter side, finer when small. */
function brush() {
  const share = Number(byId("mask-size").value) / 100;
  return Math.max(1, Math.min(mask.width, mask.height) * (0.02 + 0.6 * share * share + 0.3 * share));
}

function showCursor([x, y]) {
  const frame = byId("mask-frame");
  const scale = frame.clientWidth / mask.width;
  const node = byId("mask-cursor");
  node.hidden = false;
  node.style.width = node.style.height = `${brush() * scale}px`;
  node.style.left = `${x * scale}px`;
  node.style.top = `${y * scale}px`;
}

function place(event) {
  const bounds = byId("mask-canvas").getBoundingClientRect();
  return [((event.clientX - bounds.left) / bounds.width) * mask.width, ((event.clientY - bounds.top) / bounds.height) * mask.height];
}

function startStroke(event) {
  if (event.button !== 0) return;
  event.target.setPointerCapture(event.pointerId);
  stroke = { kind: "stroke", erase, size: brush(), points: [place(event)] };
  act(stroke);
}

function continueStroke(event) {
  cursor = place(event);
  showCursor(cursor);
  if (!stroke) return;
  const events = event.getCoalescedEvents?.() || [];
  const from = stroke.points.at(-1);
  const fresh = (events.length ? events : [event]).map(place);
  stroke.points.push(...fresh);
  const canvas = byId("mask-canvas");
  paintAction(canvas.getContext("2d"), { ...stroke, points: [from, ...fresh] }, canvas.width / mask.width, maskColour);
}

function endStroke() {
  if (stroke) repaint();
  stroke = null;
}

function dab() {
  act({ kind: "stroke", erase, size: brush(), points: [[...cursor]] });
}

function move(dx, dy, event) {
  const step = brush() * (event.shiftKey ? 1 : 0.25);
  cursor = [Math.min(mask.width, Math.max(0, cursor[0] + dx * step)), Math.min(mask.height, Math.max(0, cursor[1] + dy * step))];
  showCursor(cursor);
}

function resize(by) {
  const control = byId("mask-size");
  control.value = Number(control.value) + by;
  showCursor(cursor);
}

const keys = {
  "[": () => resize(-5),
  "]": () => resize(5),
  e: () => setErase(!erase),
  i: () => act({ kind: "invert" }),
};

const canvasKeys = {
  ArrowLeft: (event) => move(-1, 0, event),
  ArrowRight: (event) => move(1, 0, event),
  ArrowUp: (event) => move(0, -1, event),
  ArrowDown: (event) => move(0, 1, event),
  " ": dab,
};

function onKey(event) {
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key.toLowerCase() === "z") undo();
  else if (command && event.key === "Enter") done();
  else if (!command && keys[event.key.toLowerCase()]) keys[event.key.toLowerCase()](event);
  else if (!command && event.target === byId("mask-canvas") && canvasKeys[event.key]) canvasKeys[event.key](event);
  else return;
  event.preventDefault();
}

function done() {
  finish(mask.isEmpty() ? null : mask);
  byId("mask-dialog").close();
}

export function prepareMaskDialog() {
  const canvas = byId("mask-canvas");
  canvas.addEventListener("pointerdown", startStroke);
  canvas.addEventListener("pointermove", continueStroke);
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, endStroke);
  canvas.addEventListener("pointerleave", () => { byId("mask-cursor").hidden = true; });
  byId("mask-size").addEventListener("input", () => showCursor(cursor));
  byId("mask-erase").addEventListener("click", () => setErase(!erase));
  byId("mask-invert").addEventListener("click", () => act({ kind: "invert" }));
  byId("mask-clear").addEventListener("click", () => act({ kind: "clear" }));
  byId("mask-undo").addEventListener("click", undo);
  byId("mask-done").addEventListener("click", done);
  byId("mask-cancel").addEventListener("click", () => byId("mask-dialog").close());
  byId("mask-dialog").addEventListener("keydown", onKey);
  byId("mask-dialog").addEventListener("close", () => finish(undefined));
  window.addEventListener("resize", () => { if (byId("mask-dialog").open) fitFrame(); });
}
