// The tab "Why": asks for one picture after the other, and draws the numbers as tables and SVG.

import { number, percent, say } from "./strings.js";

const root = () => document.querySelector("#why");
const find = (selector) => root().querySelector(selector);
const END = "(end)";
const SVG = "http://www.w3.org/2000/svg";
let asked = null; // the sentence and the model that the pictures belong to
let running = null; // the AbortController of the request that is running

// ---- Making elements: all text is put in as text

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("--")) element.style.setProperty(name, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};
const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const word = (text) => (text === END ? say("why.end") : text);
const marked = (parts) => parts.map(([text, differs]) => (differs ? make("mark", {}, text) : text));
const scroll = (label, ...children) =>
  make("div", { class: "why-scroll", tabindex: "0", role: "region", "aria-label": label }, ...children);

// ---- Requests

const ask = async (values) => {
  const response = await fetch(new URL("./live/why", document.baseURI), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(values),
    signal: running?.signal,
  });
  if (response.ok) return response;
  const { detail } = await response.json().catch(() => ({}));
  throw new Error(detail ?? say("error.unknown"));
};

// ---- Tables whose cells are reached by arrow keys

const grid = (table, read) => {
  const rows = () => [...table.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("td[data-cell]")]);
  const cells = rows().flat();
  if (cells.length) cells[0].tabIndex = 0;
  const go = (cell) => {
    if (!cell) return;
    for (const other of cells) other.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  };
  table.addEventListener("keydown", (event) => {
    const all = rows();
    const y = all.findIndex((row) => row.includes(document.activeElement));
    if (y < 0) return;
    const x = all[y].indexOf(document.activeElement);
    const flip = getComputedStyle(table).direction === "rtl" ? -1 : 1;
    const moves = { ArrowRight: [0, flip], ArrowLeft: [0, -flip], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    if (!moves[event.key]) return;
    event.preventDefault();
    const [down, right] = moves[event.key];
    go(all[y + down]?.[x + right]);
  });
  for (const kind of ["focusin", "pointerover", "click"])
    table.addEventListener(kind, (event) => {
      const cell = event.target.closest("td[data-cell]");
      if (cell) read(cell);
    });
  return table;
};

const rightToLeft = (texts) => {
  const letters = texts.join("");
  const count = (pattern) => (letters.match(pattern) ?? []).length;
  return count(/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/g) > count(/\p{L}/gu) / 2;
};

// A row for each target word, a column for each source word. Cells have their number as --w, from -1 to 1.
const heatMap = (data, { scale, text, say: readOut, label }) => {
  const head = make("tr", {}, make("td"), ...data.sources.map((one) =>
    make("th", { scope: "col" }, make("span", { dir: "auto" }, word(one)))));
  const body = data.values.map((row, y) =>
    make("tr", {}, make("th", { scope: "row", dir: "auto" }, word(data.targets[y])), ...row.map((value, x) => {
      const share = Math.max(-1, Math.min(1, value / scale));
      return make("td", {
        "data-cell": `${y} ${x}`, "data-value": value.toFixed(4), "--w": Math.abs(share).toFixed(3), tabindex: "-1",
        class: share < 0 ? "minus" : "plus",
      }, Math.abs(share) >= 0.05 ? text(value) : "");
    })));
  const table = make("table", { class: "why-map", dir: rightToLeft(data.sources) ? "rtl" : "ltr" },
    make("thead", {}, head), make("tbody", {}, ...body));
  return scroll(label, grid(table, (cell) => {
    const [y, x] = cell.dataset.cell.split(" ").map(Number);
    readOut(say("why.reading", { target: word(data.targets[y]), source: word(data.sources[x]), value: text(data.values[y][x]) || "0" }));
  }));
};

const signed = (value) => (value < 0 ? "−" : "") + Math.abs(value).toFixed(Math.abs(value) < 9.95 ? 1 : 0);
const attentionMap = (data, readOut, label) =>
  heatMap(data, { scale: 1, text: (value) => (100 * value).toFixed(0), say: readOut, label });

// ---- The pictures, each from what `explain.to_dict` gives

// Why a word is less sure than the surest one: the cause that counts most.
const reason = (one) => {
  if (!one.reason) return null;
  const [cause] = Object.entries(one.causes).reduce((least, entry) => (entry[1] < least[1] ? entry : least));
  return say(`why.cause_${cause.replaceAll(" ", "_")}`, { lowest: percent(one.lowest), focus: percent(one.focus) });
};

// A square from 0 to 1 in both directions with its diagonal, a line, and dots with titles.
const square = (across, up, line, dots) => {
  const size = 190, edge = 44;
  const at = ([x, y]) => `${edge + x * size},${8 + (1 - y) * size}`;
  const names = [`why.axis_${across}`, `why.axis_${up}`].map((key) => say(key));
  return draw("svg", { viewBox: `0 0 ${size + edge + 12} ${size + edge + 6}`, class: "why-curve", role: "img", "aria-label": `${names[1]} / ${names[0]}` },
    draw("rect", { x: edge, y: 8, width: size, height: size, class: "frame" }),
    draw("path", { d: `M${at([0, 0])} L${at([1, 1])}`, class: "diagonal" }),
    draw("polyline", { points: line.map(at).join(" "), class: "curve" }),
    ...dots.map(([x, y, title]) => draw("circle", { cx: edge + x * size, cy: 8 + (1 - y) * size, r: 4 }, draw("title", {}, title))),
    ...[0, 0.5, 1].flatMap((tick) => [
      draw("text", { x: edge + tick * size, y: size + 22, "text-anchor": "middle" }, String(tick)),
      draw("text", { x: edge - 6, y: 12 + (1 - tick) * size, "text-anchor": "end" }, String(tick))]),
    draw("text", { x: edge + size / 2, y: size + 37, "text-anchor": "middle" }, names[0]),
    draw("text", { transform: `translate(10 ${8 + size / 2}) rotate(-90)`, "text-anchor": "middle" }, names[1]));
};

const PICTURES = {
  confidence(data, card) {
    const rows = data.words.map((one) =>
      make("tr", {},
        make("th", { scope: "row", dir: "auto" }, one.text),
        make("td", { class: "why-bar", "data-value": one.confidence.toFixed(4), "--w": one.confidence.toFixed(3) },
          make("span", {}, percent(one.confidence))),
        make("td", { class: "why-reason" }, reason(one))));
    const words = data.words.map((one) => [one.lowest, one.confidence, `${one.text}: ${percent(one.confidence)}`]);
    const groups = data.measured.map(([sure, right, count]) => [sure, right, `${percent(right)} / ${number(count)}`]);
    const curves = [square("model", "confidence", data.curve, words)];
    if (groups.length) curves.push(square("confidence", "right", groups, groups));
    const notes = [say("why.whole", { percent: percent(data.confidence) }), data.calibrated ? "" : say("why.uncalibrated"), ...data.reasons];
    card.read(notes.filter(Boolean).join(" "));
    return make("div", { class: "why-pair" }, scroll(say("why.confidence"), make("table", { class: "why-bars" }, make("tbody", {}, ...rows))), make("div", { class: "why-curves" }, ...curves));
  },

  attention: (data, card) => attentionMap(data, card.read, say("why.attention")),

  saliency(data, card) {
    const scale = Math.max(1e-6, ...data.values.flat().map(Math.abs));
    const gap = data.method === "integrated_gradients" ? say("why.gap", { gap: percent(data.gap) }) : "";
    card.read(`${say(`why.${data.method}`)}. ${gap}`);
    return heatMap(data, { scale, text: signed, say: card.read, label: say("why.saliency") });
  },

  gates(data, card) {
    const name = (layer) => layer.name.replace(/encoder|decoder/, (kind) => say(`why.${kind}`));
    const kinds = Object.keys(data.layers[0].gates);
    const legend = make("p", { class: "why-legend" }, ...kinds.map((kind) => make("span", { class: kind }, say(`why.${kind}`))));
    const tables = ["source", "target"].map((side) => {
      const layers = data.layers.filter((layer) => layer.side === side);
      const words = layers[0].words;
      const title = say(side === "source" ? "why.reads" : "why.writes");
      const head = make("tr", {}, make("td"), ...words.map((one) => make("th", { scope: "col", dir: "auto" }, word(one))));
      const body = layers.map((layer, y) =>
        make("tr", {}, make("th", { scope: "row" }, name(layer)), ...words.map((one, x) =>
          make("td", { "data-cell": `${y} ${x}`, tabindex: "-1",
            "aria-label": `${word(one)}, ${kinds.map((kind) => `${say(`why.${kind}`)} ${percent(layer.gates[kind][x])}`).join(", ")}` },
            ...kinds.map((kind) => make("span", { class: kind, "data-value": layer.gates[kind][x].toFixed(4), "--w": layer.gates[kind][x].toFixed(3) }))))));
      const table = make("table", { class: "why-gates", dir: rightToLeft(words) ? "rtl" : "ltr" }, make("thead", {}, head), make("tbody", {}, ...body));
      return [make("h3", {}, title), scroll(title, grid(table, (cell) => {
        const [y, x] = cell.dataset.cell.split(" ").map(Number);
        const layer = layers[y];
        card.read(say("why.changed", {
          word: word(words[x]), layer: name(layer),
          gates: kinds.map((kind) => `${say(`why.${kind}`)} ${percent(layer.gates[kind][x])}`).join(", "),
          numbers: layer.changed[x].slice(0, 3).map((one) => `${one.unit} (${signed(one.before)} → ${signed(one.after)})`).join(", "),
        }));
      }))];
    });
    return make("div", {}, legend, ...tables.flat());
  },

  beam(data) {
    const ACROSS = 122, DOWN = 24;
    const columns = Math.max(...data.nodes.map((node) => node.at[0])) + 1;
    const rows = Math.max(...data.nodes.map((node) => node.at[1])) + 1;
    const place = (node) => [node.at[0] * ACROSS + 8, node.at[1] * DOWN + 18];
    const chosen = new Set(data.chosen);
    const lines = data.nodes.filter((node) => node.parent !== null).map((node) => {
      const [x0, y0] = place(data.nodes[node.parent]);
      const [x, y] = place(node);
      const start = x0 + ACROSS - 22;
      return draw("path", { d: `M${start},${y0 - 4} L${x - 4},${y - 4}`, "data-node": node.number,
        class: `${node.fate}${chosen.has(node.number) ? " chosen" : ""}` });
    });
    const labels = data.nodes.map((node) => {
      const [x, y] = place(node);
      return draw("text", { x, y, "data-node": node.number, "data-value": node.score.toFixed(4), class: `${node.fate}${chosen.has(node.number) ? " chosen" : ""}` },
        node.label.length > 8 ? `${node.label.slice(0, 7)}…` : node.label,
        node.parent === null ? null : draw("tspan", { class: "score", dx: 4 }, node.score.toFixed(2).replace("-", "−")),
        draw("title", {}, `${node.label}: ${percent(node.probability)}`));
    });
    const svg = draw("svg", { width: columns * ACROSS + 10, height: rows * DOWN + 14, class: "why-tree", role: "img", "aria-label": say("why.beam") }, ...lines, ...labels);
    const show = (path) => {
      const numbers = new Set(path.map(String));
      for (const part of svg.querySelectorAll("[data-node]")) part.classList.toggle("shown", numbers.has(part.dataset.node));
    };
    const endings = data.endings.map((one) => {
      const button = make("button", { type: "button", class: "quiet", dir: "auto" }, one.text || "∅");
      for (const kind of ["focus", "pointerenter"]) button.addEventListener(kind, () => show(one.path));
      for (const kind of ["blur", "pointerleave"]) button.addEventListener(kind, () => show([]));
      return make("li", { "data-value": one.score.toFixed(4) }, button, make("span", { class: "figure" }, one.score.toFixed(2).replace("-", "−")));
    });
    return make("div", {}, scroll(say("why.beam"), svg), make("h3", {}, say("why.endings")), make("ol", { class: "why-endings" }, ...endings));
  },

  changes(data, card) {
    const most = Math.max(0.01, ...data.changes.map((one) => one.drop ?? 0));
    const rows = data.changes.map((one) =>
      make("tr", {},
        make("th", { scope: "row", dir: "auto" }, one.replacement ? `${one.text} → ${one.replacement}` : say("why.removed", { word: one.text })),
        make("td", { class: "why-bar", "data-value": one.drop === null ? "" : one.drop.toFixed(4), "--w": Math.max(0, (one.drop ?? 0) / most).toFixed(3) },
          make("span", {}, one.drop === null ? "" : signed(one.drop))),
        make("td", { dir: "auto", class: "why-new" }, ...marked(one.parts))));
    if (!card.controls.childElementCount) {
      const choice = make("select", { id: "why-word" }, ...data.words.map((text, number) => make("option", { value: number }, text)));
      const box = make("input", { id: "why-new", type: "text", maxlength: "60", size: "12" });
      const go = () => card.load({ word: Number(choice.value), new: box.value });
      box.addEventListener("keydown", (event) => event.key === "Enter" && go());
      card.controls.append(make("label", { for: "why-word" }, say("why.word")), choice,
        make("label", { for: "why-new" }, say("why.new")), box,
        make("button", { type: "button", class: "quiet", onclick: go }, say("why.try")));
    }
    return scroll(say("why.changes"), make("table", { class: "why-bars why-changes" }, make("tbody", {}, ...rows)));
  },

  compare(data, card) {
    return make("div", { class: "why-sides" }, ...data.sides.map((side, number) =>
      make("div", { class: "why-side" },
        make("h3", {}, [asked.model, card.extra.other][number]), make("p", { class: "note" }, `${side.network} · ${say("why.whole", { percent: percent(side.confidence) })}`),
        make("p", { class: "why-translation", dir: "auto" }, ...marked(side.parts)),
        side.attention ? attentionMap(side.attention, card.read, `${side.name}: ${say("why.attention")}`) : null)));
  },
};

// ---- Cards

const card = (name) => {
  const element = find(`#why-${name}`);
  const part = (kind) => element.querySelector(`.why-${kind}`);
  const made = {
    element, extra: {}, controls: part("controls"),
    read: (text) => (part("reading").textContent = text),
    async load(extra = made.extra) {
      made.extra = extra;
      element.classList.add("waiting");
      try {
        const data = await (await ask({ ...asked, picture: name, ...extra })).json();
        made.read("");
        part("picture").replaceChildren(PICTURES[name](data, made));
        for (const button of part("files").children) button.disabled = false;
      } catch (error) {
        if (error.name === "AbortError") return;
        part("picture").replaceChildren(make("p", { class: "note" }, error.message));
        for (const button of part("files").children) button.disabled = true;
      }
      element.classList.remove("waiting");
    },
    async save(form) {
      try {
        const blob = await (await ask({ ...asked, picture: name, ...made.extra, form })).blob();
        const link = make("a", { href: URL.createObjectURL(blob), download: `${name}.${form}` });
        link.click();
        URL.revokeObjectURL(link.href);
      } catch (error) {
        made.read(error.message);
      }
    },
  };
  for (const button of part("files").children) button.addEventListener("click", () => made.save(button.dataset.file));
  return made;
};

const cards = {};
const models = () => [...document.querySelectorAll("#directions > [data-name]")].map((item) => item.dataset);

const addMethod = () => {
  const choice = make("select", { id: "why-method" }, ...["integrated_gradients", "gradient_x_input"].map((name) =>
    make("option", { value: name }, say(`why.${name}`))));
  choice.addEventListener("change", () => cards.saliency.load({ method: choice.value }));
  cards.saliency.controls.append(make("label", { for: "why-method" }, say("why.method")), choice);
};

const addOther = () => {
  const own = models().find((one) => one.name === asked.model);
  const others = models().filter((one) => one.name !== own.name && one.source === own.source && one.target === own.target);
  cards.compare.controls.replaceChildren();
  cards.compare.element.querySelector(".why-picture").replaceChildren();
  cards.compare.element.querySelector(".why-files").hidden = !others.length;
  if (!others.length) return cards.compare.read(say("why.only"));
  const choice = make("select", { id: "why-other" }, ...others.map((one) => make("option", { value: one.name }, one.name)));
  choice.addEventListener("change", () => cards.compare.load({ other: choice.value }));
  cards.compare.controls.append(make("label", { for: "why-other" }, say("why.other")), choice);
  cards.compare.extra = { other: choice.value };
};

const explain = async (text) => {
  running?.abort();
  const mine = (running = new AbortController());
  const status = find("#why-status");
  status.textContent = say("why.working");
  try {
    asked = { text, model: find("#why-model").value };
    const { sentences } = await (await ask({ ...asked, picture: "sentences" })).json();
    if (!sentences.length) throw new Error(say("why.nothing"));
    const choice = find("#why-sentence");
    if (sentences.length > 1) {
      choice.replaceChildren(...sentences.map((one) => make("option", { value: one }, one)));
      asked = { ...asked, text: sentences[0] };
    }
    choice.hidden = sentences.length < 2;
    await explainOne(mine);
  } catch (error) {
    if (mine.signal.aborted) return;
    status.textContent = error.message;
    find("#why-translation").textContent = "";
    find(".why-cards").hidden = true; // they show another sentence
  }
};

const explainOne = async (mine) => {
  const status = find("#why-status");
  status.textContent = say("why.working");
  const whole = await (await ask({ ...asked, picture: "confidence" })).json(); // an error here is one of the sentence
  find("#why-translation").textContent = whole.translation;
  find("#why-mended").hidden = !whole.mended;
  find(".why-cards").hidden = false;
  cards.changes.controls.replaceChildren();
  cards.changes.extra = {};
  addOther();
  for (const name of ["confidence", "attention", "gates", "beam", "changes", "saliency", "compare"]) {
    if (mine.signal.aborted) return;
    if (name === "compare" && !cards.compare.extra.other) continue;
    await cards[name].load();
  }
  if (!mine.signal.aborted) status.textContent = "";
};

export const start = () => {
  if (root().dataset.started) return;
  root().dataset.started = "true";
  for (const name of Object.keys(PICTURES)) cards[name] = card(name);
  addMethod();
  const choice = find("#why-model");
  choice.append(...models().map((one) => make("option", { value: one.name }, one.name)));
  choice.parentElement.classList.toggle("single", models().length < 2);
  const box = find("#why-text");
  const go = () => box.value.trim() && explain(box.value);
  find("#why-go").addEventListener("click", go);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    go();
  });
  find("#why-sentence").addEventListener("change", (event) => {
    running?.abort();
    asked = { ...asked, text: event.target.value };
    explainOne((running = new AbortController()));
  });
  const typed = document.querySelector("#translator textarea");
  const fill = () => {
    if (!box.value && typed?.value) box.value = typed.value.slice(0, box.maxLength);
  };
  new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && fill()).observe(box);
};
