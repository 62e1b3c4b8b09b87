// The tab "Files": a file in, the same file translated out.

import { settings } from "./direction.js";
import { address, dropZone, fillModels, glossaryOf, runner } from "./jobs.js";
import { onEvent } from "./page.js";
import { ask } from "./requests.js";
import { number, say } from "./strings.js";

const find = (part) => document.querySelector(`#files-${part}`);
const TABLES = /\.(tsv|csv|jsonl)$/i;
let file = null;

const showGlossary = () => {
  const terms = Object.keys(glossaryOf(find("model").value)).length;
  const note = find("glossary");
  note.hidden = !terms;
  delete note.dataset.text;
  note.textContent = say("files.glossary", { number: number(terms) });
};

const begin = (token, signal) =>
  ask("/files", {
    upload: token, model: find("model").value, glossary: glossaryOf(find("model").value),
    column: find("column-row").hidden ? "" : find("column").value,
  }, signal);

const done = ({ job, name, texts, kept }) => {
  find("done").hidden = false;
  const key = kept ? "files.summary_kept" : "files.summary";
  find("summary").textContent = say(key, { number: number(texts), kept: number(kept) });
  find("download").href = address(job);
  find("download").download = name;
};

export const start = () => {
  const root = document.querySelector("#files");
  if (root.dataset.started) return;
  root.dataset.started = "true";
  const { size, characters } = find("limits").dataset;
  delete find("limits").dataset.text;
  find("limits").textContent = say("files.limits", { size, characters: number(Number(characters)) });
  fillModels(find("model"), settings.model);
  find("model").addEventListener("change", showGlossary);
  onEvent("settings", showGlossary);
  showGlossary();
  const run = runner("files", { kind: "files", begin, done });
  dropZone("files", (chosen) => {
    file = chosen;
    find("go").disabled = false;
    find("done").hidden = true;
    find("status").textContent = "";
    find("column-row").hidden = !TABLES.test(file.name);
  });
  find("go").addEventListener("click", () => {
    find("done").hidden = true;
    run(file);
  });
};
