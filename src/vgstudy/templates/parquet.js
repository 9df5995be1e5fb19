"use strict";
// Figures' tables travel once, as Parquet; their CSV is made from that when it is asked for. What vgstudy.figures.rendering writes
// is read, no more: one row group, columns without lists, compression or dictionaries, BYTE_STREAM_SPLIT for numbers with a point.
// https://parquet.apache.org/docs/file-format/ and Thrift's compact protocol

class Thrift {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  varint() {
    let [number, size, byte] = [0, 1, 0];
    do {
      byte = this.bytes[this.at++];
      number += (byte & 127) * size;
      size *= 128;
    } while (byte & 128);
    return number;
  }

  whole() {
    const number = this.varint();
    return number % 2 ? -(number + 1) / 2 : number / 2;
  }

  text() {
    const size = this.varint();
    this.at += size;
    return new TextDecoder().decode(this.bytes.subarray(this.at - size, this.at));
  }

  list() {
    const head = this.bytes[this.at++];
    const size = head >> 4 === 15 ? this.varint() : head >> 4;
    return Array.from({ length: size }, () => this.value(head & 15));
  }

  value(type) {
    if (type <= 2) return type === 1;
    if (type <= 6) return this.whole();
    if (type === 8) return this.text();
    return type === 9 ? this.list() : this.struct();
  }

  // Fields by their numbers.
  struct() {
    const fields = {};
    for (let last = 0, head = this.bytes[this.at++]; head; head = this.bytes[this.at++]) {
      last = head >> 4 ? last + (head >> 4) : this.whole();
      fields[last] = this.value(head & 15);
    }
    return fields;
  }
}

// Which of `count` entries are there: runs of equal ones, and ones packed eight to a byte.
function levels(bytes, count) {
  const there = [];
  for (const reader = new Thrift(bytes); there.length < count;) {
    const head = reader.varint();
    const packed = head % 2;
    for (let left = head >> 1; left > 0; left -= packed ? 1 : left) {
      const byte = bytes[reader.at];
      if (packed) for (let bit = 0; bit < 8; bit++) there.push(byte >> bit & 1);
      else for (let k = 0; k < left; k++) there.push(byte);
      if (packed) reader.at++;
    }
    if (!packed) reader.at++;
  }
  return there.slice(0, count);
}

const INT32 = 1, INT64 = 2, DOUBLE = 5, BYTE_ARRAY = 6;

// The entries of a page as CSV has them.
const ENTRIES = {
  [INT32]: (view, count) => Array.from({ length: count }, (_, k) => String(view.getInt32(4 * k, true))),
  [INT64]: (view, count) => Array.from({ length: count }, (_, k) => String(view.getBigInt64(8 * k, true))),
  [DOUBLE]: (view, count) => {
    const straight = new DataView(new ArrayBuffer(8 * count));
    for (let k = 0; k < 8 * count; k++) straight.setUint8(8 * (k % count) + Math.floor(k / count), view.getUint8(k));
    return Array.from({ length: count }, (_, k) => decimal(straight.getFloat64(8 * k, true)));
  },
  [BYTE_ARRAY]: (view, count) => {
    let at = 0;
    return Array.from({ length: count }, () => {
      const size = view.getUint32(at, true);
      at += 4 + size;
      return quoted(new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at - size, size)));
    });
  },
};

// A number with all its digits, and a point or an exponent, as Python writes it.
function decimal(number) {
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "" : number < 0 ? "-inf" : "inf";
  const [digits, exponent] = number.toExponential().split("e");
  if (exponent < -4 || exponent >= 16) return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  const text = String(number);
  return Object.is(number, -0) ? "-0.0" : text.includes(".") ? text : `${text}.0`;
}

function quoted(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function column(bytes, { 1: type, 5: rows, 9: start }) {
  const entries = [];
  for (const reader = new Thrift(bytes, start); entries.length < rows;) {
    const { 3: size, 5: { 1: count } } = reader.struct();
    const page = bytes.subarray(reader.at, reader.at + size);
    const view = new DataView(page.buffer, page.byteOffset, size);
    const there = levels(page.subarray(4), count);
    const after = 4 + view.getUint32(0, true);
    const found = ENTRIES[type](new DataView(page.buffer, page.byteOffset + after, size - after), there.filter(Boolean).length);
    for (let k = 0, next = 0; k < count; k++) entries.push(there[k] ? found[next++] : "");
    reader.at += size;
  }
  return entries;
}

function csvOf(parquet) {
  const bytes = new Uint8Array(parquet);
  const size = new DataView(parquet).getUint32(bytes.length - 8, true);
  const { 2: schema, 3: rows, 4: groups } = new Thrift(bytes, bytes.length - 8 - size).struct();
  const head = schema.slice(1).map(({ 4: name }) => quoted(name));
  const columns = groups.length ? groups[0][1].map(({ 3: told }) => column(bytes, told)) : [];
  const lines = Array.from({ length: rows }, (_, k) => columns.map((entries) => entries[k]).join(","));
  return `${[head.join(","), ...lines].join("\n")}\n`;
}
