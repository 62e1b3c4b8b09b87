// The tab "Evaluate": scores of one or two models on a test file, and the report.

import { settings } from "./direction.js";
import { address, dropZone, fillModels, models, runner } from "./jobs.js";
import { make, onEvent } from "./page.js";
import { ask } from "./requests.js";
import { number, say } from "./strings.js";

const find = (part) => document.querySelector(`#evaluate-${part}`);
const NAMES = { bleu: "BLEU", chrf: "chrF2", ter: "TER" };
let file = null;

// Only models of the same languages can be compared.
const fillSecond = () => {
  const first = models().find((one) => one.name === find("first").value);
  const others = models().filter((one) => one.name !== first.name && one.source === first.source && one.target === first.target);
  find("second").replaceChildren(new Option(say("evaluate.none"), ""), ...others.map((one) => new Option(one.name, one.name)));
  find("second").disabled = !others.length;
};

const begin = (token, signal) =>
  ask("/evaluate", { upload: token, first: find("first").value, second: find("second").value }, signal);

const row = (tag, cells) => {
  const made = make("tr");
  made.append(...cells.map((text) => make(tag, text)));
  return made;
};

const done = async ({ job, pairs, systems, p_values: chances }) => {
  find("done").hidden = false;
  find("title").textContent = say("evaluate.title", { number: number(pairs) });
  const scores = Object.keys(NAMES).filter((name) => name in systems[0]);
  find("scores").replaceChildren(
    row("th", [say("translate.model"), ...scores.map((name) => NAMES[name])]),
    ...systems.map((one) => row("td", [one.name, ...scores.map((name) => one[name].toFixed(2))])),
  );
  find("verdict").textContent = Object.entries(chances)
    .map(([name, p]) => say(p < 0.05 ? "evaluate.differs" : "evaluate.same", { score: NAMES[name], p: p.toFixed(3) }))
    .join(" ");
  find("download").href = address(job);
  find("download").download = "evaluation.html";
  const frame = find("report");
  frame.srcdoc = await (await fetch(address(job))).text();
};

export const start = () => {
  const root = document.querySelector("#evaluate");
  if (root.dataset.started) return;
  root.dataset.started = "true";
  const { size, pairs } = find("limits").dataset;
  delete find("limits").dataset.text;
  find("limits").textContent = say("evaluate.limits", { size, number: number(Number(pairs)) });
  fillModels(find("first"), settings.model);
  find("first").addEventListener("change", fillSecond);
  fillSecond();
  onEvent("models", fillSecond);
  const run = runner("evaluate", { kind: "evaluate", begin, done });
  dropZone("evaluate", (chosen) => {
    file = chosen;
    find("go").disabled = false;
    find("done").hidden = true;
  });
  find("go").addEventListener("click", () => {
    find("done").hidden = true;
    run(file);
  });
};
