"use strict";
// Line charts with intervals as SVG: colour per activation, dash per initializer, marker per optimizer, weight per width.

const SIZE = { width: 460, height: 270, left: 62, right: 12, top: 10, bottom: 42 };
const SCALES = { linear: (x) => x, log: Math.log10, symlog: (x) => Math.sign(x) * Math.log10(1 + Math.abs(x)) };

function element(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Ticks at round numbers: powers of ten where the axis is logarithmic and spans them, else multiples of 1, 2 or 5.
function ticks(kind, low, high) {
  const range = (first, last) => Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => first + k);
  const inside = (values) => values.filter((value) => value >= low && value <= high);
  if (kind !== "linear" && high > 0) {
    const exponents = range(Math.floor(Math.log10(Math.max(low, kind === "log" ? 0 : 1))), Math.ceil(Math.log10(high)));
    const step = Math.ceil(exponents.length / 6);
    const powers = exponents.filter((e) => e % step === 0).map((e) => Number(`1e${e}`));
    const fine = exponents.flatMap((e) => [1, 2, 5].map((digit) => Number(`${digit}e${e}`)));
    const zero = kind === "symlog" ? [0] : [];
    for (const values of [inside([...zero, ...powers]), inside([...zero, ...fine])]) if (values.length > 2) return values;
  }
  const rough = (high - low) / 5 || Math.abs(low) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((digit) => digit * power >= rough);
  return range(Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)).map((k) => Number((k * step).toPrecision(12)));
}

function axisText(number) {
  const size = Math.abs(number);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? number.toExponential() : String(number);
  return text.replace("e+", "e").replaceAll("-", "−");
}

// A function from a number to its place between two ends, with the numbers at the ends.
function axis(kind, numbers, from, to) {
  const scale = SCALES[kind];
  let [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  if (low === high) [low, high] = kind === "log" ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
  const place = (number) => from + ((scale(number) - scale(low)) / (scale(high) - scale(low))) * (to - from);
  return { place, ticks: ticks(kind, low, high) };
}

// Rows have x, value, bottom and top of the interval, series, look and label; `mark` is an x to mark, if any.
function lineChart({ rows, x, y, mark }) {
  const { width, height, left, right, top, bottom } = SIZE;
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "font-family": "system-ui, sans-serif", "font-size": 11 });
  svg.append(element("rect", { width, height, fill: "#fff" }));
  const across = axis(x.scale, rows.map((row) => row.x), left + 10, width - right - 8);
  const up = axis(y.scale, rows.flatMap((row) => [row.bottom, row.top]), height - bottom - 6, top + 6);
  drawAxes(svg, across, up, x, y);
  if (mark !== undefined) svg.append(element("line", { x1: across.place(mark), x2: across.place(mark), y1: top, y2: height - bottom, stroke: "#6b6b6b", "stroke-dasharray": "4 3" }));
  for (const line of grouped(rows).values()) drawLine(svg, line.map((row) => ({ ...row, px: across.place(row.x), at: up.place })));
  return svg;
}

function grouped(rows) {
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(row.series)) groups.set(row.series, []);
    groups.get(row.series).push(row);
  }
  return groups;
}

function drawAxes(svg, across, up, x, y) {
  const { width, height, left, right, top, bottom } = SIZE;
  for (const tick of up.ticks) {
    svg.append(element("line", { x1: left, x2: width - right, y1: up.place(tick), y2: up.place(tick), stroke: "#ececec" }));
    svg.append(element("text", { x: left - 6, y: up.place(tick) + 4, "text-anchor": "end", fill: "#333" }, axisText(tick)));
  }
  const whole = x.whole ? across.ticks.filter(Number.isInteger) : across.ticks;
  for (const tick of whole) {
    svg.append(element("line", { x1: across.place(tick), x2: across.place(tick), y1: top, y2: height - bottom, stroke: "#ececec" }));
    svg.append(element("text", { x: across.place(tick), y: height - bottom + 15, "text-anchor": "middle", fill: "#333" }, axisText(tick)));
  }
  svg.append(element("path", { d: `M${left} ${top}V${height - bottom}H${width - right}`, fill: "none", stroke: "#333" }));
  svg.append(element("text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle", fill: "#333" }, x.label));
  svg.append(element("text", { transform: `translate(13 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle", fill: "#333" }, y.label));
}

function drawLine(svg, points) {
  const { colour, dash, weight, marker } = points[0].look;
  const path = (list) => list.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join("L");
  const ends = (name) => points.map((point) => [point.px, point.at(point[name])]);
  const band = [...ends("top"), ...ends("bottom").reverse()];
  if (points.length > 1) svg.append(element("path", { d: `M${path(band)}Z`, fill: colour, "fill-opacity": 0.13 }));
  else svg.append(element("path", { d: `M${path(band)}`, stroke: colour, "stroke-opacity": 0.5 }));
  svg.append(element("path", { d: `M${path(ends("value"))}`, fill: "none", stroke: colour, "stroke-width": weight, "stroke-dasharray": dash }));
  for (const point of points) {
    const shape = element("path", { d: marker, fill: colour, transform: `translate(${point.px.toFixed(1)} ${point.at(point.value).toFixed(1)})` });
    shape.append(element("title", {}, point.label));
    svg.append(shape);
  }
}
