// Groups of curves are summed up between frames, the coarse band of each first.

const UNSHOWN = 50; // sums that are kept though no chart shows them, at least those of the last chart

/**
 * Groups that have been summed up, or are being so, each for the charts that show it: a chart is known by the function that draws it
 * again. Work is done between frames; none is done for what no chart shows, and of that only the last is kept.
 */
class GroupSums {
  static known = new Map(); // key -> {result, steps, done, charts}; what was released last is last
  static work = new Set();
  static timer = null;

  /** The sum of some columns, as far as it is known; `again` is called once there is more of it, until it is released. */
  static of(key, columns, estimator, band, again) {
    if (!GroupSums.known.has(key)) {
      const steps = summedUp(columns(), estimator, band);
      GroupSums.known.set(key, { result: steps.next().value, steps, done: band !== "ci95", charts: new Set() });
    }
    const entry = GroupSums.known.get(key);
    entry.charts.add(again);
    if (!entry.done) GroupSums.work.add(entry);
    GroupSums.schedule();
    return entry;
  }

  static schedule() {
    if (GroupSums.work.size) GroupSums.timer ??= setTimeout(GroupSums.proceed);
  }

  /** A chart shows its sums no longer; all of them are kept until others are released, as it may be about to be drawn again. */
  static release(again) {
    let released = 0;
    for (const [key, entry] of GroupSums.known) {
      if (!entry.charts.delete(again) || entry.charts.size) continue;
      GroupSums.work.delete(entry);
      GroupSums.known.delete(key);
      GroupSums.known.set(key, entry);
      released += 1;
    }
    const unshown = [...GroupSums.known].filter(([, { charts }]) => !charts.size);
    for (const [key] of unshown.slice(0, -Math.max(UNSHOWN, released))) GroupSums.known.delete(key);
  }

  /** Sums on to the next stage, the coarse band or the end; returns whether it was reached in time. */
  static advance(entry, until) {
    const goal = isCoarse(entry.result) ? Infinity : entry.result.coarse.length;
    while (performance.now() < until) {
      entry.done = Boolean(entry.steps.next().done);
      if (entry.done || entry.result.ready >= goal) return true;
    }
    return false;
  }

  static proceed() {
    GroupSums.timer = null;
    const until = performance.now() + 20;
    const changed = new Set();
    for (const entry of GroupSums.work) {
      if (!GroupSums.advance(entry, until)) break;
      GroupSums.work.delete(entry);
      if (!entry.done) GroupSums.work.add(entry); // the others' coarse bands come first
      for (const again of entry.charts) changed.add(again);
    }
    for (const again of changed) again();
    GroupSums.schedule();
  }
}
