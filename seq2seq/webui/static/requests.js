// Requests to the server: JSON there, JSON or lines of JSON back.

import { say } from "./strings.js";

// What the user may read about a failure.
export const reason = (error) => (error instanceof TypeError ? say("error.unreachable") : error.message);

const send = async (path, values, signal) => {
  const response = await fetch(new URL(`./live${path}`, document.baseURI), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(values),
    signal,
  });
  if (response.ok) return response;
  if (response.status === 503) throw new Error(say("error.busy"));
  throw new Error((await response.json().catch(() => ({}))).detail ?? say("error.unknown"));
};

export const ask = async (path, values, signal) => (await send(path, values, signal)).json();

export async function* askLines(values, signal) {
  const reader = (await send("", values, signal)).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}
