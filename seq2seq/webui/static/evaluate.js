// The tab "Evaluate": scores of one or two models on a test file, and the report.

import { address, begins, jobTab, models, partOf } from "./jobs.js";
import { make, onEvent } from "./page.js";
import { ask } from "./requests.js";
import { number, say } from "./strings.js";

const find = partOf("evaluate");
const NAMES = { bleu: "BLEU", chrf: "chrF2", ter: "TER" };

// Only models of the same languages can be compared.
const fillSecond = () => {
  const first = models().find((one) => one.name === find("model").value);
  const others = models().filter((one) => one.name !== first.name && one.source === first.source && one.target === first.target);
  find("second").replaceChildren(new Option(say("evaluate.none"), ""), ...others.map((one) => new Option(one.name, one.name)));
  find("second").disabled = !others.length;
};

const begin = (token, signal) =>
  ask("/evaluate", { upload: token, first: find("model").value, second: find("second").value }, signal);

const row = (tag, cells) => {
  const made = make("tr");
  made.append(...cells.map((text) => make(tag, text)));
  return made;
};

const done = async ({ job, pairs, systems, p_values: chances }) => {
  find("title").textContent = say("evaluate.title", { number: number(pairs) });
  const scores = Object.keys(NAMES).filter((name) => systems.every((one) => name in one));
  find("scores").replaceChildren(
    row("th", [say("translate.model"), ...scores.map((name) => NAMES[name])]),
    ...systems.map((one) => row("td", [one.name, ...scores.map((name) => one[name].toFixed(2))])),
  );
  find("verdict").textContent = Object.entries(chances)
    .map(([name, p]) => say(p < 0.05 ? "evaluate.differs" : "evaluate.same", { score: NAMES[name], p: p.toFixed(3) }))
    .join(" ");
  find("report").srcdoc = await (await fetch(address(job))).text();
};

export const start = () => {
  if (!begins("evaluate")) return;
  jobTab("evaluate", { begin, done });
  find("model").addEventListener("change", fillSecond);
  fillSecond();
  onEvent("models", fillSecond);
};
