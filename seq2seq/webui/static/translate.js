// When which text is translated, and what of the answer is shown.
//
// While the user types, the answer is that of a LiveTranslator, which changes little. When the text rests, the
// whole text is translated, and that is the end.

import { answer, current, isKept, noteInLanguage, render, same, showEnd, text, withChoices } from "./answer.js";
import { asked } from "./direction.js";
import { announceEvent, area, find } from "./page.js";
import { askLines, reason } from "./requests.js";
import { mark, tooLong } from "./source.js";
import { say } from "./strings.js";

const PAUSE = 90; // milliseconds without input before the text is translated
const REST = 450; // milliseconds after which it is taken as finished
const SESSION = crypto.getRandomValues(new Uint32Array(4)).join("-"); // names this page for the server

let timer = 0; // the next request
let running = null; // the AbortController of the request that is running

export const wanted = () => ({ ...asked(), text: area().value });

export const status = (message, isError = false) => {
  const line = find("#status");
  if (line.textContent !== message) line.textContent = message; // so that it is announced once
  line.classList.toggle("error", isError);
};

// What does not belong to the present text is dimmed. Called whenever one of the two changes.
export const markStale = () => {
  const result = find("#result");
  const stale = !current(wanted()) && answer.sentences.length > 0;
  result.classList.toggle("stale", stale);
  find("#others").classList.toggle("stale", stale);
  result.setAttribute("aria-busy", String(stale || !answer.complete));
};

export const stop = () => {
  clearTimeout(timer);
  const was = running;
  running?.abort();
  running = null;
  return was !== null;
};

const explained = (note) => {
  if (!note) return "";
  return say(isKept() ? "translate.not_translated" : "translate.partly_translated", { note: noteInLanguage(note) });
};

const clear = (request) => {
  Object.assign(answer, { asked: request, sentences: [], complete: true, typed: false, end: null });
  answer.chosen.clear();
  render();
  showEnd();
  status("");
};

// A long text grows sentence by sentence, unless a whole answer to it is there already.
const grow = (request, sentences) => {
  if (same(answer.asked, request) && answer.complete) return;
  Object.assign(answer, { asked: request, sentences, complete: false, typed: false });
  render();
};

const finish = (request, sentences, end, typed) => {
  Object.assign(answer, { asked: request, sentences, complete: true, typed, end });
  render();
  showEnd();
  status(typed ? "" : explained(answer.end.note));
  if (typed) return;
  find("#announcer").textContent = say("translate.announcement", { text: text() });
  announceEvent("answer", { source: answer.asked.text, target: text(), model: answer.asked.model });
};

// Translates the text in the box. True if the whole answer is there.
export const translate = async ({ typed = false } = {}) => {
  stop();
  const request = wanted();
  const refusal = tooLong();
  if (refusal || !request.text.trim()) {
    clear(request);
    if (refusal) status(refusal, true);
    markStale();
    return !refusal;
  }
  const mine = (running = new AbortController());
  let sentences = [];
  try {
    for await (const part of askLines({ ...request, session: typed ? SESSION : undefined }, mine.signal)) {
      if (mine.signal.aborted || !same(request, wanted())) return false;
      sentences = [...sentences, ...withChoices(part.sentences ?? [], request.text)];
      if (part.error !== undefined) status(part.error, true);
      else if (part.done) finish(request, sentences, part, typed);
      else if (!typed) grow(request, sentences);
      markStale();
    }
    if (typed) timer = setTimeout(() => translate(), REST);
  } catch (error) {
    if (mine.signal.aborted) return false;
    status(reason(error), true);
  } finally {
    if (running === mine) running = null;
  }
  return answer.complete && current(wanted());
};

// The text has changed, key by key if it is `typed`, else at once.
export const later = ({ typed = true } = {}) => {
  stop();
  mark();
  markStale();
  if (answer.complete && !answer.typed && current(wanted())) return;
  timer = setTimeout(() => translate({ typed }), typed ? PAUSE : 0);
};
