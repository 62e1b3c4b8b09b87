// The tab "Train": a corpus in, a preflight, and the curves of the training while it runs.

import { choose } from "./direction.js";
import { begins, dropZone, duration, partOf, pause, runner, upload } from "./jobs.js";
import { find as first, make } from "./page.js";
import { ask, reason } from "./requests.js";
import { number, say } from "./strings.js";
import { addModel } from "./trained.js";

const find = partOf("train");
const PAUSE = 1000; // milliseconds between looks at a training
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 460, HEIGHT = 200, LEFT = 40, BOTTOM = 22, TOP = 8, RIGHT = 10;
let file = null;
let token = ""; // of the file, once it is sent
let shown = null; // the state that is on the screen
let watching = false;

// ---- Curves

const draw = (tag, attributes, text) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
};

// Round numbers between two values, about four of them.
const ticks = (low, high) => {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((one) => one * power >= rough) * power;
  const made = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step / 1e6; value += step) made.push(Number(value.toPrecision(6)));
  return made;
};

// `series`: [class, points as (step, value)], drawn from 0 where `zero` says so.
const curve = (figure, title, series, zero) => {
  const points = series.flatMap(([, own]) => own);
  figure.hidden = !points.length;
  if (!points.length) return;
  const values = points.map(([, value]) => value);
  const low = zero ? 0 : Math.min(...values);
  const high = Math.max(...values, low + (zero ? 1 : 1e-3));
  const last = Math.max(...points.map(([step]) => step), 1);
  const x = (step) => LEFT + ((WIDTH - LEFT - RIGHT) * step) / last;
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low));
  const newest = series.map(([name, own]) => (own.length ? `${say(`train.${name}`)} ${own.at(-1)[1].toFixed(2)}` : "")).filter(Boolean);
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}: ${newest.join(", ")}` });
  for (const value of ticks(low, high))
    svg.append(draw("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value), class: "grid" }),
      draw("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, number(value)));
  for (const step of ticks(0, last).filter((one) => Number.isInteger(one)))
    svg.append(draw("text", { x: x(step), y: HEIGHT - 5, "text-anchor": "middle" }, number(step)));
  for (const [name, own] of series) {
    svg.append(draw("polyline", { points: own.map(([step, value]) => `${x(step)},${y(value)}`).join(" "), class: name }));
    if (name !== "loss") for (const [step, value] of own) svg.append(draw("circle", { cx: x(step), cy: y(value), r: 3, class: name }));
  }
  const legend = series.filter(([, own]) => own.length).map(([name]) => make("span", say(`train.${name}`), { class: name }));
  const caption = make("figcaption");
  caption.append(make("b", title), ...(legend.length > 1 ? legend : []));
  figure.replaceChildren(caption, svg);
};

// ---- The training

const sample = (one) => {
  const item = make("dl", "", { class: "train-sample" });
  for (const name of ["source", "translation", "reference"])
    item.append(make("dt", say(`train.sample_${name}`)), make("dd", one[name] || "∅", { dir: "auto", class: `sample-${name}` }));
  return item;
};

const show = (state) => {
  shown = state;
  const busy = ["preparing", "running", "stopping"].includes(state.state);
  find("run").hidden = state.state === "none";
  enable();
  if (state.state === "none") return;
  const name = state.corpus === "sample" ? say("train.sample_name") : state.corpus;
  find("title").textContent = `${name} · ${state.source} → ${state.target}`;
  const facts = {
    state: say(`train.state_${state.state}`),
    step: state.step ? number(state.step) : "–",
    speed: state.tokens_per_second ? say("train.tokens", { number: number(Math.round(state.tokens_per_second)) }) : "–",
    left: state.left === null ? "–" : say("train.at_most", { time: duration(state.left) }),
    best: state.best?.bleu == null ? "–" : say("train.at_step", { bleu: state.best.bleu.toFixed(1), step: number(state.best.step) }),
  };
  for (const [fact, text] of Object.entries(facts)) find(`fact-${fact}`).textContent = text;
  find("verdict").hidden = !state.verdict;
  find("verdict").textContent = state.verdict ? say(`train.verdict_${state.verdict}`) : "";
  find("error").hidden = !state.error;
  find("error").textContent = state.error;
  find("stop").hidden = !busy;
  find("stop").disabled = state.state === "stopping";
  find("more").hidden = !state.goes_on;
  find("use").hidden = find("download").hidden = !state.best;
  curve(find("loss"), say("train.loss_title"), [["loss", state.loss], ["valid", state.valid]], false);
  curve(find("bleu"), say("train.bleu_title"), [["bleu", state.bleu]], true);
  find("samples").hidden = !state.samples.length;
  find("samples").querySelector(".train-list").replaceChildren(...state.samples.map(sample));
};

const act = async (values) => {
  find("status").textContent = "";
  find("status").classList.remove("error");
  try {
    const before = shown?.best?.step;
    let state = await ask("/train", values);
    if (state.best && state.best.step !== before && values.action !== "use") state = await ask("/train", { action: "use" });
    if (state.model) addModel(state.model);
    show(state);
    watch();
    return state;
  } catch (error) {
    fail(error);
    return null;
  }
};

const watch = async () => {
  if (watching) return;
  watching = true;
  try {
    while (["preparing", "running", "stopping"].includes(shown?.state)) {
      await pause(PAUSE);
      await act({ action: "status" });
    }
  } finally {
    watching = false;
  }
};

const fail = (error) => {
  find("status").textContent = reason(error);
  find("status").classList.add("error");
};

// ---- The form

const isSample = () => find("sample").checked;
const ready = () => isSample() || (file && find("source").value.trim() && find("target").value.trim());
const enable = () => {
  const busy = ["preparing", "running", "stopping"].includes(shown?.state);
  find("go").disabled = find("check").disabled = !ready() || busy;
  for (const name of ["source", "target"]) find(name).disabled = isSample();
  find("drop").classList.toggle("off", isSample());
};
const asked = () => ({
  corpus: isSample() ? "sample" : "file", upload: token, minutes: Number(find("minutes").value),
  source: find("source").value.trim(), target: find("target").value.trim(),
});

const expectation = ({ pairs, seconds, expected_bleu: bleu }) =>
  [say("train.expect_pairs", { number: number(pairs) }),
    seconds ? say("train.expect_time", { time: duration(seconds) }) : "",
    bleu ? say("train.expect_bleu", { low: bleu[0].toFixed(0), high: bleu[1].toFixed(0) }) : ""].filter(Boolean).join(" · ");

export const start = async () => {
  if (!begins("train")) return;
  find("download").href = String(new URL("./live/train/model", document.baseURI));
  const check = runner("train", {
    kind: "train",
    begin: (sent, signal) => ((token = sent || token), ask("/train", { action: "check", ...asked() }, signal)),
    done: (state) => {
      find("report").hidden = false;
      find("expect").textContent = expectation(state);
      find("lines").textContent = state.report;
    },
  });
  dropZone("train", (chosen) => {
    file = chosen;
    token = "";
    find("sample").checked = false;
    find("report").hidden = true;
    enable();
  });
  for (const name of ["sample", "source", "target", "minutes"]) find(name).addEventListener("input", enable);
  find("check").addEventListener("click", async () => {
    find("report").hidden = true;
    await check(isSample() || token ? null : file);
    enable();
  });
  find("go").addEventListener("click", async () => {
    find("go").disabled = true;
    const sent = file; // another file may be chosen meanwhile
    const wanted = asked();
    try {
      if (!isSample() && !token) {
        wanted.upload = await upload(sent, "train", () => (find("status").textContent = say("jobs.sending")));
        if (file === sent) token = wanted.upload;
      }
      await act({ action: "start", ...wanted });
    } catch (error) {
      fail(error);
    }
    enable();
  });
  find("stop").addEventListener("click", () => act({ action: "stop" }));
  find("more").addEventListener("click", () => act({ action: "go_on", minutes: Number(find("minutes").value) }));
  find("use").addEventListener("click", async () => {
    const state = await act({ action: "use" });
    if (!state?.model) return;
    choose(state.model.name);
    first("button[role=tab]").click();
  });
  enable();
  await act({ action: "status" });
};
