// Terms with their translations, for the present pair of languages. They stay in this browser.

import { keepFilled } from "./drawer.js";
import { setGlossary, settings } from "./direction.js";
import { find, length, make } from "./page.js";
import { number, say } from "./strings.js";

const MOST = 200; // see request.py

const row = ([term, form], place) => {
  const item = make("li");
  const remove = make("button", "×", {
    type: "button",
    class: "quiet",
    "aria-label": say("glossary.remove", { term }),
    title: say("glossary.remove", { term }),
  });
  remove.addEventListener("click", () => setGlossary(settings.glossary.filter((_, one) => one !== place)));
  item.append(make("span", term, { dir: "auto" }), make("span", form || "=", { dir: "auto", class: "form" }), remove);
  return item;
};

const fill = () => {
  const rows = settings.glossary.map(row);
  find("#glossary").replaceChildren(...(rows.length ? rows : [make("li", say("glossary.empty"), { class: "note" })]));
};

const add = (event) => {
  event.preventDefault();
  const [term, form] = ["term", "form"].map((name) => find(`#${name}`).value.trim());
  const others = settings.glossary.filter(([one]) => one !== term);
  const limit = find("#term").maxLength;
  const wrong = !term || length(term) > limit ? say("glossary.wrong", { limit }) : "";
  const full = others.length >= MOST ? say("glossary.full", { limit: number(MOST) }) : "";
  find("#glossary-status").textContent = wrong || full;
  if (wrong || full) return;
  setGlossary([...others, [term, form]]);
  event.target.reset();
  find("#term").focus();
};

export const start = () => {
  keepFilled("glossary", fill);
  find("#glossary-form").addEventListener("submit", add);
};
