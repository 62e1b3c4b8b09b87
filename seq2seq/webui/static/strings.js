// What the page says, in the user's language. strings.py says how a text gets its place in the page.

const tables = await (await fetch(new URL("strings.json", import.meta.url))).json();
const table = tables[window.seq2seqLanguage] ?? tables.en;
export const language = window.seq2seqLanguage;
const ATTRIBUTES = ["title", "aria-label", "placeholder"];

export const has = (key) => key in table;

export const say = (key, values = {}) =>
  (table[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

export const number = (value) => value.toLocaleString(language);
export const percent = (share) => (Number.isFinite(share) ? `${Math.round(100 * share)} %` : "?");

// The name of a language in the language of the interface, "?" if it is unknown.
export const languageName = (code) => {
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(code);
  } catch {
    return code || "?";
  }
};

const applyTo = (element) => {
  const { text } = element.dataset;
  if (text && has(text) && element.textContent !== say(text)) element.textContent = say(text);
  for (const name of ATTRIBUTES) {
    const key = element.getAttribute(`data-${name}`);
    if (key && has(key)) element.setAttribute(name, say(key));
  }
};

const apply = (root) => {
  if (root.nodeType !== Node.ELEMENT_NODE) return;
  const marked = "[data-text], [data-title], [data-aria-label], [data-placeholder]";
  if (root.matches(marked)) applyTo(root);
  root.querySelectorAll(marked).forEach(applyTo);
};

// Texts that are there, and all that are added later, by whichever tab.
export const start = () => {
  apply(document.body);
  new MutationObserver((changes) => {
    for (const change of changes) change.addedNodes.forEach(apply);
  }).observe(document.body, { childList: true, subtree: true });
  document.documentElement.lang = navigator.language;
};

// Makes `name` the language of the interface: the page is loaded again, because gradio reads it at its start.
export const choose = (name) => {
  document.cookie = `seq2seq_language=${name}; path=/; max-age=31536000; samesite=strict`;
  location.reload();
};
