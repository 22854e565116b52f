// Pictures given as input: read, scaled down where the server would refuse them, turned into what is sent.

const sendable = ["image/png", "image/jpeg", "image/webp"];
let counter = 0;

/** A picture of the tray. `note` says what was done to it; `mask` is painted over it, or null. */
export async function pictureFrom(blob, name, limits) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    throw new Error(`${name || "This file"} is not a picture this browser can read.`);
  }
  const { blob: ready, width, height, note } = await fit(blob, bitmap, limits);
  bitmap.close();
  counter += 1;
  return { id: counter, name, blob: ready, width, height, note, url: URL.createObjectURL(ready), mask: null };
}

/** The largest file such that as many as are allowed, in base64, fit one request. */
function byteLimit(limits) {
  return limits.body_bytes ? Math.floor((limits.body_bytes * 0.7) / limits.images) : Infinity;
}

async function fit(blob, bitmap, limits) {
  const { width, height } = bitmap;
  const pixels = limits.input_pixels || Infinity;
  if (width * height <= pixels && blob.size <= byteLimit(limits)) {
    if (sendable.includes(blob.type)) return { blob, width, height, note: "" };
    return { ...(await redraw(bitmap, 1, "image/png")), note: "sent as PNG" };
  }
  let scale = Math.min(1, Math.sqrt(pixels / (width * height)));
  for (;;) {
    const smaller = await redraw(bitmap, scale, "image/jpeg");
    if (smaller.blob.size <= byteLimit(limits)) {
      const why = scale < 1 ? `scaled down from ${width}×${height} to ${smaller.width}×${smaller.height}` : "sent as JPEG";
      return { ...smaller, note: `${why}: larger than the server takes` };
    }
    scale *= 0.7;
  }
}

async function redraw(bitmap, scale, type) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.floor(bitmap.width * scale));
  canvas.height = Math.max(1, Math.floor(bitmap.height * scale));
  const context = canvas.getContext("2d");
  if (type === "image/jpeg") {
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return { blob: await canvasBlob(canvas, type), width: canvas.width, height: canvas.height };
}

export function canvasBlob(canvas, type = "image/png") {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("This browser cannot hold a picture of that size."))), type, 0.93);
  });
}

export function dataURL(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** The bytes behind an address of this server, or behind a `data:` address. */
export async function blobAt(url) {
  if (url.startsWith("data:")) return blobOfData(url);
  const response = await fetch(url);
  if (!response.ok) throw new Error("This picture is no longer on the server.");
  return response.blob();
}

function blobOfData(url) {
  const [head, body] = url.split(",");
  const bytes = Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: head.slice(5).split(";")[0] });
}

/** The picture files among what was dropped or pasted. */
export function pictureFiles(transfer) {
  return [...(transfer?.files || [])].filter((file) => file.type.startsWith("image/"));
}

/** Marks a picture of the page as something that can be dragged into a tray. */
export function makeDraggable(image) {
  image.draggable = true;
  image.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData(draggedType, image.src);
    event.dataTransfer.effectAllowed = "copy";
  });
}

export const draggedType = "application/x-omnigen2-picture";
