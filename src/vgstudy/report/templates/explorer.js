"use strict";
// The explorer: a study's estimates of the chosen cells. Its data come with the page, see vgstudy.report.explorer.

const FACTORS = ["activation", "initializer", "optimizer", "width", "depth"];
const TICKED = FACTORS.slice(0, 4);
const FIELDS = ["ratio", "level", "curve", "mean"];
const DEPTH = { label: "depth (hidden layers)", scale: "linear", whole: true };
const EPOCH = { label: "epoch (0 is before any update)", scale: "symlog", whole: true };
const LAYER = { label: "layer (1 is nearest the input, the last is the output)", scale: "linear", whole: true };
const CHARTS = { // the horizontal axis, and the field that names the quantity
  depth: [DEPTH, "ratio"],
  epochs: [EPOCH, "ratio"],
  layers: [LAYER, "level"],
  curves: [EPOCH, "curve"],
  means: [LAYER, "mean"],
};

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

function digits(number) {
  if (number === null || !Number.isFinite(number)) return "–";
  const size = Math.abs(number);
  const text = number === 0 || (size >= 1e-3 && size < 1e5) ? String(Number(number.toPrecision(3))) : number.toExponential(1);
  return text.replaceAll("-", "−");
}

function written({ value, low, high, known }) {
  return known ? `${digits(value)} [${digits(low)}, ${digits(high)}]` : digits(value);
}

// An interval far wider than the range of the values would flatten the chart.
function cut(rows, scale) {
  const [to, from] = scale === "log" ? [Math.log, Math.exp] : [(x) => x, (x) => x];
  const finite = rows.filter((row) => row.value !== null && Number.isFinite(to(row.value)));
  const values = finite.map((row) => to(row.value));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const reach = Math.max((most - least) / 2, scale === "log" ? Math.log(1.5) : 0.05);
  return finite.map((row) => ({ ...row, bottom: from(Math.max(to(row.low), least - reach)), top: from(Math.min(to(row.high), most + reach)) }));
}

class Explorer {
  constructor(section) {
    this.section = section;
    this.form = section.querySelector("form");
    this.name = section.dataset.study;
  }

  async start() {
    Object.assign(this, await unpacked(`${this.section.id}-data`));
    this.form.addEventListener("input", () => this.draw());
    this.section.addEventListener("click", (event) => this.clicked(event.target.dataset));
    window.addEventListener("hashchange", () => this.readAddress() && this.draw());
    this.readAddress();
    this.draw();
  }

  level(cell, factor) {
    return this.levels[factor][this.cells[factor][cell]];
  }

  // An estimate; `epoch` and `layer` are places, from 0.
  at(quantity, cell, epoch, layer = 0) {
    const { geometric, value: values, up, down = up, alive } = this.quantities[quantity];
    const place = epoch * (values[cell].length / this.epochs.length) + layer;
    const value = values[cell][place];
    const known = value !== null && up[cell][place] !== null && down[cell][place] !== null;
    const end = (sign, width) => (geometric ? value * Math.exp(sign * width) : value + sign * width);
    const [low, high] = known ? [end(-1, down[cell][place]), end(1, up[cell][place])] : [value, value];
    return { value, low, high, known, alive: alive[cell][place] ?? 0 };
  }

  // The selection, in the form and in the address.

  field(name) {
    return this.form.elements[name];
  }

  inputs(factor) {
    return [...this.form.querySelectorAll(`[name="${factor}"]`)];
  }

  chosen(factor) {
    return this.inputs(factor).filter((input) => input.checked).map((input) => Number(input.value));
  }

  get depth() {
    return this.levels.depth[this.field("depth").value];
  }

  get epoch() {
    return this.epochs[this.field("epoch").value];
  }

  readAddress() {
    const [place, query] = location.hash.slice(1).split(/\?(.*)/s);
    if (place !== this.section.id || !query) return false;
    const linked = new URLSearchParams(query);
    for (const factor of TICKED) {
      for (const input of this.inputs(factor)) input.checked = linked.getAll(factor).includes(this.levels[factor][input.value]);
    }
    const places = { depth: this.levels.depth.indexOf(linked.get("depth")), epoch: this.epochs.indexOf(Number(linked.get("epoch"))) };
    for (const [name, index] of Object.entries(places)) if (index >= 0) this.field(name).value = index;
    for (const name of FIELDS) {
      if ([...this.field(name).options].some((option) => option.value === linked.get(name))) this.field(name).value = linked.get(name);
    }
    return true;
  }

  link() {
    const query = new URLSearchParams();
    for (const factor of TICKED) for (const level of this.chosen(factor)) query.append(factor, this.levels[factor][level]);
    query.append("depth", this.depth);
    query.append("epoch", this.epoch);
    for (const name of FIELDS) query.append(name, this.field(name).value);
    return `${location.href.split("#")[0]}#${this.section.id}?${query}`;
  }

  // What is shown of it.

  selectedCells() {
    const sets = TICKED.map((factor) => [factor, new Set(this.chosen(factor))]);
    return this.seeds.map((_, cell) => cell).filter((cell) => sets.every(([factor, set]) => set.has(this.cells[factor][cell])));
  }

  row(cell, x, quantity, estimate) {
    const levels = Object.fromEntries(FACTORS.map((factor) => [factor, this.level(cell, factor)]));
    const look = Object.assign({}, ...TICKED.map((factor) => this.looks[factor][this.cells[factor][cell]]));
    const series = TICKED.map((factor) => levels[factor]).join("\n");
    const label = `${Object.values(levels).slice(0, 3).join(", ")}, width ${levels.width}, depth ${levels.depth}\n${x}: ${written(estimate)}, ${estimate.alive} of ${this.seeds[cell]} seeds`;
    return { x, quantity, ...levels, ...estimate, series, look, label };
  }

  rows(everywhere, here) {
    const epoch = Number(this.field("epoch").value);
    const [ratio, level, curve, mean] = FIELDS.map((name) => this.field(name).value);
    const layers = Array.from({ length: Number(this.depth) + 1 }, (_, k) => k);
    const overEpochs = (quantity) => here.flatMap((cell) => this.epochs.map((x, k) => this.row(cell, x, quantity, this.at(quantity, cell, k))));
    const overLayers = (quantity) => here.flatMap((cell) => layers.map((k) => this.row(cell, k + 1, quantity, this.at(quantity, cell, epoch, k))));
    return {
      depth: everywhere.map((cell) => this.row(cell, Number(this.level(cell, "depth")), ratio, this.at(ratio, cell, epoch))),
      epochs: overEpochs(ratio),
      layers: overLayers(level),
      curves: overEpochs(curve),
      means: overLayers(mean),
    };
  }

  draw() {
    for (const name of ["depth", "epoch"]) {
      this.field(name).nextElementSibling.textContent = this[name];
      this.field(name).setAttribute("aria-valuetext", this[name]);
    }
    const everywhere = this.selectedCells();
    const here = everywhere.filter((cell) => this.level(cell, "depth") === this.depth);
    const count = `${here.length} ${here.length === 1 ? "cell" : "cells"} of depth ${this.depth} at epoch ${this.epoch}`;
    this.section.querySelector("[role=status]").textContent = here.length ? count : "No cell is chosen: tick a level of every factor";
    this.section.querySelector("[data-link]").value = this.link();
    this.shown = this.rows(everywhere, here);
    const marks = { depth: Number(this.depth), epochs: this.epoch, curves: this.epoch };
    for (const [name, [x, field]] of Object.entries(CHARTS)) {
      const { axis: label, scale } = this.quantities[this.field(field).value];
      this.shown[name] = cut(this.shown[name], scale);
      this.drawChart(name, { rows: this.shown[name], x, y: { label, scale }, mark: marks[name] });
    }
    this.fillTable(here);
    this.section.dataset.drawn = Number(this.section.dataset.drawn ?? 0) + 1;
  }

  drawChart(name, content) {
    const place = this.section.querySelector(`[data-chart="${name}"] .chart`);
    place.closest("figure").classList.toggle("empty", content.rows.length === 0);
    place.replaceChildren(...(content.rows.length ? [lineChart(content)] : []));
  }

  fillTable(cells) {
    const epoch = Number(this.field("epoch").value);
    const quantities = Object.keys(this.quantities).filter((name) => !this.quantities[name].layered);
    const head = [...FACTORS, "seeds", ...quantities.map((name) => this.quantities[name].symbol)];
    const body = cells.map((cell) => [
      ...FACTORS.map((factor) => this.level(cell, factor)),
      this.seeds[cell],
      ...quantities.map((quantity) => written(this.at(quantity, cell, epoch))),
    ]);
    const line = (texts, tag) => {
      const row = document.createElement("tr");
      for (const text of texts) {
        const entry = row.appendChild(document.createElement(tag));
        entry.textContent = text;
        if (tag === "th") entry.scope = "col";
      }
      return row;
    };
    const table = this.section.querySelector("table");
    table.tHead.replaceChildren(line(head, "th"));
    table.tBodies[0].replaceChildren(...body.map((texts) => line(texts, "td")));
  }

  // What can be taken away.

  clicked({ action, of }) {
    if (action === "copy") this.copyLink();
    if (action === "numbers") this.save(this.csv(), "text/csv", "explorer.csv");
    if (action === "svg") this.save(new XMLSerializer().serializeToString(this.section.querySelector(`[data-chart="${of}"] svg`)), "image/svg+xml", `${of}.svg`);
  }

  save(text, type, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = `${this.name}-${name}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  async copyLink() {
    const field = this.section.querySelector("[data-link]");
    const button = this.section.querySelector("[data-action=copy]");
    history.replaceState(null, "", field.value);
    field.select();
    // where a page may not reach the clipboard by itself
    await navigator.clipboard.writeText(field.value).catch(() => document.execCommand("copy"));
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy link"; }, 2000);
  }

  csv() {
    const columns = ["chart", "quantity", "x", ...FACTORS, "value", "low", "high", "alive"];
    const quoted = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
    const rows = Object.entries(this.shown).flatMap(([chart, listed]) => listed.map((row) => ({ chart, ...row })));
    return [columns, ...rows.map((row) => columns.map((column) => quoted(row[column])))].map((line) => line.join(",")).join("\n") + "\n";
  }
}

const nearby = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    nearby.unobserve(target);
    new Explorer(target).start();
  }
}, { rootMargin: "600px" });
for (const section of document.querySelectorAll(".explorer")) nearby.observe(section);
