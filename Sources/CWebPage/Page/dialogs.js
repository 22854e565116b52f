// The two small dialogs: the server's key, and "delete this?".

import { byId } from "./dom.js";
import { browser } from "./storage.js";

let asking = null;

/** True once a key was given. Several requests that are refused together wait for the same answer. */
export function askForKey(refusal) {
  asking ??= ask(refusal).finally(() => { asking = null; });
  return asking;
}

function ask(refusal) {
  const dialog = byId("key-dialog");
  const field = byId("key");
  byId("key-words").textContent = refusal || "It is kept in this browser and sent to this server alone.";
  field.value = "";
  return new Promise((resolve) => {
    let given = false;
    byId("key-form").onsubmit = (event) => {
      event.preventDefault();
      if (!field.value.trim()) return field.focus();
      browser.set("key", field.value.trim());
      given = true;
      dialog.close();
    };
    byId("key-cancel").onclick = () => dialog.close();
    dialog.onclose = () => resolve(given);
    dialog.showModal();
  });
}

export function confirmDeletion(words) {
  const dialog = byId("confirm-dialog");
  byId("confirm-words").textContent = words;
  return new Promise((resolve) => {
    let yes = false;
    byId("confirm-yes").onclick = () => { yes = true; dialog.close(); };
    byId("confirm-no").onclick = () => dialog.close();
    dialog.onclose = () => resolve(yes);
    dialog.showModal();
  });
}
