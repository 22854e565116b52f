// A mask: what of a picture may change. It is kept as a list of actions, so that it can be undone, and painted at any
// scale. On its canvas, opaque white may change and transparent may not.

import { canvasBlob } from "./pictures.js";

/** What the page shows a mask in, over pictures of any colour. */
export const maskColour = "#ff2f6d";

export class Mask {
  /** `base` is a canvas to start from and `source` the file it was read from, both null for an empty mask. */
  constructor(width, height, base = null, source = null, actions = []) {
    Object.assign(this, { width, height, base, source, actions });
  }

  /** From a black and white picture, as the server keeps it. */
  static async from(blob) {
    const bitmap = await createImageBitmap(blob);
    const base = sheet(bitmap.width, bitmap.height);
    const context = base.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const pixels = context.getImageData(0, 0, base.width, base.height);
    for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = pixels.data[i] >= 128 ? 255 : 0;
    context.putImageData(pixels, 0, 0);
    return new Mask(base.width, base.height, base, blob);
  }

  copy() {
    return new Mask(this.width, this.height, this.base, this.source, [...this.actions]);
  }

  saved() {
    const { width, height, source, actions } = this;
    return { width, height, source, actions };
  }

  static async restored({ width, height, source, actions }) {
    const mask = source ? await Mask.from(source) : new Mask(width, height);
    mask.actions = actions;
    return mask;
  }

  /** Draws the mask in one colour; what may not change is left transparent. */
  paint(canvas, colour = "white") {
    const context = canvas.getContext("2d");
    context.globalCompositeOperation = "source-over";
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (this.base) context.drawImage(this.base, 0, 0, canvas.width, canvas.height);
    for (const action of this.actions) paintAction(context, action, canvas.width / this.width);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = colour;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = "source-over";
  }

  /** A PNG of the picture's own size: white may change, black stays. */
  async png() {
    const painted = sheet(this.width, this.height);
    this.paint(painted);
    threshold(painted);
    return canvasBlob(painted);
  }

  /** Whether nothing at all may change. */
  isEmpty() {
    const small = sheet(Math.min(256, this.width), Math.min(256, this.height));
    this.paint(small);
    const { data } = small.getContext("2d").getImageData(0, 0, small.width, small.height);
    for (let i = 3; i < data.length; i += 4) if (data[i]) return false;
    return true;
  }
}

function sheet(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d", { willReadFrequently: true });
  return canvas;
}

/** Draws one action on top. Lengths in actions are pixels of the picture. */
export function paintAction(context, action, scale, colour = "white") {
  const { width, height } = context.canvas;
  context.fillStyle = context.strokeStyle = colour;
  if (action.kind === "clear") {
    context.clearRect(0, 0, width, height);
  } else if (action.kind === "invert") {
    context.globalCompositeOperation = "xor";
    context.fillRect(0, 0, width, height);
  } else {
    paintStroke(context, action, scale);
  }
  context.globalCompositeOperation = "source-over";
}

function paintStroke(context, { erase, size, points }, scale) {
  context.globalCompositeOperation = erase ? "destination-out" : "source-over";
  context.lineWidth = size * scale;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(points[0][0] * scale, points[0][1] * scale);
  for (const [x, y] of points.slice(1)) context.lineTo(x * scale, y * scale);
  if (points.length === 1) context.lineTo(points[0][0] * scale + 0.01, points[0][1] * scale);
  context.stroke();
}

/** Half covered pixels at the edges become one or the other. In strips, as pictures can be large. */
function threshold(canvas) {
  const context = canvas.getContext("2d");
  for (let top = 0; top < canvas.height; top += 256) {
    const strip = context.getImageData(0, top, canvas.width, Math.min(256, canvas.height - top));
    const { data } = strip;
    for (let i = 0; i < data.length; i += 4) {
      data[i] = data[i + 1] = data[i + 2] = data[i + 3] >= 128 ? 255 : 0;
      data[i + 3] = 255;
    }
    context.putImageData(strip, 0, top);
  }
}
