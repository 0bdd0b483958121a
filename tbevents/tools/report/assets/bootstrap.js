// The mean of some curves with a band, as tbevents' Python computes it: the numbers are the same, those drawn by chance too.

const RESAMPLES = 2000; // how often the bootstrap draws runs

/** numpy's default_rng(0): PCG64, and its whole numbers below a bound. */
class RandomBits {
  constructor() {
    this.state = 35399562948360463058890781895381311971n;
    this.half = null;
  }

  next() {
    if (this.half !== null) {
      const half = this.half;
      this.half = null;
      return half;
    }
    this.state = BigInt.asUintN(128, this.state * 0x2360ed051fc65da44385df649fccf645n + 87136372517582989555478159403783844777n);
    const mixed = BigInt.asUintN(64, (this.state >> 64n) ^ this.state);
    const turn = this.state >> 122n;
    const bits = BigInt.asUintN(64, (mixed >> turn) | (mixed << (64n - turn)));
    this.half = Number(bits >> 32n);
    return Number(bits & 0xffffffffn);
  }

  below(bound) {
    const scaled = () => this.next() * bound; // below 2**53 for bounds below 2**21
    let found = scaled();
    const least = (2 ** 32 - bound) % bound;
    while (found % 2 ** 32 < least) found = scaled();
    return Math.floor(found / 2 ** 32);
  }
}

const resamples = new Map(); // number of runs -> the runs that are drawn, resample by resample

function resampled(count) {
  if (!resamples.has(count)) {
    const bits = new RandomBits();
    resamples.set(count, Uint32Array.from({ length: RESAMPLES * count }, () => bits.below(count)));
  }
  return resamples.get(count);
}

const SMALLER = 2 ** 600; // divides values so that their squares, and the sums of these, do not overflow

/** A statistic of values, which is in proportion to them: where it is not finite, that of smaller values, which may not overflow. */
function overRuns(statistic, values) {
  const found = statistic(values);
  return Number.isFinite(found) ? found : statistic(values.map((value) => value / SMALLER)) * SMALLER;
}

/** The mean of sorted values, or of their middle half; `counts` says how often each is there, once by default. */
function middleOf(sorted, estimator, counts = null) {
  const size = sorted.length;
  const cut = estimator === "iqm" ? Math.floor(size / 4) : 0;
  let sum = 0;
  if (counts === null) {
    for (let place = cut; place < size - cut; place++) sum += sorted[place];
  } else {
    let before = 0;
    for (let place = 0; place < size && before < size - cut; place++) {
      const after = before + counts[place];
      const times = Math.min(after, size - cut) - Math.max(before, cut);
      if (times > 0) sum += sorted[place] * times; // 0 times an infinity is NaN
      before = after;
    }
  }
  return sum / (size - 2 * cut);
}

/** Moves values so that the one at a place is where sorting puts it, lesser ones before it: Hoare's selection. */
function select(values, place, from, to) {
  while (to > from) {
    const pivot = values[(from + to) >> 1];
    let [low, high] = [from, to];
    while (low <= high) {
      while (values[low] < pivot) low += 1;
      while (values[high] > pivot) high -= 1;
      if (low > high) break;
      const value = values[low];
      values[low++] = values[high];
      values[high--] = value;
    }
    if (place <= high) to = high;
    else if (place >= low) from = low;
    else return;
  }
}

/** A percentile of values, which change places: between two of them in proportion; beside an infinity that infinity. */
function percentile(values, share) {
  const at = share * (values.length - 1);
  const place = Math.floor(at);
  const last = values.length - 1;
  select(values, place, 0, last);
  select(values, place + 1, place + 1, last);
  const [low, high] = [values[place], values[place + 1]];
  if (low === high || at === place) return low;
  return low === -Infinity ? low + high : overRuns(([from, to]) => from + (to - from) * (at - place), [low, high]);
}

/** The ends of the band about some values: [low, high]. */
function bandOf(sorted, middle, estimator, band) {
  const size = sorted.length;
  if (Number.isNaN(middle) && band !== "none") return [NaN, NaN];
  if (band === "minmax") return [sorted[0], sorted[size - 1]];
  if (band === "std") {
    const std = overRuns((values) => {
      const mean = middleOf(values, "mean");
      return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size);
    }, sorted);
    return [middle - std, middle + std];
  }
  return [middle, middle];
}

/** The bootstrap's interval: [low, high]. `values` are of the runs in their order. */
function intervalOf(values, estimator) {
  const size = values.length;
  const drawn = resampled(size);
  const estimates = new Float64Array(RESAMPLES);
  const counts = new Uint32Array(size);
  const order = Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const sorted = Float64Array.from(order, (place) => values[place]);
  const rank = new Uint32Array(size);
  order.forEach((place, number) => { rank[place] = number; });
  for (let number = 0; number < RESAMPLES; number++) {
    const first = number * size;
    if (estimator === "iqm") {
      counts.fill(0);
      for (let at = first; at < first + size; at++) counts[rank[drawn[at]]] += 1;
      estimates[number] = overRuns((some) => middleOf(some, estimator, counts), sorted);
    } else {
      const mean = (some) => {
        let sum = 0;
        for (let at = first; at < first + size; at++) sum += some[drawn[at]];
        return sum / size;
      };
      estimates[number] = overRuns(mean, values);
    }
  }
  return estimates.some(Number.isNaN) ? [NaN, NaN] : [percentile(estimates, 0.025), percentile(estimates, 0.975)];
}

/**
 * The curve of a group: at each step over the curves that have it. columns: [{steps, values, thinned}]; what was thinned counts
 * between its points, too. Yields after each bootstrap, as these take long: first those of some steps (`coarse`), between which the band
 * can be drawn meanwhile; `ready` says for how many of them.
 */
function* summedUp(columns, estimator, band) {
  const own = columns.map(({ steps, values, thinned }) => ({ ...uniqueSteps(steps, values), thinned }));
  const steps = Float64Array.from(new Set(own.flatMap((each) => Array.from(each.steps)))).sort();
  const result = { steps, middle: new Float64Array(steps.length), low: new Float64Array(steps.length).fill(NaN), high: new Float64Array(steps.length).fill(NaN), counts: new Uint32Array(steps.length), ready: 0 };
  const next = own.map(() => 0);
  const present = [];
  steps.forEach((step, place) => {
    const values = [];
    own.forEach((each, number) => {
      const has = each.steps[next[number]] === step;
      const value = has ? each.values[next[number]] : each.thinned ? between(each, next[number], step) : undefined;
      if (has) next[number] += 1;
      if (value !== undefined) values.push(value);
    });
    const odd = values.some(Number.isNaN);
    const sorted = Float64Array.from(values).sort();
    result.counts[place] = values.length;
    result.middle[place] = odd ? NaN : overRuns((some) => middleOf(some, estimator), sorted);
    if (band !== "ci95" || values.length === 1) [result.low[place], result.high[place]] = bandOf(sorted, result.middle[place], estimator, values.length === 1 && band === "ci95" ? "none" : band);
    else present[place] = odd ? null : values;
  });
  result.coarse = Array.from(steps.keys()).filter((place) => place % COARSE === 0 || place === steps.length - 1);
  yield result;
  for (const place of new Set([...result.coarse, ...steps.keys()])) {
    if (present[place]) [result.low[place], result.high[place]] = intervalOf(present[place], estimator);
    result.ready += 1;
    if (present[place]) yield result;
  }
  return result;
}

const COARSE = 16;

/** Whether the band of a sum is ready at the coarse steps. */
const isCoarse = ({ ready, coarse }) => ready >= coarse.length;

/** The band between the coarse steps, where only these are ready. */
function coarseBand({ steps, low, high, coarse }) {
  const line = (values) => Float64Array.from(steps, (step, place) => {
    const [before, after] = [place - (place % COARSE), Math.min(place - (place % COARSE) + COARSE, steps.length - 1)];
    if (place === before || place === after) return values[place];
    const share = (step - steps[before]) / (steps[after] - steps[before]);
    return values[before] * (1 - share) + values[after] * share;
  });
  return [line(low), line(high)];
}
