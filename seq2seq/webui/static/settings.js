// The numbers of the search, and whether words are marked by confidence.

import { keepFilled } from "./drawer.js";
import { setNumber, settings } from "./direction.js";
import { find, store, stored } from "./page.js";

const valid = (field) => /^\d+$/.test(field.value) && Number(field.value) >= 1 && Number(field.value) <= Number(field.max);

const fill = () => {
  for (const name of ["beam", "best"]) find(`#${name}`).value = settings[name];
};

const colour = () => find("#translator").classList.toggle("plain", !find("#colour").checked);

export const start = () => {
  keepFilled("settings", fill);
  for (const name of ["beam", "best"]) {
    const field = find(`#${name}`);
    field.addEventListener("input", () => valid(field) && setNumber(name, Number(field.value)));
    field.addEventListener("blur", fill); // what is no such number changes nothing
  }
  find("#colour").checked = stored("colour", true);
  find("#colour").addEventListener("change", () => (store("colour", find("#colour").checked), colour()));
  colour();
};
