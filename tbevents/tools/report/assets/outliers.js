// Extreme values: which of them an axis leaves out, and marks of what it cannot show.

const SAMPLE = 10000; // values that percentiles are taken from, at most

/**
 * The [least, greatest] value that an axis shows without extreme ones; null where there is none. As in TensorBoard, those below
 * the 5th or above the 95th percentile are extreme; what is no farther from these than they are from each other stays. A percentile
 * between two values is the outer one, other than there: of 20 values or fewer, all stay.
 * columns: arrays of values; samples: likewise, for the percentiles.
 */
function withoutOutliers(columns, samples, log) {
  const count = samples.reduce((sum, values) => sum + values.length, 0);
  const stride = Math.max(1, Math.ceil(count / SAMPLE));
  const place = (value) => (log ? Math.log10(value) : value / 4); // quarters: a difference may be beyond a float64
  const taken = [];
  let next = 0;
  for (const values of samples) {
    for (; next < values.length; next += stride) if (drawable(values[next], log)) taken.push(place(values[next]));
    next -= values.length;
  }
  const sorted = Float64Array.from(taken).sort();
  const all = new Extent();
  const near = new Extent();
  const last = sorted.length - 1;
  const [low, high] = [sorted[Math.floor(last / 20)], sorted[Math.ceil((19 * last) / 20)]];
  for (const values of columns) {
    for (const value of values) {
      if (!drawable(value, log)) continue;
      all.take(value);
      if (place(value) >= low - (high - low) && place(value) <= high + (high - low)) near.take(value);
    }
  }
  const found = low < high ? near : all;
  return found.min <= found.max ? [found.min, found.max] : null;
}

/**
 * Marks at the edges of a chart, in the colour of their curve, at most one a pixel: a triangle for a value beyond the axis, a hollow
 * one for an infinity, a cross for NaN.
 */
function paintEdges(u, lines, logs, wantsBeyond) {
  const { ctx, bbox } = u;
  const to = projection(u);
  const { min, max } = u.scales.y;
  const { min: left, max: right } = u.scales.x;
  const size = 4 * devicePixelRatio;
  const top = bbox.top + 1;
  const bottom = bbox.top + bbox.height - 1;
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([]); // not that of the last curve
  for (const { xs, ys, color } of lines) {
    ctx.strokeStyle = ctx.fillStyle = color;
    const taken = new Set();
    for (let at = 0; at < xs.length; at++) {
      const y = ys[at];
      if ((y >= min && y <= max) || !drawable(xs[at], logs[0])) continue;
      const finite = Number.isFinite(y);
      if (finite && !drawable(y, logs[1])) continue;
      if (xs[at] < left || xs[at] > right) continue;
      if (finite && !wantsBeyond) continue;
      const x = Math.round(to.x(xs[at]));
      const kind = Number.isNaN(y) ? 0 : y > max ? 1 : 2;
      const key = x * 6 + kind * 2 + finite;
      if (taken.has(key)) continue;
      taken.add(key);
      ctx.beginPath();
      if (kind === 0) {
        ctx.moveTo(x - size, bottom - 2 * size);
        ctx.lineTo(x + size, bottom);
        ctx.moveTo(x + size, bottom - 2 * size);
        ctx.lineTo(x - size, bottom);
      } else {
        const [tip, base] = kind === 1 ? [top, top + 1.6 * size] : [bottom, bottom - 1.6 * size];
        ctx.moveTo(x, tip);
        ctx.lineTo(x + size, base);
        ctx.lineTo(x - size, base);
        ctx.closePath();
        if (finite) ctx.fill();
      }
      if (!finite) ctx.stroke();
    }
  }
  ctx.restore();
}
