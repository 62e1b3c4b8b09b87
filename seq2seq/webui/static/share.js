// A link to this page. The text is in it only if the user wants that, behind "#": browsers do not send it.

import { keepFilled } from "./drawer.js";
import { choose, settings } from "./direction.js";
import { area, find } from "./page.js";
import { setText } from "./source.js";

const fill = () => {
  const values = { model: settings.model };
  if (find("#share-text").checked) values.text = area().value;
  find("#link").textContent = `${location.origin}${location.pathname}#${new URLSearchParams(values)}`;
};

export const start = () => {
  keepFilled("share", fill);
  find("#share-text").addEventListener("change", fill);
};

// What the link says that opened this page.
export const follow = () => {
  const values = new URLSearchParams(location.hash.slice(1));
  if (values.get("model")) choose(values.get("model"));
  if (values.get("text")) setText(values.get("text"));
};
