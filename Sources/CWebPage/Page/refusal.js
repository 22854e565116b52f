// A refusal of the server in words, with a countdown where it says when to try again.

import { showError } from "./dom.js";

const timers = new WeakMap();

export function showRefusal(node, error) {
  clearInterval(timers.get(node));
  if (!error) return showError(node, "");
  const message = error.message.replace(/\s*$/, "");
  if (!error.retryAfter) return showError(node, message);
  let left = error.retryAfter;
  const tick = () => {
    showError(node, left > 0 ? `${message} Try again in ${left} s.` : `${message} You can try again now.`);
    if (left <= 0) clearInterval(timers.get(node));
    left -= 1;
  };
  timers.set(node, setInterval(tick, 1000));
  tick();
}
