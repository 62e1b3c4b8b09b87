// The drawer: one section at a time. Each section has a script of its own.

import { all, announceEvent, copyText, find, onEvent } from "./page.js";
import { say } from "./strings.js";

const drawer = find("#drawer");

export const section = () => (drawer.open ? find("[data-section]:not([hidden])")?.dataset.section : "");

const open = (name) => {
  for (const one of all("[data-section]")) one.hidden = one.dataset.section !== name;
  const title = find(`[data-section="${name}"] h2`);
  title.id = "drawer-title";
  for (const other of all("#drawer-title")) if (other !== title) other.removeAttribute("id");
  drawer.setAttribute("aria-labelledby", "drawer-title");
  if (!drawer.open) drawer.showModal();
  announceEvent("drawer", name);
};

// A button that says for a moment that it has copied.
export const copied = (button) => {
  button.textContent = say("translate.copied");
  setTimeout(() => (button.textContent = say("translate.copy")), 1500);
};

export const start = () => {
  for (const button of all("[data-drawer]")) button.addEventListener("click", () => open(button.dataset.drawer));
  find("[data-action=close-drawer]").addEventListener("click", () => drawer.close());
  drawer.addEventListener("click", (event) => event.target === drawer && drawer.close()); // beside it
  for (const button of all("[data-copy]"))
    button.addEventListener("click", async () => {
      await copyText(find(`#${button.dataset.copy}`).textContent);
      copied(button);
    });
};

// Calls `fill` when section `name` is opened, and when what it shows may have changed.
export const keepFilled = (name, fill) => {
  onEvent("drawer", (opened) => opened === name && fill());
  for (const event of ["answer", "settings"]) onEvent(event, () => section() === name && fill());
};
