// What the page shows, as the library wrote it; columns of numbers are decoded when they are first used.

const data = JSON.parse(document.getElementById("data").textContent);

const ARRAY_TYPES = { f4: Float32Array, f8: Float64Array, i4: Int32Array, i8: BigInt64Array, u1: Uint8Array };
const decoded = new Map();

/** Where cards get what they show: here it is all in the page. A board, which fetches it, replaces these. */
const source = {
  nothing: data.nothing ?? "Nothing was logged that this page shows.",
  /** Those of the lines of scalars that can be drawn now; `again` is called when there are more. */
  lines: (card, lines, view, again) => lines,
  /** The zoom of a card has changed. */
  zoomed: (card, again) => {},
  /** A card of another kind, made by `build`. */
  card: (card, build) => build(card),
};

/** A column by its number: a typed array. Integers beyond 2**53 are BigInts. */
function column(number) {
  if (!decoded.has(number)) decoded.set(number, decodeColumn(data.arrays[number]));
  return decoded.get(number);
}

function decodeColumn(entry) {
  if (entry.range) {
    const [first, stride, count] = entry.range;
    return Float64Array.from({ length: count }, (_, place) => first + stride * place);
  }
  const text = atob(entry.base64);
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
  return new ARRAY_TYPES[entry.type](bytes.buffer); // little-endian, as every machine that browses
}

/** The same column as numbers that can be drawn. */
function numbers(number) {
  const values = column(number);
  return values instanceof BigInt64Array ? Float64Array.from(values, Number) : values;
}
