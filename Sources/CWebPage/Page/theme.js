// Colours: as the system, light or dark. A plain script, so that it runs before the page is first painted.
"use strict";
(() => {
  const names = { system: "as the system", light: "light", dark: "dark" };

  const remembered = () => {
    try { return localStorage.getItem("omnigen2.theme") || "system"; } catch { return "system"; }
  };

  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    const button = document.getElementById("change-theme");
    if (!button) return;
    button.setAttribute("aria-label", `Colours: ${names[theme]}`);
    button.title = `Colours: ${names[theme]}`;
  };

  const next = () => {
    const order = Object.keys(names);
    const theme = order[(order.indexOf(document.documentElement.dataset.theme) + 1) % order.length];
    try { localStorage.setItem("omnigen2.theme", theme); } catch { /* not kept where storage is off */ }
    show(theme);
  };

  show(remembered());
  document.addEventListener("DOMContentLoaded", () => {
    show(remembered());
    document.getElementById("change-theme").addEventListener("click", next);
  });
})();
