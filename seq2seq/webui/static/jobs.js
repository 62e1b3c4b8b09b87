// What the tabs for files, training and evaluation share: a file that is sent, a job that is watched, its result.

import { settings } from "./direction.js";
import { onEvent, stored } from "./page.js";
import { ask, reason } from "./requests.js";
import { languageName, number, say } from "./strings.js";

const PIECE = 48 * 1024; // see uploads.py
const PAUSE = 400; // milliseconds between looks at a job

export const partOf = (name) => (part) => document.querySelector(`#${name}-${part}`);
export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
export const models = () => [...document.querySelectorAll("#directions > [data-name]")].map((item) => item.dataset);
export const modelName = ({ name, source, target }) =>
  source ? `${languageName(source)} → ${languageName(target)} · ${name}` : name;
// Fills a choice of models, again whenever one is added.
export const fillModels = (select, chosen) => {
  const fill = () => {
    const wanted = select.value || chosen;
    select.replaceChildren(...models().map((one) => new Option(modelName(one), one.name)));
    select.value = models().some((one) => one.name === wanted) ? wanted : models()[0].name;
  };
  fill();
  onEvent("models", fill);
};
export const glossaryOf = (name) => {
  const { source, target } = models().find((one) => one.name === name);
  return Object.fromEntries(stored(`glossary.${source}-${target}`, []));
};
export const address = (job) => String(new URL(`./live/result?job=${encodeURIComponent(job)}`, document.baseURI));

export const duration = (seconds) => {
  const [key, value] = seconds < 90 ? ["jobs.seconds", seconds] : seconds < 5400 ? ["jobs.minutes", seconds / 60] : ["jobs.hours", seconds / 3600];
  return say(key, { number: number(Math.max(1, Math.round(value))) });
};

// Sends a file in pieces; returns its token.
export const upload = async (file, kind, watch, signal) => {
  let token = "";
  for (let at = 0; at === 0 || at < file.size; at += PIECE) {
    const query = new URLSearchParams({ kind, name: file.name, at, token });
    const response = await fetch(new URL(`./live/upload?${query}`, document.baseURI), {
      method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file.slice(at, at + PIECE), signal,
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.detail ?? say("error.unknown"));
    token = answer.token;
    watch(Math.min(1, (at + PIECE) / Math.max(1, file.size)));
  }
  return token;
};

// Why a file is not taken, "" if it is.
const refusal = (file, { accept, dataset }) => {
  const suffixes = accept.split(",");
  if (!suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix)))
    return say("jobs.kind", { name: file.name, suffixes: suffixes.join(" ") });
  if (!file.size) return say("jobs.empty", { name: file.name });
  return file.size > Number(dataset.most) ? say("jobs.large", { name: file.name }) : "";
};

// A place for a file, dropped or chosen. `changed` gets a file that can be taken.
export const dropZone = (name, changed) => {
  const zone = partOf(name)("drop");
  const input = zone.querySelector("input");
  const take = (file) => {
    input.value = ""; // so that the same file can be chosen again
    if (!file || !partOf(name)("progress").hidden) return; // one job at a time
    const status = partOf(name)("status");
    status.textContent = refusal(file, input);
    status.classList.toggle("error", status.textContent !== "");
    if (status.textContent) return;
    const text = zone.querySelector(".job-drop-text");
    delete text.dataset.text;
    text.textContent = file.name;
    text.classList.add("chosen");
    changed(file);
  };
  input.addEventListener("change", () => take(input.files[0]));
  for (const kind of ["dragover", "dragleave", "drop"])
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.toggle("over", kind === "dragover");
      if (kind === "drop") take(event.dataTransfer.files[0]);
    });
};

// Runs one job at a time: the file is sent, `begin(token)` names the job, `done` gets its result.
export const runner = (name, { kind, begin, done }) => {
  const find = partOf(name);
  let controller = null;
  let job = "";
  const show = (share, text) => {
    const bar = find("bar");
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
    find("left").textContent = text;
  };
  find("cancel").addEventListener("click", () => {
    controller?.abort();
    if (job) ask("/job", { job, cancel: true }).catch(() => {});
  });
  return async (file) => {
    controller = new AbortController();
    const { signal } = controller;
    job = "";
    const status = find("status");
    status.textContent = "";
    status.classList.remove("error");
    find("progress").hidden = false;
    find("go").disabled = true;
    try {
      show(0, say("jobs.sending"));
      const token = file ? await upload(file, kind, (share) => show(share, say("jobs.sending")), signal) : null;
      ({ job } = await begin(token, signal));
      for (;;) {
        const state = await ask("/job", { job }, signal);
        if (state.state === "done") {
          done({ ...state, job });
          break;
        }
        if (state.state === "failed") throw new Error(state.error);
        if (state.state === "cancelled") throw new DOMException("", "AbortError");
        const counted = { done: number(state.done), total: number(state.total) };
        const text = state.state === "waiting" ? say("jobs.waiting") : state.total ? say("jobs.progress", counted) : say("jobs.working");
        const left = state.left ? ` ${say("jobs.left", { time: duration(state.left) })}` : "";
        show(state.total ? state.done / state.total : null, text + left);
        await pause(PAUSE);
        signal.throwIfAborted();
      }
    } catch (error) {
      status.textContent = error.name === "AbortError" ? say("jobs.cancelled") : reason(error);
      status.classList.toggle("error", error.name !== "AbortError");
    }
    find("progress").hidden = true;
    find("go").disabled = false;
  };
};

// Says the limits of a tab. False if the tab has started before.
export const begins = (name) => {
  const root = document.querySelector(`#${name}`);
  if (root.dataset.started) return false;
  root.dataset.started = "true";
  const { dataset } = partOf(name)("limits");
  delete dataset.text;
  partOf(name)("limits").textContent = say(`${name}.limits`, { size: dataset.size, number: number(Number(dataset.number)) });
  return true;
};

// A tab with one file, one choice of a model and one job, whose result can be fetched.
export const jobTab = (name, { begin, chosen = () => {}, done }) => {
  const find = partOf(name);
  let file = null;
  const finished = (state) => {
    find("done").hidden = false;
    find("download").href = address(state.job);
    find("download").download = state.name;
    done(state);
  };
  const run = runner(name, { kind: name, begin, done: finished });
  fillModels(find("model"), settings.model);
  dropZone(name, (taken) => {
    file = taken;
    find("go").disabled = false;
    find("done").hidden = true;
    chosen(file);
  });
  find("go").addEventListener("click", () => {
    find("done").hidden = true;
    run(file);
  });
};
