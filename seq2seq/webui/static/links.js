// Counterparts light up: hover or focus a word of the translation, or a word of the source.

import { answer, sourceIsCurrent, wordElement } from "./answer.js";
import { all, area, find } from "./page.js";
import { mark, placeUnder } from "./source.js";

const off = () => {
  for (const word of all("#result .word.on")) word.classList.remove("on");
  mark();
};

const placeOf = (sentence, source) => sentence.sources[source].map((place) => place + sentence.start);

const lightTarget = (index, number) => {
  off();
  const sentence = answer.sentences[index];
  wordElement(index, number)?.classList.add("on");
  if (!sentence || !sourceIsCurrent()) return;
  mark(sentence.links.filter(([, target]) => target === number).map(([source]) => placeOf(sentence, source)));
};

// The word of the source at `place`: [sentence, source word], or null.
const sourceWordAt = (place) => {
  for (const [index, sentence] of answer.sentences.entries()) {
    const number = sentence.sources.findIndex((_, one) => {
      const [start, end] = placeOf(sentence, one);
      return start <= place && place <= end;
    });
    if (number >= 0) return [index, number];
  }
  return null;
};

const lightSource = (place) => {
  const found = place >= 0 && sourceIsCurrent() ? sourceWordAt(place) : null;
  off();
  if (!found) return;
  const [index, source] = found;
  const sentence = answer.sentences[index];
  mark([placeOf(sentence, source)]);
  for (const [one, target] of sentence.links) if (one === source) wordElement(index, target)?.classList.add("on");
};

// One word is in the order of Tab: the one that had the focus last.
const rove = (word) => {
  for (const other of all('#result .word[tabindex="0"]')) other.tabIndex = -1;
  word.tabIndex = 0;
};

const wordOf = (event) => event.target.closest?.("#result .word");

export const start = () => {
  const result = find("#result");
  for (const name of ["pointerover", "focusin"])
    result.addEventListener(name, (event) => {
      const word = wordOf(event);
      if (word) lightTarget(Number(word.dataset.sentence), Number(word.dataset.word));
      else if (name === "pointerover") off();
      if (word && name === "focusin") rove(word);
    });
  result.addEventListener("pointerleave", off);
  result.addEventListener("focusout", off);
  area().addEventListener("pointermove", (event) => lightSource(placeUnder(event)));
  area().addEventListener("pointerleave", off);
  area().addEventListener("keyup", (event) => {
    if (/^(Arrow|Home|End|Page)/.test(event.key)) lightSource(area().selectionStart);
  });
};
