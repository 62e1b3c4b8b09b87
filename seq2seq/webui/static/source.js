// The box of the source text: its counter, a copy of it behind the box in which words can be marked.

import { area, find, length } from "./page.js";
import { number, say } from "./strings.js";

const mirror = find("#mirror");
mirror.dir = "auto"; // as the box: each paragraph has the direction of its letters
const limit = Number(find("#counter").dataset.limit);

export const tooLong = () => {
  const used = length(area().value);
  return used > limit ? say("translate.too_long", { used: number(used), limit: number(limit) }) : "";
};

const count = () => {
  const used = length(area().value);
  find("#counter").textContent = say("translate.counter", { used: number(used), limit: number(limit) });
  find("#counter").classList.toggle("over", used > limit);
  find("[data-action=clear]").disabled = !area().value;
};

// Marks places [start, end] of the text; the copy has the size of the text, and gives the box its height.
export const mark = (places = []) => {
  const text = area().value;
  const parts = [];
  let at = 0;
  for (const [start, end] of [...places].sort((one, other) => one[0] - other[0])) {
    if (start < at) continue;
    const word = document.createElement("mark");
    word.textContent = text.slice(start, end);
    parts.push(text.slice(at, start), word);
    at = end;
  }
  mirror.replaceChildren(...parts, `${text.slice(at)}\u200b`);
};

// The place in the text under the pointer, -1 if there is none.
export const placeUnder = (event) => {
  const found = document.caretPositionFromPoint?.(event.clientX, event.clientY);
  return found?.offsetNode === area() ? found.offset : -1;
};

// Replaces the text so that Ctrl+Z brings the old one back.
export const setText = (text) => {
  const box = area();
  box.focus();
  box.select();
  const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
  if (!done && box.value !== text) {
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
};

export const changed = () => {
  count();
  mark();
};
