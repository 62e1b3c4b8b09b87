// Elements of the page, and small helpers.

export const find = (selector) => document.querySelector(selector);
export const all = (selector) => [...document.querySelectorAll(selector)];
export const area = () => find("#source textarea");
export const length = (text) => [...text].length; // in characters, as the server counts

// An element with text and attributes. Text never becomes HTML.
export const make = (tag, text = "", attributes = {}) => {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) if (value !== false) element.setAttribute(name, value);
  return element;
};

// Values that stay in this browser. Without storage (private windows, full disks) they last as long as the page.
const kept = new Map();
export const stored = (name, otherwise) => {
  try {
    return JSON.parse(localStorage.getItem(`seq2seq.${name}`)) ?? kept.get(name) ?? otherwise;
  } catch {
    return kept.get(name) ?? otherwise;
  }
};
export const store = (name, value) => {
  kept.set(name, value);
  try {
    localStorage.setItem(`seq2seq.${name}`, JSON.stringify(value));
  } catch {
    // kept.
  }
};

export const copyText = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const box = make("textarea"); // without https or localhost there is no clipboard
    box.value = text;
    (find("dialog[open]") ?? document.body).append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
};

// An event of the translator itself: "answer" when the whole answer is there, "settings" when they change.
export const announceEvent = (name, detail) => document.dispatchEvent(new CustomEvent(`seq2seq:${name}`, { detail }));
export const onEvent = (name, call) => document.addEventListener(`seq2seq:${name}`, (event) => call(event.detail));
