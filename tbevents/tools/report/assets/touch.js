// Fingers on a chart: two pinch, one moves what is zoomed. Up and down scroll the page, as elsewhere.

function followFingers(plot) {
  const { u } = plot;
  const fingers = new Map(); // id -> {from, to}: value and place of the axis' first touch, and the place now
  const log = u.scales.x.distr === 3;
  const [value, place] = log ? [(at) => 10 ** at, Math.log10] : [Number, Number];
  const leftOf = (event) => event.clientX - u.over.getBoundingClientRect().left;
  const begin = () => { for (const finger of fingers.values()) finger.from = place(u.posToVal(finger.left, "x")); };
  const move = framewise(() => {
    const [one, other] = [...fingers.values()];
    if (one === undefined || (other === undefined && plot.zoom.x === null)) return;
    const width = u.over.clientWidth;
    const [low, high] = plot.ranges.x.map(place);
    let slope = (high - low) / width;
    if (other !== undefined) {
      if (Math.abs(other.left - one.left) < 12 || other.from === one.from) return;
      slope = (other.from - one.from) / (other.left - one.left);
    }
    if (!(slope > 0)) return;
    const first = one.from - slope * one.left;
    const [[least, most]] = plot.options.extent(null);
    const range = [Math.max(least, value(first)), Math.min(most, value(first + slope * width))];
    if (range[0] < range[1]) plot.choose(range[0] > least || range[1] < most ? range : null, null);
  });
  u.over.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch" || fingers.size === 2) return;
    fingers.set(event.pointerId, { left: leftOf(event), from: 0 });
    begin();
  });
  u.over.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (finger === undefined) return;
    finger.left = leftOf(event);
    move();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    u.over.addEventListener(end, (event) => { if (fingers.delete(event.pointerId)) begin(); });
  }
  // A pinch on a touch pad comes as a wheel with Ctrl.
  u.over.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    plot.scale(Math.exp(Math.max(-50, Math.min(50, event.deltaY)) / 100));
  }, { passive: false });
}
