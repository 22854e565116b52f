// What the page remembers. The browser's storage may be switched off; then nothing is kept and nothing fails.
//   browser: shared by all tabs (the key, which jobs were started here)
//   tab:     this tab alone, also after a reload (the draft)
//   shelf:   this tab alone, for pictures, which are too large for the other two

const prefix = "omnigen2.";

function box(name) {
  return {
    get(key, otherwise = null) {
      try { return JSON.parse(window[name].getItem(prefix + key)) ?? otherwise; } catch { return otherwise; }
    },
    set(key, value) {
      try {
        if (value === null) window[name].removeItem(prefix + key);
        else window[name].setItem(prefix + key, JSON.stringify(value));
      } catch { /* not kept */ }
    },
  };
}

export const browser = box("localStorage");
export const tab = box("sessionStorage");

if (!tab.get("id")) tab.set("id", Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => n.toString(16)).join(""));

const week = 7 * 24 * 3600 * 1000;
let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("omnigen2", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("shelf");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function perform(mode, action) {
  try {
    const store = (await database()).transaction("shelf", mode).objectStore("shelf");
    const request = action(store);
    return await new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } catch {
    return undefined;
  }
}

const shelfKey = (key) => `${tab.get("id", "")}.${key}`;

export const shelf = {
  async get(key) {
    return (await perform("readonly", (store) => store.get(shelfKey(key))))?.value;
  },
  set(key, value) {
    return perform("readwrite", (store) => store.put({ value, time: Date.now() }, shelfKey(key)));
  },
  /** Takes away what tabs left that have not been used for a week. */
  async tidy() {
    for (const key of (await perform("readonly", (store) => store.getAllKeys())) || []) {
      const entry = await perform("readonly", (store) => store.get(key));
      if (entry && Date.now() - entry.time > week) await perform("readwrite", (store) => store.delete(key));
    }
  },
};
