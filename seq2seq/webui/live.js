() => {
  // Live translation, the counter, keys, copying and examples. gradio runs this once, when the page has loaded.
  const PAUSE = 270; // milliseconds without a keystroke before a translation is asked for
  let timer = 0;
  let composing = false; // inside an input method: what is typed is not text yet

  const find = (selector) => document.querySelector(selector);
  const source = () => find("#source textarea");
  const length = (text) => [...text].length; // characters, as the server counts them

  const count = () => {
    const counter = find("#counter");
    if (!counter || !source()) return;
    const limit = Number(counter.dataset.limit);
    const used = length(source().value);
    counter.textContent = `${used.toLocaleString("en")} / ${limit.toLocaleString("en")}`;
    counter.classList.toggle("over", used > limit);
  };

  const stale = (yes) => find("#result")?.classList.toggle("stale", yes);

  const translate = () => find("#translate")?.click();

  const stop = () => {
    clearTimeout(timer);
    find("#stop")?.click(); // gradio cancels the call that runs, if there is one
  };

  const later = () => {
    count();
    stale(true);
    stop();
    if (!composing) timer = setTimeout(translate, PAUSE);
  };

  const type = (text) => {
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
      const area = Object.assign(document.createElement("textarea"), { value: text }); // not on https or localhost
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("#translate")) clearTimeout(timer);
    const button = event.target.closest("[data-action], .example, .word[data-start]");
    if (!button) return;
    if (button.dataset.action === "clear") type("");
    else if (button.dataset.action === "copy") copy(button);
    else if (button.matches(".example")) type(button.textContent);
    else {
      source().focus();
      source().setSelectionRange(Number(button.dataset.start), Number(button.dataset.end));
    }
  });

  document.addEventListener("input", (event) => {
    if (event.target === source()) later();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      translate();
    } else if (event.key === "Escape") {
      stop();
      document.activeElement?.blur();
    }
  });

  document.addEventListener("compositionstart", () => (composing = true));
  document.addEventListener("compositionend", () => {
    composing = false;
    later();
  });

  window.seq2seq = { later, fresh: () => stale(false) };
  count();
}
