// TensorBoard's smoothing: a debiased exponential moving average.

/** The smoothed values; those that are not finite stay, and count for nothing. A constant curve stays as it is. */
function smoothed(values, weight) {
  const result = Float64Array.from(values);
  if (weight === 0 || result.every((value) => value === result[0])) return result;
  let average = 0;
  let debias = 1;
  for (let place = 0; place < result.length; place++) {
    if (!Number.isFinite(result[place])) continue;
    average = average * weight + (1 - weight) * result[place];
    debias *= weight;
    result[place] = average / (1 - debias);
  }
  return result;
}
