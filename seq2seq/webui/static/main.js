// The translate tab. page.py loads this when gradio has built the page.

import { answer, current, text } from "./answer.js";
import * as code from "./code.js";
import * as direction from "./direction.js";
import * as draft from "./draft.js";
import * as drawer from "./drawer.js";
import * as glossary from "./glossary.js";
import * as history from "./history.js";
import * as links from "./links.js";
import * as menu from "./menu.js";
import { all, area, copyText, find, onEvent } from "./page.js";
import * as settings from "./settings.js";
import * as share from "./share.js";
import * as source from "./source.js";
import * as strings from "./strings.js";
import { later, status, stop, translate, wanted } from "./translate.js";

let composing = false; // true while an input method composes: its input is not text yet

// The languages change places, and the answer becomes the source. An answer that is not there is waited for.
const swap = async () => {
  const { model } = direction.settings;
  const { reverse } = direction.direction();
  if (!reverse) return;
  const done = (answer.complete && !answer.typed && current(wanted())) || (await translate());
  if (direction.settings.model !== model) return; // swapped meanwhile
  const swapped = done ? text() : area().value;
  direction.choose(reverse);
  source.setText(swapped);
};

const ACTIONS = {
  swap,
  clear: () => source.setText(""),
  copy: async (button) => (await copyText(text()), drawer.copied(button)),
  edit: () => {
    const word = find('#result .word[tabindex="0"]');
    draft.begin(Number(word?.dataset.sentence ?? answer.sentences.findIndex((one) => one.text.trim())));
  },
};

const onInput = (event) => {
  if (event.target !== area()) return;
  source.changed();
  if (composing) return;
  const typed = /^(insertText|deleteContent|insertComposition|insertLineBreak)/.test(event.inputType ?? "");
  later({ typed: typed && (event.data?.length ?? 1) < 30 });
};

const onKey = (event) => {
  const control = event.ctrlKey || event.metaKey;
  if (event.key === "Enter" && control) translate();
  else if (event.key.toLowerCase() === "s" && control && event.shiftKey) swap();
  else if (event.key === "Escape" && stop()) return status(strings.say("translate.stopped"));
  else return;
  event.preventDefault();
};

const start = () => {
  strings.start();
  find("#language").value = strings.language;
  find("#language").addEventListener("change", (event) => strings.choose(event.target.value));
  for (const button of all("[data-action]"))
    button.addEventListener("click", () => ACTIONS[button.dataset.action]?.(button));
  for (const button of all(".example")) button.addEventListener("click", () => source.setText(button.textContent));
  find("#translate").addEventListener("click", () => translate());
  document.addEventListener("input", onInput);
  document.addEventListener("keydown", onKey);
  area().addEventListener("compositionstart", () => (composing = true));
  area().addEventListener("compositionend", () => {
    composing = false;
    later();
  });
  for (const part of [links, menu, drawer, settings, glossary, history, share, code, direction]) part.start();
  onEvent("settings", () => {
    answer.chosen.clear(); // it was made with other settings
    later({ typed: false });
  });
  source.changed();
  share.follow();
  window.seq2seq = { ready: true };
};

start();
