// The call of the endpoint for programs that gives what is on the screen.

import { keepFilled } from "./drawer.js";
import { asked } from "./direction.js";
import { area, find } from "./page.js";

const call = () => {
  const { model, beam_size, n_best, glossary } = asked();
  return { text: area().value, beam_size, n_best, model, ...(Object.keys(glossary).length ? { glossary } : {}) };
};

const fill = () => {
  const { text, ...options } = call();
  const root = new URL("./", document.baseURI).href;
  const lines = Object.entries(options).map(([name, value]) => `    ${name}=${JSON.stringify(value)},`);
  find("#code-python").textContent = [
    "from gradio_client import Client",
    "",
    `client = Client(${JSON.stringify(root)})`,
    "text, result = client.predict(",
    `    ${JSON.stringify(text)},`,
    ...lines,
    '    api_name="/translate",',
    ")",
    "print(text)",
  ].join("\n");
  const address = `${root}gradio_api/call/translate`;
  const body = JSON.stringify({ data: { text, ...options } }).replaceAll("'", "'\\''");
  find("#code-curl").textContent = [
    `id=$(curl -s ${address} -H 'Content-Type: application/json' \\`,
    `  -d '${body}' | cut -d'"' -f4)`,
    `curl -sN ${address}/$id`,
  ].join("\n");
};

export const start = () => keepFilled("code", fill);
