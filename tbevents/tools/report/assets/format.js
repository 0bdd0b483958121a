// Numbers, times and counts as people read them.

/** A value, to so many digits; integers in full. */
function valueText(value, digits = 5) {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : roundedText(value, digits);
}

/** Values of one list, each as a text, to as many digits as tell them apart; strings stay. */
function valueTexts(values) {
  const different = new Set(values).size;
  for (let digits = 5; ; digits++) {
    const texts = values.map((value) => (typeof value === "number" ? valueText(value, digits) : value));
    if (digits === 17 || new Set(texts).size >= different) return texts; // 17 digits tell all numbers apart
  }
}

/** A range of values. */
const rangeText = (low, high) => valueTexts([low, high]).join(" to ");

/** A number, to so many digits, in as little room as it takes. */
function roundedText(value, digits = 5) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e7) return String(Number(value.toPrecision(digits)));
  return String(Number(value.toPrecision(digits)).toExponential()).replace("e+", "e");
}

/** A name with its middle left out, where it is long: names of runs differ at their ends. */
function elided(name, most) {
  const letters = Array.from(name); // no halves of what takes two units
  if (letters.length <= most) return name;
  const end = Math.ceil(most * 0.6);
  return `${letters.slice(0, most - end - 1).join("")}…${letters.slice(-end).join("")}`;
}

function countText(count, noun) {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

const two = (number) => String(number).padStart(2, "0");

/** The zone of all times of the page, such as Europe/Berlin: that of the browser. */
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "this browser's zone";

/** Seconds since 1970 as a time of the zone. */
function timeText(seconds) {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? "no time" : `${dayText(date)} ${clockText(date)}`;
}

const dayText = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const clockText = (date) => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

/** From how many seconds on a span below a minute is shown in which unit. */
const SPANS = [[1, 1, "s"], [1e-3, 1e-3, "ms"], [Number.MIN_VALUE, 1e-6, "µs"], [0, 1, "s"]];

/** A span of time in seconds. */
function spanText(seconds) {
  if (!Number.isFinite(seconds)) return "no time";
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  if (size < 60) {
    const [, unit, name] = SPANS.find(([least]) => size >= least);
    return `${sign}${valueText(size / unit, 3)} ${name}`;
  }
  const whole = Math.round(size);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const text = hours ? `${hours} h ${two(minutes)} min` : `${minutes} min ${two(whole % 60)} s`;
  return sign + text;
}

/** From which size on numbers are shown in which unit. */
const UNITS = [[1e12, 1, ""], [1e9, 1e9, "G"], [1e6, 1e6, "M"], [1e4, 1e3, "k"], [0, 1, ""]];

/**
 * The labels of an axis: as many decimals as its steps need; thousands, millions and milliards as k, M and G. Those of a logarithmic
 * axis, which may be of any size, have the unit of their own size; others have one unit.
 */
function axisTexts(splits, log = false) {
  const known = splits.filter((value) => value !== null);
  const largest = Math.max(...known.map(Math.abs), 0);
  const step = known.length > 1 ? Math.abs(known[1] - known[0]) : largest;
  const textOf = (value, digits) => {
    const [, unit, name] = UNITS.find(([least]) => (log ? Math.abs(value) : largest) >= least);
    return roundedText(value / unit, digits) + name;
  };
  if (step >= largest || !(step > 0)) return splits.map((value) => (value === null ? "" : textOf(value)));
  const digits = Math.min(15, Math.max(1, Math.floor(Math.log10(largest)) - Math.floor(Math.log10(step) + 1e-9) + 2));
  return splits.map((value) => {
    if (value === null) return "";
    return Math.abs(value) <= step * 1e-9 ? "0" : textOf(value, digits);
  });
}

/** The labels of an axis of times, by what changes from one to the next. */
function timeAxisTexts(splits, step) {
  let day = "";
  return splits.map((seconds) => {
    const date = new Date(seconds * 1000);
    const fraction = step < 1 ? (seconds % 1).toFixed(3).slice(1) : "";
    const clock = step >= 60 ? clockText(date).slice(0, 5) : clockText(date) + fraction;
    const shown = dayText(date);
    if (step >= 86400) return shown;
    const label = shown === day ? clock : `${clock}\n${shown}`;
    day = shown;
    return label;
  });
}

/** In which unit spans of up to so many seconds are shown. */
function spanUnit(seconds) {
  if (seconds < 180) return { name: "seconds", seconds: 1 };
  return seconds < 10800 ? { name: "minutes", seconds: 60 } : { name: "hours", seconds: 3600 };
}
