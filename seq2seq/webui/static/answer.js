// The answer on the page: sentences with words, and the text that they belong to.

import { direction } from "./direction.js";
import { area, find, make } from "./page.js";
import { languageName, percent, say } from "./strings.js";

// `asked` is the request, `sentences` are those of answer.py; `complete` if all are there, `typed` if the text is
// still being typed. `chosen` holds what the user made of a sentence, by its source.
export const answer = { asked: null, sentences: [], complete: false, typed: false, end: null, chosen: new Map() };

const SURE = 0.75; // words with less confidence are coloured (style.css)

export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
export const text = () =>
  answer.sentences.map((one, index) => one.text + (index + 1 < answer.sentences.length ? one.after : "")).join("");
export const sourceOf = (sentence) => (answer.asked?.text ?? "").slice(sentence.start, sentence.end);
export const paragraph = () => find("#result .translation");

const word = (sentence, index, number, focusable) => {
  const [start, end, confidence, choice] = sentence.words[number];
  const element = make("span", sentence.text.slice(start, end), {
    class: choice ? "word choice" : "word",
    role: "button",
    tabindex: focusable ? "0" : "-1",
    "data-sentence": index,
    "data-word": number,
    "aria-haspopup": "listbox",
    style: `--c:${confidence ?? 1}`,
    title: say("translate.word_confidence", { percent: percent(confidence) }),
  });
  return element;
};

export const sentenceElement = (sentence, index) => {
  const element = make("span", "", { class: sentence.edited ? "sentence edited" : "sentence", "data-sentence": index });
  let at = 0;
  sentence.words.forEach(([start, end], number) => {
    element.append(sentence.text.slice(at, start), word(sentence, index, number, index === 0 && number === 0));
    at = end;
  });
  element.append(sentence.text.slice(at));
  return element;
};

// Sentences as the user made them.
export const withChoices = (sentences, source) =>
  sentences.map((one) => {
    const chosen = answer.chosen.get(source.slice(one.start, one.end));
    return chosen ? { ...one, ...chosen } : one;
  });

export const render = () => {
  const { sentences } = answer;
  if (!sentences.length) {
    find("#result").replaceChildren(make("p", say("translate.empty"), { class: "translation empty" }));
  } else {
    const body = make("p", "", { class: "translation", dir: "auto" });
    sentences.forEach((one, index) => body.append(sentenceElement(one, index), one.after));
    find("#result").replaceChildren(body);
  }
  const nothing = !text().trim();
  for (const name of ["copy", "edit"]) find(`[data-action=${name}]`).disabled = nothing;
  const [unsure, choice] = find("#legend").children;
  unsure.hidden = nothing || !sentences.some(({ words }) => words.some(([, , sure]) => sure !== null && sure < SURE));
  choice.hidden = nothing || !sentences.some(({ words }) => words.some((one) => one[3]));
  find("#legend").hidden = unsure.hidden && choice.hidden;
};

// What the user made of sentence `index`.
export const choose = (index, body) => {
  const sentence = answer.sentences[index];
  const chosen = { ...body, edited: true };
  answer.chosen.set(sourceOf(sentence), chosen);
  answer.sentences[index] = { ...sentence, ...chosen };
  render();
  showEnd();
};

export const wordElement = (index, number) =>
  find(`#result .word[data-sentence="${index}"][data-word="${number}"]`);

// ---- Below the answer: confidence, reasons, other translations

const REASONS = {
  "words that the model does not know": "unknown_words",
  "characters that the model does not know": "unknown_characters",
  "a repetition was cut off": "repetition",
  "the length limit was reached": "limit",
  "perhaps not translated": "uncovered",
  "the length is unusual": "length",
};

const inLanguage = (reason) => {
  const [kind, ...words] = reason.split(": ");
  return [kind in REASONS ? say(`reason.${REASONS[kind]}`) : kind, ...words].join(": ");
};

// "this does not look like English" in the language of the page. It is always the language of the source.
export const noteInLanguage = (note, source = direction().source) => {
  const language = languageName(source);
  const inLanguage = (one) => (one.startsWith("this does not look like ") ? say("reason.language", { language }) : one);
  return note.split("; ").map(inLanguage).join("; ");
};

// Whether nothing is translated.
export const isKept = () => text().trim() === answer.asked.text.trim();

export const showEnd = () => {
  const { end, sentences } = answer;
  const edited = sentences.some((one) => one.edited);
  const known = end && sentences.length && !edited && !(end.note && isKept());
  const shown = known && !isKept() ? say("translate.confidence", { percent: percent(end.confidence) }) : "";
  find("#confidence").textContent = edited ? say("translate.edited") : shown;
  const reasons = new Set(sentences.flatMap((one) => (one.edited ? [] : one.reasons)));
  find("#reasons").replaceChildren(...[...reasons].map((one) => make("li", inLanguage(one))));
  const others = known && !answer.typed ? end.others : [];
  find("#others").hidden = !others.length;
  find("#others ol").replaceChildren(
    ...others.map((other) => {
      const item = make("li");
      item.append(make("span", other.text, { dir: "auto", lang: find("#result").lang }));
      item.append(make("span", percent(other.confidence), { class: "figure" }));
      return item;
    }),
  );
};

// Whether the answer belongs to the text in the box.
export const current = (wanted) => same(answer.asked, wanted) && answer.sentences.length > 0;
export const sourceIsCurrent = () => answer.asked?.text === area().value;
