// How numbers, states and errors are put into words.

function duration(seconds) {
  if (seconds < 1) return `${Math.max(0, seconds).toFixed(2)} s`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function fileSize(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export function megapixels(pixels) {
  return pixels < 1e5 ? `${pixels} pixels` : `${(pixels / 1e6).toFixed(2)} MP`;
}

export function task(pictures) {
  if (pictures === 0) return { verb: "Draw", words: "none: draws from the text" };
  if (pictures === 1) return { verb: "Edit", words: "one: edits it" };
  return { verb: "Compose", words: `${pictures}: composes from them` };
}

export function progress(job) {
  if (job.status === "queued") return waiting(job.position);
  const { step, steps, seconds_per_step: perStep, eta_seconds: left } = job.progress;
  if (!step) return "Starting";
  const parts = [`Step ${step} of ${steps}`];
  if (perStep) parts.push(`${duration(perStep)} a step`);
  if (left !== null && left !== undefined) parts.push(`about ${duration(left)} left`);
  return parts.join(" · ");
}

function waiting(position) {
  if (position === null || position === undefined) return "Waiting";
  if (position === 0) return "Waiting: next in line";
  return position === 1 ? "Waiting: one job before this" : `Waiting: ${position} jobs before this`;
}

export function outcome(job) {
  const took = job.started_at && job.finished_at ? ` after ${duration(job.finished_at - job.started_at)}` : "";
  if (job.status === "completed") return took ? `Done${took}` : "Done";
  if (job.status === "cancelled") return `Cancelled${took}`;
  return "Failed";
}

export function when(seconds) {
  const date = new Date(seconds * 1000);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString([], { timeStyle: "short" }) : date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

export function size(request) {
  return request.width && request.height ? `${request.width}×${request.height}` : request.size || "";
}

export function cache(value) {
  const [kind, first, second] = String(value).split(":");
  if (kind === "none") return "None";
  if (kind === "teacache") return first ? `TeaCache, threshold ${first}` : "TeaCache";
  if (kind === "taylorseer") return first ? `TaylorSeer, every ${first} steps${second ? `, order ${second}` : ""}` : "TaylorSeer";
  return value;
}

export function scheduler(value) {
  return { euler: "Euler", "dpmsolver++": "DPM-Solver++" }[value] || value;
}
