"use strict";
// Files inside the page: pictures, downloads. Nothing is fetched: the page has no network.

const TYPES = { svg: "image/svg+xml", pdf: "application/pdf", csv: "text/csv", png: "image/png", parquet: "application/vnd.apache.parquet" };

async function attachment(name) {
  const packed = document.getElementById(`file:${name}`).textContent;
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Blob([await new Response(plain).arrayBuffer()], { type: TYPES[name.split(".").pop()] ?? "" });
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function bitmap(image, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = image.width * scale;
  canvas.height = image.height * scale;
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, TYPES.png));
}

async function picture(name, width, height) {
  const image = new Image(width, height);
  image.src = URL.createObjectURL(await attachment(name));
  await image.decode();
  return image;
}

// What is not in the page but made from what is.
const MADE = {
  png: async (stem, width, height) => bitmap(await picture(`${stem}.svg`, width, height), 3),
  csv: async (stem) => new Blob([csvOf(await (await attachment(`${stem}.parquet`)).arrayBuffer())], { type: TYPES.csv }),
};

async function take(button) {
  const { file, width, height } = button.dataset;
  const [stem, kind] = file.split(/\.(?=[^.]+$)/);
  save(await (kind in MADE ? MADE[kind](stem, width, height) : attachment(file)), file.replace("/figures/", "-"));
}

// A table as it stands, every row of it, filtered or not.

function takeTable(button) {
  const table = document.getElementById(button.dataset.table);
  const field = (cell) => `"${cell.textContent.replaceAll('"', '""')}"`;
  const lines = [...table.rows].map((row) => [...row.cells].map(field).join(","));
  save(new Blob([`\ufeff${lines.join("\r\n")}\r\n`], { type: TYPES.csv }), `${table.id.replace(/-rows$/, "")}.csv`);
}

// Pictures are unfolded when they are near, or when the page is at rest, so that they are there for print and never delay the text.

async function show(image) {
  if (image.dataset.shown) return;
  image.dataset.shown = "";
  image.src = URL.createObjectURL(await attachment(image.dataset.file));
}

const nearPictures = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) if (isIntersecting) show(target);
}, { rootMargin: "1500px" });

async function showPictures() {
  const images = [...document.querySelectorAll("img[data-file]")];
  for (const image of images) nearPictures.observe(image);
  for (const image of images) {
    await new Promise((rest) => (window.requestIdleCallback ?? setTimeout)(rest));
    await show(image);
  }
}

// Tables with many rows: those that hold every word of the filter.

function filterRows(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...document.getElementById(input.getAttribute("aria-controls")).tBodies[0].rows];
  for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  told(input, `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`);
}

// Claims: of a tutorial, with a verdict; the choice is kept in the address.

function filterClaims(form) {
  const chosen = Object.fromEntries(new FormData(form));
  const claims = [...form.parentElement.querySelectorAll(".claim")];
  for (const claim of claims) claim.hidden = !Object.entries(chosen).every(([key, value]) => !value || claim.dataset[key] === value);
  told(form, `${claims.filter((claim) => !claim.hidden).length} of ${claims.length} claims`);
}

function told(control, text) {
  control.closest(".filter").querySelector("[role=status]").textContent = text;
}

// A link may lead into something folded.

function unfold() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1).split("?")[0]));
  for (let outer = place; outer; outer = outer.parentElement) if (outer.tagName === "DETAILS") outer.open = true;
  if (place && location.hash.includes("?")) place.scrollIntoView();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-file]");
  if (button) take(button);
  const table = event.target.closest("button[data-table]");
  if (table) takeTable(table);
});
for (const input of document.querySelectorAll("input[data-rows]")) input.addEventListener("input", () => filterRows(input));
for (const form of document.querySelectorAll("form.claims")) form.addEventListener("input", () => filterClaims(form));
window.addEventListener("hashchange", unfold);
unfold();
window.addEventListener("load", showPictures);
window.addEventListener("beforeprint", () => document.querySelectorAll("img[data-file]").forEach(show));
