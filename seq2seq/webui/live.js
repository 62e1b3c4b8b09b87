() => {
  // Live translation, swapping, the counter, keys, copying and examples. gradio calls this once, after the page is loaded.
  const PAUSE = 110; // milliseconds without input before the text is translated
  const REST = 450; // milliseconds that an answer stays before its details are fetched
  const MOST = 10; // of the beam size and the translations, see request.py
  const find = (selector) => document.querySelector(selector);
  const source = () => find("#source textarea");
  const length = (text) => [...text].length; // in characters, as the server counts
  const direction = () => [...find("#directions").children].find((item) => item.dataset.name === settings.model);

  const first = find("#directions").firstElementChild.dataset;
  const settings = { model: first.name, beam_size: Number(first.beam), n_best: Number(first.best) };
  let composing = false; // true while an input method composes: its input is not text yet
  let timer = 0; // the next request
  let running = null; // the AbortController of the request that is running
  let answered = null; // the request that the answer on the page belongs to,
  let complete = false; // whether it is the whole answer,
  let detailed = null; // and the request of the alternatives and the attention on the page

  // ---- What is shown, and for which text

  const wanted = () => ({ ...settings, text: source().value });
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  // Everything that does not belong to the present text is dimmed. Called whenever one of the two changes.
  const markStale = () => {
    const now = wanted();
    find("#result").classList.toggle("stale", !same(answered, now));
    find("#result").setAttribute("aria-busy", String(!same(answered, now) || !complete));
    for (const part of ["#alternatives", "#attention"]) find(part).classList.toggle("stale", !same(detailed, now));
  };

  const say = (message, isError = false) => {
    const status = find("#status");
    if (status.textContent !== message) status.textContent = message; // so that it is announced once
    status.classList.toggle("error", isError);
  };

  // Why the text, or some of it, came back as it was.
  const explained = (note, text) => {
    const whole = find("#result .translation").textContent.trim() === text.trim();
    return `${whole ? "Not translated" : "Not all of it is translated"}: ${note}.`;
  };

  const showText = (text) => {
    let body = find("#result .translation.partial");
    if (!body) {
      body = Object.assign(document.createElement("p"), { className: "translation partial", dir: "auto" });
      const note = Object.assign(document.createElement("p"), { className: "note", textContent: "translating…" });
      find("#result").replaceChildren(body, note);
    }
    body.textContent = text;
  };

  const showDetails = (asked, alternatives, attention) => {
    detailed = asked;
    find("#alternatives").innerHTML = alternatives; // the server escapes all text
    find("#attention").innerHTML = attention;
  };

  const showNothing = (asked) => {
    find("#result").innerHTML = '<p class="translation empty">Translation</p>';
    [answered, complete] = [asked, true];
    showDetails(asked, "", "");
    say("");
  };

  const show = (part, asked) => {
    const known = complete && same(answered, asked); // shown already: this request is for the details
    if (part.error !== undefined) return say(part.error, true);
    if (part.alternatives !== undefined) showDetails(asked, part.alternatives, part.attention);
    else if (!known) {
      if (part.html !== undefined) find("#result").innerHTML = part.html;
      else showText(part.text);
      [answered, complete] = [asked, part.html !== undefined];
      say(part.note ? explained(part.note, asked.text) : "");
    }
    markStale();
  };

  // ---- Requests: one at a time

  async function* objects(stream) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) yield JSON.parse(line);
    }
  }

  const stop = () => {
    clearTimeout(timer);
    running?.abort();
    running = null;
  };

  // Translates the text in the box, `details` included or later. True if the whole answer is there.
  const translate = async (details) => {
    stop();
    const asked = wanted();
    if (!asked.text.trim()) {
      showNothing(asked);
      markStale();
      return true;
    }
    const mine = (running = new AbortController());
    try {
      const response = await fetch("live", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...asked, details }),
        signal: mine.signal,
      });
      if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? "The server cannot answer.");
      for await (const part of objects(response.body)) {
        if (mine.signal.aborted || !same(asked, wanted())) return false;
        show(part, asked);
      }
      if (!details) timer = setTimeout(() => translate(true), REST);
    } catch (error) {
      if (mine.signal.aborted) return false;
      say(error instanceof TypeError ? "The server does not answer." : error.message, true);
    } finally {
      if (running === mine) running = null;
    }
    return complete && same(answered, wanted());
  };

  const translateLater = () => {
    updateCounter();
    stop();
    markStale();
    if (!composing && !(complete && same(detailed, wanted()))) timer = setTimeout(() => translate(false), PAUSE);
  };

  // ---- The text

  const updateCounter = () => {
    const counter = find("#counter");
    const limit = Number(counter.dataset.limit);
    const used = length(source().value);
    counter.textContent = `${used.toLocaleString("en")} / ${limit.toLocaleString("en")}`;
    counter.classList.toggle("over", used > limit);
  };

  const setText = (text) => {
    source().value = text;
    source().dispatchEvent(new Event("input", { bubbles: true }));
    source().focus();
  };

  const copy = async (button) => {
    const text = find("#result .translation:not(.empty)")?.textContent ?? "";
    if (!text) return;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: text }); // without https or localhost there is no clipboard
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  };

  // ---- The direction

  // Makes `name` the direction. Returns the numbers that it begins with.
  const choose = (name) => {
    if (name !== settings.model && name) {
      settings.model = name;
      const { beam, best } = direction().dataset;
      Object.assign(settings, { beam_size: Number(beam), n_best: Number(best) });
      showDirection();
      translateLater();
    }
    return [settings.beam_size, settings.n_best];
  };

  const showDirection = () => {
    const { title, source: language, reverse, swap } = direction().dataset;
    document.querySelectorAll("[data-direction]").forEach((item) => (item.hidden = item.dataset.direction !== settings.model));
    document.title = `${title} · seq2seq`;
    source().lang = language;
    Object.assign(find("#swap"), { disabled: !reverse, title: swap });
  };

  // The languages change places, and the answer becomes the source. An answer that is not there is waited for.
  const swap = async () => {
    const { model } = settings;
    const { reverse } = direction().dataset;
    if (!reverse) return;
    const done = (complete && same(answered, wanted())) || (await translate(false));
    if (settings.model !== model) return; // swapped meanwhile
    const answer = done ? (find("#result .translation:not(.empty)")?.textContent ?? "") : source().value;
    choose(reverse);
    setText(answer);
    find("#choose").click(); // gradio's choice of the model follows
  };

  // ---- The numbers. A field that is empty, or holds no such number, changes nothing.

  const valid = (number) => Number.isInteger(number) && number >= 1 && number <= MOST;

  const setNumbers = (beam_size, n_best) => {
    if (beam_size === settings.beam_size && n_best === settings.n_best) return;
    Object.assign(settings, { beam_size, n_best });
    translateLater();
  };

  // Both return the value of the other field.
  const beamChanged = (beam, best) => {
    if (valid(beam)) setNumbers(beam, Math.min(beam, settings.n_best));
    return valid(beam) && valid(best) ? Math.min(beam, best) : best;
  };
  const bestChanged = (beam, best) => {
    if (valid(best)) setNumbers(Math.max(best, settings.beam_size), best);
    return valid(beam) && valid(best) ? Math.max(beam, best) : beam;
  };

  const restoreNumber = (field) => {
    if (field.value !== "" && Number.isInteger(Number(field.value))) return;
    field.value = field.closest("#beam") ? settings.beam_size : settings.n_best;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // ---- Events

  document.addEventListener("click", (event) => {
    const button = event.target.closest("#translate, [data-action], .example, .word[data-start]");
    if (!button) return;
    const { action, start, end } = button.dataset;
    if (button.id === "translate") translate(true);
    else if (action === "swap") swap();
    else if (action === "clear") setText("");
    else if (action === "copy") copy(button);
    else if (button.matches(".example")) setText(button.textContent);
    else {
      source().focus();
      source().setSelectionRange(Number(start), Number(end));
    }
  });

  document.addEventListener("input", (event) => {
    if (event.target === source()) translateLater();
  });

  document.addEventListener("keydown", (event) => {
    const control = event.ctrlKey || event.metaKey;
    if (event.key === "Enter" && control) {
      event.preventDefault();
      translate(true);
    } else if (event.key.toLowerCase() === "s" && control && event.shiftKey) {
      event.preventDefault();
      swap();
    } else if (event.key === "Escape") {
      if (running) say("Stopped.");
      stop();
      document.activeElement?.blur();
    }
  });

  const NUMBER = "#controls input[type=number]";
  document.addEventListener("blur", (event) => event.target.matches?.(NUMBER) && restoreNumber(event.target), true);
  document.addEventListener("compositionstart", () => (composing = true));
  document.addEventListener("compositionend", () => {
    composing = false;
    translateLater();
  });

  window.seq2seq = { choose, chosen: () => settings.model, beamChanged, bestChanged };
  source().dir = "auto";
  showDirection();
  updateCounter();
}
