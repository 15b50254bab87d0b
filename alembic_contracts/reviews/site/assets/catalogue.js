"use strict";

// The colours that the picture was written with, and those of the page that they stand for.
const COLORS = {
  "#010101": "var(--text)", "#020202": "var(--line)", "#030303": "var(--paper)",
  "#040404": "var(--head)", "#050505": "var(--covered)",
};

const root = document.documentElement;
document.getElementById("theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch (_) { /* not kept, then */ }
});

const search = document.getElementById("search");
const contracts = [...document.querySelectorAll(".contract")].map((element) => ({
  element, text: element.textContent.toLowerCase(),
}));
search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { element, text } of contracts) {
    element.hidden = !words.every((word) => text.includes(word));
    found += element.hidden ? 0 : 1;
  }
  document.getElementById("found").textContent = words.length ? `${found} of ${contracts.length} contracts` : "";
});

const picture = document.getElementById("picture");
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
