// Makes the page move: figures drawn for the width that there is, a table that sorts and filters. Without it all is there, still.
(() => {
  "use strict";
  const BAND = 0.26; // opacity of the densest band, as in print
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const colour = (role) => getComputedStyle(root).getPropertyValue(`--${role}`).trim();
  const faded = (hex, share) => hex + Math.round(255 * share).toString(16).padStart(2, "0");
  const grouped = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
  const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  const axisNumber = (value) => value === null ? "" : Math.abs(value) >= 1e5 ? compact.format(value) : grouped.format(value);

  const place = (x) => x === null ? "" : String(Number(x.toPrecision(12))); // a year is no 1,940

  // [step from, in seconds; label; what is added to it where a year, a month, a day begins; …; 1: below the label]
  const TIMES = [
    [31536000, "{YYYY}", null, null, null, null, null, null, 1],
    [2419200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [60, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
    [0.001, "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  ];

  const stamp = (seconds) => {
    const iso = new Date(seconds * 1000).toISOString();
    return seconds % 86400 ? iso.slice(0, 16).replace("T", " ") : iso.slice(0, 10);
  };

  function seriesOf(item, values) {
    const ink = colour(item.tone || "model"), lone = values.filter((value) => value !== null).length === 1;
    if (item.kind === "edge") return { width: 0, points: { show: false } };
    if (item.kind === "bars") {
      return { stroke: ink, fill: ink, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [item.width, 60] }) };
    }
    return { stroke: ink, width: item.kind === "dashed" ? 1.5 : 1.8, dash: item.kind === "dashed" ? [5, 3] : undefined, points: { show: lone, size: 7, fill: ink } };
  }

  // What stands at the cursor is written into the legend, beside the label of its mark.
  function tell(figure, plot, legend) {
    const at = plot.cursor.idx, told = new Map();
    if (at !== null && at !== undefined) {
      figure.series.forEach((item, k) => {
        const value = plot.data[k + 1][at];
        if (value !== null && value !== undefined) told.set(item.mark, [...(told.get(item.mark) || []), value]);
      });
    }
    for (const item of legend.querySelectorAll("[data-mark]")) {
      const joint = item.querySelector(".band") ? " – " : " · ";
      item.lastElementChild.textContent = (told.get(Number(item.dataset.mark)) || []).map((v) => grouped.format(v)).join(joint);
    }
    const x = told.size ? plot.data[0][at] : null;
    legend.querySelector(".at output").textContent =
      x === null ? "" : figure.time ? stamp(x) : `${figure.x.split(",")[0]} ${place(x)}`.trim();
  }

  function draw(holder, box) {
    const figure = figures[holder.dataset.figure], legend = holder.querySelector(".legend");
    const grid = { stroke: colour("grid"), width: 1 }, axis = { stroke: colour("quiet"), ticks: { show: false }, font: `12px ${getComputedStyle(document.body).fontFamily}` };
    const bars = figure.series.some((item) => item.kind === "bars");
    const range = (plot, low, high) => {
      const [least, most] = figure.span || [low, high];
      const end = { pad: 0.06, soft: 0, mode: 3 };
      return uPlot.rangeNum(Math.min(low, least), Math.max(high, most), { min: end, max: end });
    };
    const pad = (plot, low, high) => {
      const edge = bars && figure.data[0].length > 1 ? (figure.data[0][1] - figure.data[0][0]) / 2 : 0;
      return low === high ? [low - 1, high + 1] : [low - edge, high + edge];
    };
    const plot = new uPlot({
      width: box.clientWidth, height: box.clientHeight,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false } },
      scales: { x: { time: figure.time, range: pad }, y: { range } },
      axes: [
        { ...axis, grid: { show: false }, size: figure.time ? 46 : 30, space: 64, ...(figure.time ? { values: TIMES } : { incrs: figure.data[0].every(Number.isInteger) ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] : undefined, values: (u, ticks) => ticks.map(place) }) },
        { ...axis, grid, size: (u, texts) => Math.max(...(texts || [""]).map((text) => text.length)) * 7 + 14, space: 32, values: (u, ticks) => ticks.map(axisNumber) },
      ],
      series: [{}, ...figure.series.map((item, k) => seriesOf(item, figure.data[k + 1]))],
      bands: figure.bands.map((band) => ({ series: band.series, fill: faded(colour("model"), BAND * band.strength) })),
      hooks: { setCursor: [(self) => tell(figure, self, legend)] },
    }, figure.data, box);
    holder.dataset.drawn = "yes";
    return plot;
  }

  const plots = new Map();
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const { clientWidth: width, clientHeight: height } = target, plot = plots.get(target);
      if (width && (width !== plot.width || height !== plot.height)) plot.setSize({ width, height });
    }
  });

  function drawAll() {
    plots.forEach((plot) => plot.destroy());
    for (const holder of document.querySelectorAll("[data-figure]")) {
      const box = holder.querySelector(".live");
      plots.set(box, draw(holder, box));
      watch.observe(box);
    }
  }

  // A click on a heading sorts by it: largest first, then smallest first; names the other way round. Gaps stay last.
  function sortable(table) {
    const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
    const key = (row, column, text) => text ? row.cells[column].textContent : row.cells[column].dataset.value === "" ? null : Number(row.cells[column].dataset.value);
    const names = new Intl.Collator("en", { numeric: true });
    heads.forEach((head, column) => {
      const button = head.querySelector("button");
      if (!button) return;
      button.addEventListener("click", () => {
        const text = head.dataset.kind === "text", before = head.getAttribute("aria-sort");
        const up = before ? before === "descending" : text;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const sign = up ? 1 : -1;
        const rows = [...body.rows].map((row) => [key(row, column, text), row]);
        rows.sort(([a], [b]) => a === null || b === null ? (a === null) - (b === null) : sign * (text ? names.compare(a, b) : a - b));
        body.append(...rows.map(([, row]) => row));
      });
    });
  }

  function filterable(input, table, count) {
    const rows = [...table.tBodies[0].rows], names = rows.map((row) => row.cells[0].textContent.toLowerCase());
    const apply = () => {
      const wanted = input.value.trim().toLowerCase();
      let shown = 0;
      rows.forEach((row, k) => { row.hidden = !names[k].includes(wanted); shown += !row.hidden; });
      count.textContent = `${grouped.format(shown)} of ${rows.length.toLocaleString("en")}`;
    };
    input.addEventListener("input", apply);
    apply();
  }

  function follow(links) {
    const sections = links.map((link) => document.querySelector(link.hash));
    const mark = () => {
      const here = sections.findLastIndex((section) => section.getBoundingClientRect().top < innerHeight / 3);
      links.forEach((link, k) => link.classList.toggle("here", k === Math.max(here, 0)));
    };
    addEventListener("scroll", mark, { passive: true });
    mark();
  }

  root.classList.add("script");
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  const table = document.getElementById("table");
  sortable(table);
  const filter = document.getElementById("filter"); // there only with several series
  if (filter) filterable(filter, table, document.getElementById("count"));
  follow([...document.querySelectorAll("nav a")]);
})();
