// Any hyperparameter against any metric: a dot a session.

/** The card. `take` shows a table, in place of the one before: it is hidden where there are no parameters or no metrics. */
function scatterCard() {
  let table = null;
  const figure = make("figure", { className: "chart" });
  const readout = make("p", { className: "readout", textContent: " " });
  const chooser = (id) => {
    const select = make("select", { id });
    select.onchange = () => { zoom.forget(true); lazy.renew(); };
    return select;
  };
  const offer = (select, names) => {
    const chosen = names.indexOf(select.selectedOptions[0]?.textContent);
    select.replaceChildren(...names.map((name, number) => make("option", { value: String(number), textContent: name })));
    select.value = String(Math.max(0, chosen));
  };
  const zoom = new Zoom();
  const [xChoice, yChoice] = [chooser("scatter-x"), chooser("scatter-y")];
  let plot = null;
  let drawn = null; // for pictures
  const draw = () => {
    if (element.hidden) return;
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
    for (const name of ["data-points", "role", "aria-label"]) figure.removeAttribute(name);
    if (!dots.length) return figure.replaceChildren(make("p", { className: "quiet", textContent: "None of the runs shown has both values." }));
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
      drawn: (u) => paintDots(u, dots),
      hover: (_, left, top) => {
        const u = plot.u;
        const away = (dot) => Math.hypot(u.valToPos(dot.x, "x") - left, u.valToPos(dot.y, "y") - top);
        const nearest = dots.reduce((best, dot) => (best === null || away(dot) < away(best) ? dot : best), null);
        readout.textContent = nearest === null || away(nearest) > 40 ? " " : `${nearest.row.label}: ${table.parameters[px]} ${cellTexts([nearest.value])[0]}, ${table.metrics[py]} ${cellTexts([nearest.y])[0]}`;
      },
      leave: () => { readout.textContent = " "; },
    });
    const colors = new Map(dots.map((dot) => [dot.color, dot.row.label]));
    drawn = {
      plot, paint: (surface) => paintDots(surface, dots),
      lines: colors.size === dots.length ? dots.map(({ color, row }) => ({ name: row.label, color })) : [], // where colours are those of runs
      rows: [["run", table.parameters[px], table.metrics[py]], ...dots.map(({ row, value, y }) => [row.name, value, y])],
      labels: { title: `${table.metrics[py]} over ${table.parameters[px]}`, x: table.parameters[px] },
    };
    figure.dataset.points = dots.length;
    figure.setAttribute("role", "img");
    figure.setAttribute("aria-label", `${table.metrics[py]} over ${table.parameters[px]}: ${countText(dots.length, "session")}; the table has the numbers`);
  };
  const clear = () => { plot?.destroy(); plot = null; drawn = null; figure.replaceChildren(); };
  const element = make("div", { className: "card", id: "scatter" }, make("div", { className: "row wrap" }, make("label", { className: "small" }, "metric", yChoice), "over", make("label", { className: "small" }, "parameter", xChoice), chartMenu("Parameter and metric", { chart: () => drawn, labels: () => drawn.labels, rows: () => drawn.rows })), figure);
  const lazy = new Lazy(element, draw, clear);
  const take = (other) => {
    table = other;
    element.hidden = !table.parameters.length || !table.metrics.length;
    offer(xChoice, table.parameters);
    offer(yChoice, table.metrics);
    lazy.renew();
  };
  return { element, lazy, take };
}

function paintDots({ ctx, bbox, scales }, dots) {
  const to = projection({ bbox, scales });
  for (const dot of dots) {
    ctx.beginPath();
    ctx.arc(to.x(dot.x), to.y(dot.y), 4.5 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fillStyle = dot.color;
    ctx.fill();
    ctx.strokeStyle = themeColor("--card"); // dots on each other are told apart
    ctx.stroke();
  }
}
