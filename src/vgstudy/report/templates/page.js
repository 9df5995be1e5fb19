"use strict";
// Tables with many rows: show those that hold every word of the filter.

function filterRows(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...document.getElementById(input.getAttribute("aria-controls")).tBodies[0].rows];
  for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  report(input, `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`);
}

// Claims: filter by tutorial and verdict.

function filterClaims(form) {
  const chosen = Object.entries(Object.fromEntries(new FormData(form)));
  const claims = [...form.nextElementSibling.querySelectorAll(".claim")];
  for (const claim of claims) claim.hidden = !chosen.every(([key, value]) => !value || claim.dataset[key] === value);
  report(form, `${claims.filter((claim) => !claim.hidden).length} of ${claims.length} claims`);
}

// A claim's name shows its statements.

function toggleStatements(button) {
  const row = button.closest("tr").nextElementSibling;
  row.hidden = !row.hidden;
  button.setAttribute("aria-expanded", String(!row.hidden));
}

function report(control, text) {
  control.closest(".filter").querySelector("[role=status]").textContent = text;
}

// A link may lead into something folded.

function unfold() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1).split("?")[0]));
  for (let outer = place; outer; outer = outer.parentElement) if (outer.tagName === "DETAILS") outer.open = true;
  if (place && location.hash.includes("?")) place.scrollIntoView();
}

for (const input of document.querySelectorAll("input[data-rows]")) input.addEventListener("input", () => filterRows(input));
for (const form of document.querySelectorAll("form.claims")) form.addEventListener("input", () => filterClaims(form));
for (const button of document.querySelectorAll("button.unfold")) button.addEventListener("click", () => toggleStatements(button));
window.addEventListener("hashchange", unfold);
unfold();
