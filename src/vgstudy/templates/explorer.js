"use strict";
// The explorer: a study's estimates of the chosen cells. Numbers come from the page, charts are Vega-Lite's.

const FACTORS = ["activation", "initializer", "optimizer", "width", "depth"];
const SIGNALS = { g: ["d_g", "g_rms"], "δ": ["d_delta", "delta_rms"], h: ["d_h", "h_rms"] };
const WORDS = { d_g: "d of g", d_delta: "d of δ", d_h: "d of h", p_alive: "P(alive)", test_accuracy: "test accuracy", test_loss: "test loss" };

// The arrays behind the page's `explorer` attachment; see vgstudy.explorer.arrays for the order of the bytes.
class Numbers {
  constructor(index, bytes) {
    Object.assign(this, index);
    this.layered = Object.fromEntries(index.quantities);
    const sizes = index.quantities.map(([, layered]) => this.seeds.length * this.epochs.length * (layered ? this.layers : 1));
    const total = sizes.reduce((sum, size) => sum + size);
    const codes = unfolded(bytes.subarray(3 * total), 4 * total);
    let start = 0;
    this.arrays = Object.fromEntries(index.quantities.map(([name, layered, ratios], k) => {
      const size = sizes[k];
      const [value, above, skew, alive] = [0, 1, 2, 3].map((part) => this.summed(codes.subarray(4 * start + part * size, 4 * start + (part + 1) * size), layered));
      const [known, upper, lower] = [0, 1, 2].map((part) => bytes.subarray(3 * start + part * size, 3 * start + (part + 1) * size));
      start += size;
      return [name, { known, upper, lower, value, above, skew, alive, ratios }];
    }));
  }

  // The numbers whose differences along layers, then epochs, these are.
  summed(codes, layered) {
    const layers = layered ? this.layers : 1;
    const row = this.epochs.length * layers;
    for (let k = 0; k < codes.length; k++) if (k % row >= layers) codes[k] += codes[k - layers];
    if (layered) for (let k = 0; k < codes.length; k++) if (k % layers) codes[k] += codes[k - 1];
    return codes;
  }

  level(cell, factor) {
    return this.levels[factor][this.cells[factor][cell]];
  }

  at(quantity, cell, epoch, layer = 1) {
    const place = cell * this.epochs.length + epoch;
    const k = this.layered[quantity] ? place * this.layers + layer - 1 : place;
    const own = this.arrays[quantity];
    const number = (state, code, step) => [NaN, 0, Math.exp(code * step)][state];
    const value = number(own.known[k], own.value[k], this.steps.value);
    const above = number(own.upper[k], own.above[k], this.steps.width);
    const below = number(own.lower[k], own.skew[k] + (own.upper[k] === 2 ? own.above[k] : 0), this.steps.width);
    const [low, high] = own.ratios ? [value / Math.exp(below), value * Math.exp(above)] : [value - below, value + above];
    const known = own.lower[k] > 0 && own.upper[k] > 0;
    return { value, low: known ? low : value, high: known ? high : value, known, alive: own.alive[k] };
  }
}

// Whole numbers from the first bytes of all, then the second and so on; signs are last.
function unfolded(planes, count) {
  const straight = new Uint8Array(4 * count);
  for (let plane = 0; plane < 4; plane++) for (let k = 0; k < count; k++) straight[4 * k + plane] = planes[plane * count + k];
  const folded = new Uint32Array(straight.buffer);
  return Int32Array.from(folded, (number) => (number >>> 1) ^ -(number & 1));
}

function digits(number) {
  if (!Number.isFinite(number)) return "–";
  const size = Math.abs(number);
  const text = number === 0 || (size >= 1e-3 && size < 1e5) ? String(Number(number.toPrecision(3))) : number.toExponential(1);
  return text.replaceAll("-", "−");
}

function written({ value, low, high, known }) {
  return known ? `${digits(value)} [${digits(low)}, ${digits(high)}]` : digits(value);
}

// An interval far wider than the spread of the values would flatten the chart.
function cut(rows, logarithmic) {
  const to = logarithmic ? Math.log : (x) => x;
  const from = logarithmic ? Math.exp : (x) => x;
  const shown = rows.filter((row) => Number.isFinite(to(row.value)));
  const values = shown.map((row) => to(row.value));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const reach = Math.max((most - least) / 2, logarithmic ? Math.log(1.5) : 0.05);
  return shown.map((row) => ({ ...row, bottom: from(Math.max(to(row.low), least - reach)), top: from(Math.min(to(row.high), most + reach)) }));
}

// Vega-Lite, which is large, run when the first chart is near; the page's policy knows its hash.
async function library() {
  if (window.vegaEmbed) return;
  const script = document.createElement("script");
  script.textContent = await (await attachment("vega.js")).text();
  document.head.append(script);
}

class Explorer {
  constructor(section) {
    this.section = section;
    this.form = section.querySelector("form");
    this.name = section.dataset.study;
  }

  async start() {
    const { index, charts } = JSON.parse(await (await attachment(`${this.name}/explorer.json`)).text());
    const bytes = new Uint8Array(await (await attachment(`${this.name}/explorer`)).arrayBuffer());
    await library();
    this.numbers = new Numbers(index, bytes);
    this.charts = charts;
    this.views = {};
    this.form.addEventListener("input", () => this.draw());
    this.section.addEventListener("click", (event) => this.clicked(event.target.dataset));
    window.addEventListener("hashchange", () => this.read() && this.draw());
    this.read();
    await this.draw();
  }

  chart(name) {
    return this.section.querySelector(`[data-chart="${name}"] .chart`);
  }

  field(name) {
    return this.form.elements[name];
  }

  // The selection, in the form and in the address.

  chosen(factor) {
    return [...this.form.querySelectorAll(`[name="${factor}"]:checked`)].map((input) => Number(input.value));
  }

  read() {
    const [place, query] = location.hash.slice(1).split(/\?(.*)/s);
    if (place !== this.section.id || !query) return false;
    const wanted = new URLSearchParams(query);
    for (const factor of FACTORS.slice(0, 4)) {
      const levels = wanted.getAll(factor);
      for (const input of this.form.querySelectorAll(`[name="${factor}"]`)) input.checked = levels.includes(this.numbers.levels[factor][input.value]);
    }
    this.slide("depth", this.numbers.levels.depth.indexOf(wanted.get("depth")));
    this.slide("epoch", this.numbers.epochs.indexOf(Number(wanted.get("epoch"))));
    for (const name of ["signal", "curve", "weight"]) {
      const options = [...this.field(name).options].map((option) => option.value);
      if (options.includes(wanted.get(name))) this.field(name).value = wanted.get(name);
    }
    return true;
  }

  slide(name, place) {
    if (place >= 0) this.field(name).value = place;
  }

  link() {
    const query = new URLSearchParams();
    for (const factor of FACTORS.slice(0, 4)) for (const level of this.chosen(factor)) query.append(factor, this.numbers.levels[factor][level]);
    query.append("depth", this.depth());
    query.append("epoch", this.epoch());
    for (const name of ["signal", "curve", "weight"]) query.append(name, this.field(name).value);
    return `${location.href.split("#")[0]}#${this.section.id}?${query}`;
  }

  depth() {
    return this.numbers.levels.depth[this.field("depth").value];
  }

  epoch() {
    return this.numbers.epochs[this.field("epoch").value];
  }

  // What is shown of it.

  selected() {
    const { numbers } = this;
    const sets = FACTORS.slice(0, 4).map((factor) => [factor, new Set(this.chosen(factor))]);
    return numbers.seeds.map((_, cell) => cell).filter((cell) => sets.every(([factor, set]) => set.has(numbers.cells[factor][cell])));
  }

  row(cell, x, quantity, estimate) {
    const levels = Object.fromEntries(FACTORS.map((factor) => [factor, this.numbers.level(cell, factor)]));
    const series = [levels.activation, levels.initializer, levels.optimizer, levels.width].join("\n");
    const seeds = `${estimate.alive} of ${this.numbers.seeds[cell]}`;
    return { x, quantity, ...levels, ...estimate, series, seeds, estimate: written(estimate) };
  }

  rows() {
    const { numbers } = this;
    const epoch = Number(this.field("epoch").value);
    const everywhere = this.selected();
    const here = everywhere.filter((cell) => numbers.level(cell, "depth") === this.depth());
    const [decay, level] = SIGNALS[this.field("signal").value];
    const [curve, weight] = [this.field("curve").value, this.field("weight").value];
    const layers = Array.from({ length: Number(this.depth()) + 1 }, (_, k) => k + 1);
    const over = (cells, quantity) => cells.flatMap((cell) => numbers.epochs.map((x, k) => this.row(cell, x, quantity, numbers.at(quantity, cell, k))));
    const across = (cells, quantity) => cells.flatMap((cell) => layers.map((x) => this.row(cell, x, quantity, numbers.at(quantity, cell, epoch, x))));
    return {
      depth: cut(everywhere.map((cell) => this.row(cell, Number(numbers.level(cell, "depth")), decay, numbers.at(decay, cell, epoch))), true),
      epochs: cut(over(here, decay), true),
      layers: cut(across(here, level), true),
      curves: cut(over(here, curve), false),
      weights: cut(across(here, weight), false),
    };
  }

  async draw() {
    this.field("depth").nextElementSibling.textContent = this.depth();
    this.field("epoch").nextElementSibling.textContent = this.epoch();
    this.field("depth").setAttribute("aria-valuetext", this.depth());
    this.field("epoch").setAttribute("aria-valuetext", this.epoch());
    this.shown = this.rows();
    const marks = { depth: [{ x: Number(this.depth()) }], epochs: [{ x: this.epoch() }], curves: [{ x: this.epoch() }] };
    const here = this.selected().filter((cell) => this.numbers.level(cell, "depth") === this.depth());
    this.section.querySelector("[role=status]").textContent = here.length ? `${here.length} ${here.length === 1 ? "cell" : "cells"} of depth ${this.depth()} at epoch ${this.epoch()}` : "No cell is chosen: tick a level of every factor";
    this.fill(here);
    this.section.querySelector("[data-link]").value = this.link();
    for (const name of Object.keys(this.charts)) await this.drawChart(name, { rows: this.shown[name], here: marks[name] });
    this.section.dataset.drawn = Number(this.section.dataset.drawn ?? 0) + 1;
  }

  async drawChart(name, { rows, here }) {
    const place = this.chart(name);
    place.closest("figure").classList.toggle("empty", rows.length === 0);
    if (rows.length === 0) return; // Vega has no scale for nothing
    const options = { actions: false, renderer: "svg", ast: true, config: { aria: false } };
    const view = this.views[name];
    if (!view) this.views[name] = (await vegaEmbed(place, { ...this.charts[name], datasets: { rows, here } }, options)).view;
    else await (here ? view.data("here", here) : view).data("rows", rows).runAsync();
  }

  fill(cells) {
    const epoch = Number(this.field("epoch").value);
    const quantities = Object.keys(WORDS);
    const head = [...FACTORS, "seeds", ...quantities.map((quantity) => WORDS[quantity])];
    const body = cells.map((cell) => [
      ...FACTORS.map((factor) => this.numbers.level(cell, factor)),
      this.numbers.seeds[cell],
      ...quantities.map((quantity) => written(this.numbers.at(quantity, cell, epoch))),
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

  async clicked({ action, of }) {
    if (action === "copy") await this.copy();
    if (action === "numbers") save(new Blob([this.csv()], { type: TYPES.csv }), `${this.name}-explorer.csv`);
    if (action === "svg") save(new Blob([await this.views[of].toSVG()], { type: TYPES.svg }), `${this.name}-${of}.svg`);
    if (action === "png") (await this.views[of].toCanvas(3)).toBlob((blob) => save(blob, `${this.name}-${of}.png`));
  }

  async copy() {
    const field = this.section.querySelector("[data-link]");
    history.replaceState(null, "", field.value);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // where a page may not reach the clipboard by itself
    }
    this.section.querySelector("[data-action=copy]").textContent = "Copied";
    setTimeout(() => { this.section.querySelector("[data-action=copy]").textContent = "Copy link"; }, 2000);
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
