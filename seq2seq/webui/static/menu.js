// Click or Enter on a word of the translation: other words in its place, and the sentences that follow from them.

import { answer, choose, paragraph, sourceOf, wordElement } from "./answer.js";
import { asked } from "./direction.js";
import * as draft from "./draft.js";
import { all, find, make } from "./page.js";
import { ask, reason } from "./requests.js";
import { percent, say } from "./strings.js";
import { status } from "./translate.js";

const menu = find("#menu");
let running = null;
let opened = null; // [sentence, word] that the menu belongs to

// Where two texts differ: [start, end of one, end of the other], whole words.
const difference = (one, other) => {
  const letter = (text, place) => /[\p{L}\p{M}\p{N}'’]/u.test(text[place] ?? "");
  let start = 0;
  while (start < one.length && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < Math.min(one.length, other.length) - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  while (start > 0 && letter(other, start - 1)) start -= 1;
  while (end > 0 && letter(other, other.length - end)) end -= 1;
  return [start, other.length - end];
};

const marked = (sentence, present) => {
  const [start, end] = difference(present, sentence);
  const line = make("span", sentence.slice(0, start), { class: "leads-to" });
  line.append(make("mark", sentence.slice(start, end)), sentence.slice(end));
  return line;
};

const option = (call, ...parts) => {
  const element = make("div", "", { role: "option", tabindex: "-1", "aria-selected": "false" });
  element.append(...parts);
  element.addEventListener("click", call);
  return element;
};

const place = (word) => {
  const box = word.getBoundingClientRect();
  const width = Math.min(420, innerWidth - 16);
  menu.style.width = `${width}px`;
  menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
  const below = innerHeight - box.bottom;
  const above = below < 260 && box.top > below;
  menu.style.top = above ? "auto" : `${box.bottom + 6}px`;
  menu.style.bottom = above ? `${innerHeight - box.top + 6}px` : "auto";
  menu.style.maxHeight = `${Math.max(160, (above ? box.top : below) - 20)}px`;
};

const close = (focus) => {
  if (menu.matches(":popover-open")) menu.hidePopover();
  if (focus && opened) wordElement(...opened)?.focus();
};

const parts = (sentence, number) => {
  const [start, end] = sentence.words[number];
  return { before: sentence.text.slice(0, start), word: sentence.text.slice(start, end), after: sentence.text.slice(end) };
};

const fill = (alternatives, sentence, index, number) => {
  const write = option(() => writeFrom(index, number), make("em", say("menu.write")));
  const items = alternatives.map((one) =>
    option(
      () => {
        choose(index, one.sentence);
        close(true);
      },
      make("strong", one.word),
      make("span", percent(one.probability), { class: "figure" }),
      marked(one.sentence.text, sentence.text),
    ),
  );
  if (!items.length) items.push(make("p", say("menu.none"), { class: "note", role: "presentation" }));
  menu.replaceChildren(...items, write);
  menu.lang = find("#result").lang;
  menu.querySelector("[role=option]").focus();
};

export const open = async (word) => {
  const [index, number] = [Number(word.dataset.sentence), Number(word.dataset.word)];
  const sentence = answer.sentences[index];
  if (!sentence || find("#result").matches(".stale")) return;
  opened = [index, number];
  running?.abort();
  const mine = (running = new AbortController());
  menu.setAttribute("aria-label", say("menu.title", { word: word.textContent }));
  menu.replaceChildren(option(() => close(true), say("menu.waiting")));
  place(word);
  menu.showPopover();
  menu.querySelector("[role=option]").focus();
  try {
    const request = { ...asked(), text: sourceOf(sentence), ...parts(sentence, number) };
    const { alternatives } = await ask("/alternatives", request, mine.signal);
    if (answer.sentences[index] === sentence && !mine.signal.aborted) fill(alternatives, sentence, index, number);
  } catch (error) {
    if (mine.signal.aborted) return;
    close(true);
    status(reason(error), true);
  }
};

const move = (step) => {
  const options = [...menu.querySelectorAll("[role=option]")];
  const next = options[options.indexOf(document.activeElement) + step];
  next?.focus();
};

const isLetter = (event) => event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;

// Whoever types in the translation writes it from this word on. The letter goes into the box that has the focus then.
const writeFrom = (index, number) => {
  close();
  draft.begin(index, answer.sentences[index].words[number][0]);
};

const onMenuKey = (event) => {
  if (isLetter(event)) return writeFrom(...opened);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) move(step);
  else if (event.key === "Enter" || event.key === " ") document.activeElement.click();
  else if (event.key === "Escape") close(true);
  else if (event.key === "Tab") return close(true);
  else return;
  event.preventDefault();
  event.stopPropagation();
};

// Arrows walk from word to word; one of them is in the order of Tab.
const onWordKey = (event) => {
  const word = event.target.closest(".word");
  if (!word) return;
  if (isLetter(event)) return writeFrom(Number(word.dataset.sentence), Number(word.dataset.word));
  if (event.key === "Enter" || event.key === " ") open(word);
  else if (event.key === "ArrowDown" && word.matches(".choice")) open(word);
  else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    const words = all("#result .word");
    const step = (event.key === "ArrowRight") === (getComputedStyle(paragraph()).direction === "ltr") ? 1 : -1;
    const next = words[words.indexOf(word) + step];
    if (!next) return;
    next.focus();
  } else return;
  event.preventDefault();
};

export const start = () => {
  menu.addEventListener("keydown", onMenuKey);
  menu.addEventListener("toggle", (event) => event.newState === "closed" && running?.abort());
  find("#result").addEventListener("keydown", onWordKey);
  find("#result").addEventListener("click", (event) => {
    const word = event.target.closest(".word");
    if (word && !getSelection().toString()) open(word);
  });
  addEventListener("scroll", () => close(), { passive: true });
};
