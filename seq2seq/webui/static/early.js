// Runs before gradio: the language of the interface, which gradio asks `navigator` for.
(() => {
  const known = ["en", "zh"];
  const chosen = document.cookie.match(/(?:^|; )seq2seq_language=(\w+)/)?.[1];
  const browser = (navigator.languages ?? [navigator.language]).map((tag) => tag.split("-")[0].toLowerCase());
  const language = [chosen, browser[0]].find((one) => known.includes(one)) ?? "en";
  const tag = language === "zh" ? "zh-CN" : language;
  Object.defineProperty(navigator, "language", { get: () => tag });
  document.documentElement.lang = tag;
  window.seq2seqLanguage = language;
})();
