// The model and its direction, the numbers of the search, and the glossary: the settings of every request.

import { all, announceEvent, area, find, store, stored } from "./page.js";
import { languageName, say } from "./strings.js";

const items = [...find("#directions").children];
const facts = (name) => items.find((item) => item.dataset.name === name)?.dataset;

// A direction that was added since the page was loaded, see trained.js.
export const addDirection = (item) => {
  find("#directions").append(item);
  items.push(item);
};

export const settings = { model: items[0].dataset.name, beam: 0, best: 0, glossary: [] };
export const direction = () => facts(settings.model);

// What a request says besides its text. `best` is what the user wants; the beam may have less.
export const asked = () => ({
  model: settings.model,
  beam_size: settings.beam,
  n_best: Math.min(settings.best, settings.beam),
  glossary: Object.fromEntries(settings.glossary),
});

const readGlossary = () => {
  const { source, target } = direction();
  settings.glossary = stored(`glossary.${source}-${target}`, []);
};

export const setGlossary = (terms) => {
  const { source, target } = direction();
  settings.glossary = terms;
  store(`glossary.${source}-${target}`, terms);
  announceEvent("settings");
};

export const setNumber = (name, value) => {
  if (settings[name] === value) return;
  settings[name] = value;
  announceEvent("settings");
};

// Makes `name` the direction, with its own numbers.
export const choose = (name) => {
  if (!facts(name)) return;
  settings.model = name;
  const { beam, best } = direction();
  Object.assign(settings, { beam: Number(beam), best: Number(best) });
  readGlossary();
  show();
  announceEvent("settings");
};

const show = () => {
  const { source, target, reverse } = direction();
  const [from, to] = [languageName(source), languageName(target)];
  for (const item of all("[data-direction]")) item.hidden = item.dataset.direction !== settings.model;
  const number = items.findIndex((item) => item.dataset.name === settings.model);
  for (const card of all(".block.card-text")) card.hidden = !card.classList.contains(`card-${number}`);
  document.title = `${from} → ${to} · seq2seq`;
  if (source) area().lang = source;
  if (target) find("#result").lang = target;
  const swap = find("#swap");
  swap.disabled = !reverse;
  swap.title = reverse ? say("translate.swap_hint") : say("translate.no_swap", { languages: `${to} → ${from}` });
  find("#model").value = settings.model;
};

export const start = () => {
  for (const name of all("[data-language]")) name.textContent = languageName(name.dataset.language);
  for (const option of find("#model").options) {
    const { source, target } = facts(option.value);
    if (source) option.textContent = `${languageName(source)} → ${languageName(target)} · ${option.textContent.split(" · ").at(-1)}`;
  }
  find("#model").addEventListener("change", (event) => choose(event.target.value));
  choose(settings.model);
  // The card of the model is in another tab, which gradio builds when it is opened.
  new MutationObserver(() => {
    if (all(".block.card-text:not([hidden])").length > 1) show();
    for (const code of all(".card-text pre:not([tabindex])")) code.tabIndex = 0; // it may scroll
  }).observe(document.body, { childList: true, subtree: true });
};
