() => {
  // Live translation, the counter, keys, copying and examples. gradio calls this once, after the page is loaded.
  const PAUSE = 270; // milliseconds without input before the text is translated
  let timer = 0;
  let composing = false; // true while an input method composes: its input is not text yet

  const find = (selector) => document.querySelector(selector);
  const source = () => find("#source textarea");
  const length = (text) => [...text].length; // in characters, as the server counts

  const updateCounter = () => {
    const counter = find("#counter");
    if (!counter || !source()) return;
    const limit = Number(counter.dataset.limit);
    const used = length(source().value);
    counter.textContent = `${used.toLocaleString("en")} / ${limit.toLocaleString("en")}`;
    counter.classList.toggle("over", used > limit);
  };

  const setStale = (stale) => find("#result")?.classList.toggle("stale", stale);

  const translate = () => find("#translate")?.click();

  const stop = () => {
    clearTimeout(timer);
    find("#stop")?.click(); // gradio cancels the running request, if there is one
  };

  const translateLater = () => {
    updateCounter();
    setStale(true);
    stop();
    if (!composing) timer = setTimeout(translate, PAUSE);
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

  document.addEventListener("click", (event) => {
    if (event.target.closest("#translate")) clearTimeout(timer);
    const button = event.target.closest("[data-action], .example, .word[data-start]");
    if (!button) return;
    if (button.dataset.action === "clear") setText("");
    else if (button.dataset.action === "copy") copy(button);
    else if (button.matches(".example")) setText(button.textContent);
    else {
      source().focus();
      source().setSelectionRange(Number(button.dataset.start), Number(button.dataset.end));
    }
  });

  document.addEventListener("input", (event) => {
    if (event.target === source()) translateLater();
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
    translateLater();
  });

  window.seq2seq = { translateLater, markCurrent: () => setStale(false) };
  updateCounter();
}
