// The last translations, in this browser and only if the user wants it.

import { section } from "./drawer.js";
import { choose, settings } from "./direction.js";
import { find, make, onEvent, store, stored } from "./page.js";
import { setText } from "./source.js";
import { say } from "./strings.js";

const MOST = 200;
const WAIT = 2000; // milliseconds that an answer stays before it is kept

let timer = 0;

const kept = () => stored("history", []);

const row = (entry) => {
  const item = make("li");
  const button = make("button", "", { type: "button", class: "past" });
  button.append(make("span", entry.source, { dir: "auto" }), make("span", entry.target, { dir: "auto", class: "form" }));
  button.addEventListener("click", () => {
    find("#drawer").close();
    if (entry.model !== settings.model) choose(entry.model);
    setText(entry.source);
  });
  item.append(button);
  return item;
};

const fill = () => {
  const words = find("#history-search").value.toLowerCase();
  const entries = kept();
  const matching = entries.filter((one) => `${one.source}\n${one.target}`.toLowerCase().includes(words));
  const nothing = say(entries.length ? "history.nothing" : "history.empty");
  find("#history").replaceChildren(...(matching.length ? matching.map(row) : [make("li", nothing, { class: "note" })]));
  find("[data-action=clear-history]").disabled = !entries.length;
};

// A text that goes on from the last one replaces it.
const keep = (entry) => {
  const others = kept().filter((one, place) => one.source !== entry.source && !(place === 0 && entry.source.startsWith(one.source)));
  store("history", [entry, ...others].slice(0, MOST));
  if (section() === "history") fill();
};

export const start = () => {
  const box = find("#keep-history");
  box.checked = stored("history-kept", false);
  box.addEventListener("change", () => store("history-kept", box.checked));
  find("#history-search").addEventListener("input", fill);
  find("[data-action=clear-history]").addEventListener("click", () => (store("history", []), fill()));
  onEvent("drawer", (name) => name === "history" && fill());
  onEvent("answer", (entry) => {
    clearTimeout(timer);
    if (box.checked) timer = setTimeout(() => keep(entry), WAIT);
  });
};
