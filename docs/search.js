"use strict";

// What is typed into the search is words, pasted messages mostly, and not the language of lunr, in which "Refused: a" asks
// for a field "Refused" and finds nothing. mkdocs' own script, which is loaded after this one, hands its worker what is typed.
const send = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message, ...others) {
  const typed = message && message.query;
  const words = typeof typed === "string" ? { ...message, query: typed.replace(/[:^~*+-]/g, " ") } : message;
  return send.call(this, words, ...others);
};
