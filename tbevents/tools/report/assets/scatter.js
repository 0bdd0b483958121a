// Any hyperparameter against any metric: a dot a session.

/** The card; null where there are no parameters or no metrics. */
function scatterCard(table) {
  if (!table.parameters.length || !table.metrics.length) return null;
  const figure = make("figure", { className: "chart" });
  const readout = make("p", { className: "readout", textContent: " " });
  const chooser = (id, label, names) => {
    const select = make("select", { id }, ...names.map((name, number) => make("option", { value: String(number), textContent: name })));
    select.onchange = () => { zoom.forget(true); lazy.renew(); };
    return [select, make("label", { className: "small" }, label, select)];
  };
  const zoom = new Zoom();
  const [xChoice, xLabel] = chooser("scatter-x", "parameter", table.parameters);
  const [yChoice, yLabel] = chooser("scatter-y", "metric", table.metrics);
  let plot = null;
  const draw = () => {
    const [px, py] = [Number(xChoice.value), Number(yChoice.value)];
    const values = table.rows.map((row) => row.parameters[px]);
    const numeric = isNumeric(values);
    const names = numeric ? null : different(values);
    const dots = table.rows.flatMap((row, place) => {
      const [value, y] = [values[place], row.metrics[py]];
      const x = value === null ? NaN : numeric ? value : names.indexOf(String(value));
      const run = runs[row.runs[0]];
      return Number.isFinite(x) && typeof y === "number" && row.runs.some((number) => runs[number].shown) ? [{ row, x, y, color: run.color, value }] : [];
    });
    const log = numeric && dots.every(({ x }) => x > 0) && parameterScale(values).log;
    const extent = () => {
      const [x, y] = [new Extent(), new Extent()];
      for (const dot of dots) { x.take(dot.x); y.take(dot.y); }
      if (names !== null) return [[-0.5, names.length - 0.5], y.range(false, 0.08)];
      return [x.range(log, 0.06), y.range(false, 0.08)];
    };
    const body = make("div", { className: "plot" });
    figure.replaceChildren(body, readout);
    plot = new Plot(body, {
      series: [{ color: "transparent", paths: () => null, data: [dots.map(({ x }) => x), dots.map(({ y }) => y)] }],
      x: { log, names, whole: names !== null }, y: {}, zoom, extent,
      drawn: (u) => {
        const to = projection(u);
        for (const dot of dots) {
          u.ctx.beginPath();
          u.ctx.arc(to.x(dot.x), to.y(dot.y), 4.5 * devicePixelRatio, 0, 2 * Math.PI);
          u.ctx.fillStyle = dot.color;
          u.ctx.fill();
          u.ctx.strokeStyle = themeColor("--card"); // dots on each other are told apart
          u.ctx.stroke();
        }
      },
      hover: (_, left, top) => {
        const u = plot.u;
        const away = (dot) => Math.hypot(u.valToPos(dot.x, "x") - left, u.valToPos(dot.y, "y") - top);
        const nearest = dots.reduce((best, dot) => (best === null || away(dot) < away(best) ? dot : best), null);
        readout.textContent = nearest === null || away(nearest) > 40 ? " " : `${nearest.row.label}: ${table.parameters[px]} ${cellText(nearest.value)}, ${table.metrics[py]} ${cellText(nearest.y)}`;
      },
      leave: () => { readout.textContent = " "; },
    });
    figure.dataset.points = dots.length;
    figure.setAttribute("role", "img");
    figure.setAttribute("aria-label", `${table.metrics[py]} over ${table.parameters[px]}: ${countText(dots.length, "session")}; the table has the numbers`);
  };
  const clear = () => { plot?.destroy(); plot = null; figure.replaceChildren(); };
  const element = make("div", { className: "card", id: "scatter" }, make("div", { className: "row wrap" }, yLabel, "over", xLabel), figure);
  const lazy = new Lazy(element, draw, clear);
  return { element, lazy };
}
