// A sentence of the translation that the user writes: what the model would write next stands behind it in grey.

import { answer, choose, render, sentenceElement, sourceOf, wordElement } from "./answer.js";
import { asked } from "./direction.js";
import { find, make } from "./page.js";
import { ask, reason } from "./requests.js";
import { say } from "./strings.js";
import { status } from "./translate.js";

const PAUSE = 60; // milliseconds without input before the rest is asked for
const NEXT = /^\s*(?:\p{Script=Han}|[^\s\p{Script=Han}]+)/u; // up to the end of the next word

let state = null; // of the sentence that is being written: {index, before, box, ghost, words, whole}
let timer = 0;
let running = null;

export const active = () => state !== null;

const typed = () => state.box.textContent;
const rest = () => state.ghost.textContent;

const showWords = (words) => {
  const next = words
    .filter((one) => one.text.trim())
    .slice(0, 4)
    .map((one) => {
      const button = make("button", one.text.trim(), { type: "button", class: "quiet boxed", lang: find("#result").lang });
      button.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
      button.addEventListener("click", () => write(typed() + one.text));
      return button;
    });
  const label = next.length ? [make("span", say("draft.next"))] : [];
  state.words.replaceChildren(...label, ...next);
};

const write = (text) => {
  state.box.textContent = text;
  getSelection().selectAllChildren(state.box);
  getSelection().collapseToEnd();
  changed();
};

// The grey text, at once as far as the last whole translation goes.
const changed = () => {
  const whole = state.whole.text;
  state.ghost.textContent = whole.startsWith(typed()) ? whole.slice(typed().length) : "";
  clearTimeout(timer);
  timer = setTimeout(complete, PAUSE);
};

const complete = async () => {
  running?.abort();
  const mine = (running = new AbortController());
  const [here, prefix] = [state, typed()];
  try {
    const request = { ...asked(), text: sourceOf(answer.sentences[here.index]), prefix };
    const { words, sentence } = await ask("/completion", request, mine.signal);
    if (mine.signal.aborted || state !== here || typed() !== prefix) return;
    here.whole = sentence;
    here.ghost.textContent = sentence.text.startsWith(prefix) ? sentence.text.slice(prefix.length) : "";
    showWords(words);
  } catch (error) {
    if (!mine.signal.aborted) status(reason(error), true);
  }
};

const close = () => {
  clearTimeout(timer);
  running?.abort();
  const { index } = state;
  state = null;
  find("#draft-help").hidden = true;
  return index;
};

// The sentence is done: what is written, and the grey text behind it. Then its first word has the focus, if `focus`.
const finish = async (focus = true) => {
  if (!state) return;
  const text = typed() + rest();
  if (state.whole.text !== text) {
    clearTimeout(timer);
    await complete();
    if (!state) return;
  }
  const { whole, before } = state;
  const index = close();
  if (whole.text.trim() && whole.text !== before.text) choose(index, whole);
  else render();
  if (focus) wordElement(index, 0)?.focus();
};

const cancel = () => {
  const index = close();
  render();
  wordElement(index, 0)?.focus();
};

const onKey = (event) => {
  if (event.isComposing) return;
  const atEnd = getSelection().focusOffset === (getSelection().focusNode?.textContent.length ?? 0);
  if (event.key === "Tab" && !event.shiftKey && rest()) write(typed() + rest().match(NEXT)?.[0]);
  else if (event.key === "End" && rest() && atEnd) write(typed() + rest());
  else if (event.key === "Enter") finish();
  else if (event.key === "Escape") cancel();
  else return;
  event.preventDefault();
  event.stopPropagation();
};

const helpLine = () => {
  const words = make("div", "", { class: "next-words" });
  const buttons = make("div", "", { class: "next-words" });
  for (const [key, call] of [
    ["accept", () => rest() && write(typed() + rest().match(NEXT)?.[0])],
    ["done", () => finish()],
    ["cancel", cancel],
  ]) {
    const button = make("button", say(`draft.${key}`), { type: "button", class: "quiet boxed" });
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    button.addEventListener("click", call);
    buttons.append(button);
  }
  find("#draft-help").replaceChildren(words, buttons, make("p", say("draft.help"), { class: "note" }));
  find("#draft-help").hidden = false;
  return words;
};

// Begin to write sentence `index`; its first `kept` characters are taken as written.
export const begin = (index, kept = 0) => {
  if (state) cancel();
  const before = answer.sentences[index];
  const box = make("span", before.text.slice(0, kept), {
    class: "draft",
    contenteditable: "plaintext-only",
    role: "textbox",
    "aria-label": say("draft.label"),
    dir: "auto",
  });
  if (box.contentEditable !== "plaintext-only") box.contentEditable = "true"; // older browsers
  const ghost = make("span", before.text.slice(kept), { class: "ghost", "aria-hidden": "true" });
  const element = find(`#result .sentence[data-sentence="${index}"]`) ?? sentenceElement(before, index);
  element.replaceChildren(box, ghost);
  element.classList.add("written");
  state = { index, before, box, ghost, words: helpLine(), whole: { ...before } };
  box.addEventListener("input", changed);
  box.addEventListener("keydown", onKey);
  box.addEventListener("blur", () => state?.box === box && finish(false));
  ghost.addEventListener("pointerdown", (event) => (event.preventDefault(), box.focus()));
  box.focus();
  write(typed());
};
