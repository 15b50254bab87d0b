"use strict";

// The colours that the picture was written with, and those of the page that they stand for.
const COLORS = {
  "#010101": "var(--text)", "#020202": "var(--line)", "#030303": "var(--paper)",
  "#040404": "var(--head)", "#050505": "var(--covered)",
};
const MOST_RESULTS = 60;

const root = document.documentElement;
const home = document.body.dataset.home;
document.getElementById("theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch (_) { /* not kept, then */ }
});

// -- search: what it looks through is loaded once somebody searches ----------------------------------------------------

const search = document.getElementById("search");
const found = document.getElementById("found");
let entries = null;

function listed({ contracts, owners, tables }) {
  const all = contracts.map(([id, owner, address]) => ({ kind: "contract", name: id, more: owner, address }));
  for (const [name, address] of owners) all.push({ kind: "owner", name, more: "", address });
  for (const [table, address, columns] of tables) {
    all.push({ kind: "table", name: table, more: "", address });
    for (const [column, place] of columns) all.push({ kind: "column", name: column, more: table, address: place });
  }
  for (const entry of all) {
    entry.short = entry.name.toLowerCase();
    entry.text = entry.kind === "column" ? `${entry.more}.${entry.name}`.toLowerCase() : `${entry.name} ${entry.more}`.toLowerCase();
  }
  return all;
}

function load() {
  if (entries !== null) return;
  entries = [];
  const script = document.createElement("script");
  script.src = `${home}search.js`;
  script.addEventListener("load", () => { entries = listed(window.CATALOGUE); look(); });
  document.head.append(script);
}

function rank(entry, words) {
  // Names that are the words come before those that begin with them, and those before what is found by more than its name.
  const last = entry.kind === "table" ? entry.short.slice(entry.short.indexOf(".") + 1) : entry.short;
  const word = words[words.length - 1];
  if (last === word) return 0;
  if (last.startsWith(word)) return 1;
  return entry.short.includes(word) ? 2 : 3;
}

function look() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const results = document.getElementById("results");
  results.replaceChildren();
  found.hidden = words.length === 0;
  if (found.hidden) return;
  const matching = entries.filter(({ text }) => words.every((word) => text.includes(word)));
  const ranked = matching.map((entry, place) => [rank(entry, words), place, entry]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  for (const [, , entry] of ranked.slice(0, MOST_RESULTS)) {
    const link = document.createElement("a");
    link.href = home + entry.address;
    link.textContent = entry.kind === "column" ? `${entry.more}.${entry.name}` : entry.name;
    const kind = document.createElement("span");
    kind.className = "meta";
    kind.textContent = entry.kind === "contract" ? `contract of ${entry.more}` : entry.kind;
    const item = document.createElement("li");
    item.append(link, " ", kind);
    results.append(item);
  }
  const more = matching.length > MOST_RESULTS ? `, the first ${MOST_RESULTS} of them` : "";
  document.getElementById("count").textContent = matching.length ? `${matching.length} found${more}` : "nothing found";
}

search.addEventListener("focus", load);
search.addEventListener("input", () => { load(); look(); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") found.hidden = true;
  if (event.key === "/" && !event.target.closest("input, textarea, pre")) { event.preventDefault(); search.focus(); }
});
document.addEventListener("click", (event) => { if (!event.target.closest(".search") || event.target.closest("#results a")) found.hidden = true; });

// -- a place that the address names is seen ----------------------------------------------------------------------------

function show() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (place === null) return;
  for (const details of place.querySelectorAll("td details")) details.open = true;
}
addEventListener("hashchange", show);
show();

// -- the picture -------------------------------------------------------------------------------------------------------

const picture = document.getElementById("picture");
if (picture !== null) {
  Viz.instance().then((viz) => {
    const dot = JSON.parse(document.getElementById("dot").textContent);
    const svg = viz.renderSVGElement(dot);
    for (const element of svg.querySelectorAll("[fill], [stroke]")) {
      for (const name of ["fill", "stroke"]) {
        const color = COLORS[element.getAttribute(name)];
        if (color) element.style[name] = color;
      }
    }
    for (const title of svg.querySelectorAll("title")) title.remove();
    picture.replaceChildren(svg);
    picture.dataset.done = "true";
  }).catch((error) => {
    picture.textContent = `The picture could not be drawn: ${error.message}`;
  });
}
