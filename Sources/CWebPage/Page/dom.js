// Making and finding elements.

export const byId = (id) => document.getElementById(id);

/** An element with properties, attributes (`aria-…`, `data-…`, `role`), listeners (`on: {click}`) and children. */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name === "class") node.className = value;
    else if (name in node && !name.startsWith("aria") && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(namespace, "svg");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(namespace, "use");
  use.setAttribute("href", `#icon-${name}`);
  picture.append(use);
  return picture;
}

/** A button with an icon; without words its title is what it is called. */
export function iconButton(name, title, onClick, words = "") {
  return element("button", { type: "button", title, "aria-label": words ? null : title, class: words ? "" : "quiet", on: { click: onClick } },
    icon(name), words || null);
}

export function announce(words) {
  byId("announcer").textContent = words;
}

/** Shows words below a field, or takes them away. */
export function showError(node, words) {
  node.textContent = words || "";
  node.hidden = !words;
}
