// The model of a training beside the others: the Translate tab gets what it has for each direction once more.

import { addDirection, choose, settings } from "./direction.js";
import { models } from "./jobs.js";
import { all, announceEvent, find, make } from "./page.js";
import { languageName } from "./strings.js";

const BEST = 3; // translations listed at first, see panes.py
let present = ""; // the name of the one that is in the page

// The copy of an element that exists for each direction: the name of a language, examples, a line about the model.
const copyOf = (element, { name, source, target }, same) => {
  const copy = element.cloneNode(same || element.matches("h2"));
  copy.dataset.direction = name;
  copy.hidden = true;
  for (const language of copy.querySelectorAll("[data-language]")) {
    language.dataset.language = element.closest(".target") ? target : source;
    language.textContent = languageName(language.dataset.language);
  }
  if (copy.querySelector(".provenance")) copy.querySelector(".provenance").textContent = name;
  if (copy.querySelector(".facts")) copy.replaceChildren(make("p", name, { class: "note" }));
  return copy;
};

// Adds the model, in place of the one of an earlier validation.
export const addModel = (model) => {
  if (model.name === present) return;
  const others = models().filter((one) => one.name !== present);
  const like = others.find((one) => one.source === model.source && one.target === model.target) ?? others[0];
  const same = like.source === model.source && like.target === model.target;
  const reverse = others.find((one) => one.source === model.target && one.target === model.source)?.name ?? "";
  const attributes = { ...model, reverse, best: Math.min(BEST, model.beam), languages: `${model.source} → ${model.target}` };
  const data = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [`data-${key}`, String(value)]));
  addDirection(make("span", "", data));
  for (const element of all("[data-direction]").filter((one) => one.dataset.direction === like.name))
    element.parentElement.insertBefore(copyOf(element, model, same), element.nextSibling);
  const select = find("#model");
  select.append(new Option(`${languageName(model.source)} → ${languageName(model.target)} · ${model.name}`, model.name));
  select.closest(".choice-of-model").hidden = false;
  const before = present;
  present = model.name;
  if (before && settings.model === before) choose(model.name);
  if (before)
    for (const old of [...all("[data-direction], #directions > span"), ...select.options])
      if ([old.dataset.direction, old.dataset.name, old.value].includes(before)) old.remove();
  announceEvent("models");
};
