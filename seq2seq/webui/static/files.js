// The tab "Files": a file in, the same file translated out.

import { noteInLanguage } from "./answer.js";
import { begins, glossaryOf, jobTab, models, partOf } from "./jobs.js";
import { onEvent } from "./page.js";
import { ask } from "./requests.js";
import { number, say } from "./strings.js";

const find = partOf("files");
const TABLES = /\.(tsv|csv|jsonl)$/i;

const showGlossary = () => {
  const terms = Object.keys(glossaryOf(find("model").value)).length;
  const note = find("glossary");
  note.hidden = !terms;
  delete note.dataset.text;
  note.textContent = say("files.glossary", { number: number(terms) });
};

let source = ""; // language of the job, whose model need not be the one that is chosen when it ends

const begin = (token, signal) => {
  const model = find("model").value;
  ({ source } = models().find((one) => one.name === model));
  const column = find("column-row").hidden ? "" : find("column").value;
  return ask("/files", { upload: token, model, glossary: glossaryOf(model), column }, signal);
};

const done = ({ texts, kept, reason }) => {
  const key = kept ? "files.summary_kept" : "files.summary";
  find("summary").textContent = say(key, { number: number(texts), kept: number(kept), reason: noteInLanguage(reason, source) });
};

export const start = () => {
  if (!begins("files")) return;
  jobTab("files", { begin, done, chosen: (file) => (find("column-row").hidden = !TABLES.test(file.name)) });
  find("model").addEventListener("change", showGlossary);
  onEvent("settings", showGlossary);
  showGlossary();
};
