// The points of a line: its steps once each, and what is between them.

/** Those of a card's lines whose runs are shown. */
const shownLines = (card) => card.lines.filter((line) => runs[line.run].shown);

/** Whether a line has fewer points than were logged. */
const isThinned = (line) => numbers(line.steps).length < (line.whole?.count ?? line.count);

/** A curve's steps, each once and ascending, with the last value of each. */
function uniqueSteps(steps, values) {
  const order = Array.from(steps.keys()).sort((a, b) => steps[a] - steps[b] || a - b);
  const kept = order.filter((place, at) => at + 1 === order.length || steps[order[at + 1]] !== steps[place]);
  return { steps: Float64Array.from(kept, (place) => steps[place]), values: Float64Array.from(kept, (place) => values[place]) };
}

/** The value of a thinned curve at a step between two of its points; undefined beyond its ends. */
function between({ steps, values }, after, step) {
  if (after === 0 || after >= steps.length) return undefined;
  const share = (step - steps[after - 1]) / (steps[after] - steps[after - 1]);
  return values[after - 1] * (1 - share) + values[after] * share;
}

/** The place of the first of some ascending numbers that is above a number; behind the last if none is. */
function above(ascending, number) {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] > number) high = middle;
    else low = middle + 1;
  }
  return low;
}
