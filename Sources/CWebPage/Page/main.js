// Puts the page together.

import { Chat } from "./chat.js";
import { Create } from "./create.js";
import { askForKey } from "./dialogs.js";
import { byId } from "./dom.js";
import { prepareMaskDialog } from "./maskdialog.js";
import { capabilities, startWatchingServer } from "./server.js";
import { Settings } from "./settings.js";
import { shelf } from "./storage.js";
import { acceptDropsAndPastes } from "./tray.js";
import { prepareViewer } from "./viewer.js";

const narrow = matchMedia("(max-width: 820px)");
const inChat = () => location.hash === "#chat";

/** The settings are the same in both views; they move along. */
function showView() {
  byId("create").hidden = inChat();
  byId("chat").hidden = !inChat();
  byId("open-create").ariaCurrent = inChat() ? null : "page";
  byId("open-chat").ariaCurrent = inChat() ? "page" : null;
  byId(inChat() ? "chat-settings" : "create-settings").append(byId("settings"));
}

function foldChatSettings() {
  byId("chat-side").open = !narrow.matches;
}

async function changeKey() {
  if (await askForKey("Another key for this server:")) location.reload();
}

async function start() {
  narrow.addEventListener("change", foldChatSettings);
  foldChatSettings();
  prepareMaskDialog();
  prepareViewer();
  startWatchingServer();

  const server = await capabilities((why) => { byId("starting").textContent = why; });
  byId("starting").hidden = true;
  byId("model").textContent = server.model;
  byId("model").title = `omnigen2 ${server.version}`;
  byId("change-key").hidden = !server.authentication;
  byId("change-key").addEventListener("click", changeKey);

  const settings = new Settings(byId("settings"), server);
  const create = new Create(server, settings, (url) => { location.hash = "#chat"; chat.askAbout(url); });
  const chat = new Chat(server, settings, (url) => create.use(url));
  const show = () => {
    showView();
    if (inChat()) settings.setPictures(null, false);
    else create.tellSettings();
  };
  window.addEventListener("hashchange", show);
  show();
  acceptDropsAndPastes(() => (inChat() ? chat : create).tray, byId("drop-hint"));
  await Promise.all([create.restore(), chat.restore()]);
  document.documentElement.dataset.ready = "";
  shelf.tidy();
}

start();
