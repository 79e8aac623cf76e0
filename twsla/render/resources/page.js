"use strict";
// The page's own script: sorting and finding rows, and drawing the charts with plotly in the colours of the theme.
(() => {
  const data = (id) => {
    const element = document.getElementById(id);
    return element ? JSON.parse(element.textContent) : null;
  };

  // --- rows: columns of ranks come with the page, so that sorting here is sorting there -----------------------------
  document.querySelectorAll("section.rows").forEach((section) => {
    const ranks = JSON.parse(section.querySelector(".ranks").textContent);
    const body = section.querySelector("tbody");
    const rows = Array.from(body.rows);
    const heads = Array.from(section.querySelectorAll("thead th"));
    heads.forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const rank = ranks[column];
        const order = rows.map((_, row) => row);
        order.sort((a, b) => {
          if (rank[a] === null || rank[b] === null) return (rank[a] === null) - (rank[b] === null) || a - b;
          return (descending ? rank[b] - rank[a] : rank[a] - rank[b]) || a - b;
        });
        body.append(...order.map((row) => rows[row]));
      });
    });

    const find = section.querySelector(".find");
    const found = section.querySelector(".found");
    let texts = null;
    if (find) {
      find.addEventListener("input", () => {
        const wanted = find.value.toLowerCase();
        texts = texts || rows.map((row) => row.textContent.toLowerCase());
        let count = 0;
        rows.forEach((row, at) => {
          row.hidden = !texts[at].includes(wanted);
          count += !row.hidden;
        });
        found.textContent = wanted ? `${count.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows here` : "";
      });
    }
  });

  // --- times: round local times at the ticks, whatever part of the axis is looked at --------------------------------
  const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const STEPS = [
    ...[1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, .01, .02, .05, .1, .2, .5],
    ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n),
    ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND), ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
    ...[1, 2, 3, 6, 12].map((n) => n * HOUR), ...[1, 2, 7, 14].map((n) => n * DAY),
  ];
  const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000];
  const iso = (seconds) => new Date(seconds * 1000).toISOString().replace(/^[+-]0*(\d{4})/, "$1");
  const offsetText = (seconds) => {
    const minutes = Math.abs(seconds) / 60;
    const two = (n) => String(Math.floor(n)).padStart(2, "0");
    return `${seconds < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
  };

  // low and high in milliseconds from time.origin; gives plotly's tickvals and ticktext.
  function timeTicks(low, high, time, most) {
    const origin = time.origin;
    const ends = time.spans.slice(1).map(([start]) => (start - origin) * 1000).concat(Infinity);
    const wanted = (high - low) / most;
    const step = STEPS.find((each) => each >= wanted);
    const values = [], labels = [];
    let day = "", away = null;
    const push = (at, offset, label, below) => { values.push(at); labels.push(below ? `${label}<br>${below}` : label); };
    time.spans.forEach(([start, offset], place) => {
      const first = place ? Math.max(low, (start - origin) * 1000) : low;
      const last = Math.min(high, place + 1 < ends.length ? ends[place] - 1e-6 : ends[place]);
      if (first > last) return;
      if (step) {
        // Steps are counted from local midnight, of weeks from a Monday (1970-01-05), so that large numbers stay exact.
        const shift = step % (7 * DAY) === 0 ? 4 * DAY : 0;
        const base = (origin + offset) * 1000 - shift;
        const rest = step >= SECOND ? ((base % step) + step) % step : 0;
        for (let k = Math.ceil((first + rest) / step - 1e-9); k * step - rest <= last; k += 1) {
          const at = k * step - rest;
          const seconds = Math.floor(at / 1000 + 1e-9) + origin + offset;
          const text = iso(seconds);
          const below = [];
          if (step >= DAY) {
            if (text.slice(0, 4) !== day) below.push(text.slice(0, 4));
            day = text.slice(0, 4);
            push(at, offset, text.slice(5, 10), below.join(" "));
            continue;
          }
          if (text.slice(0, 10) !== day) below.push(text.slice(0, 10));
          if (away !== null && offset !== away) below.push(offsetText(offset));
          day = text.slice(0, 10);
          away = offset;
          let label = text.slice(11, step >= MINUTE ? 16 : 19);
          if (step < SECOND) {
            const part = at / 1000 - Math.floor(at / 1000 + 1e-9);
            label += Math.max(0, part).toFixed(Math.max(1, Math.ceil(-Math.log10(step / 1000) - 1e-9))).slice(1);
          }
          push(at, offset, label, below.join(" "));
        }
        return;
      }
      const months = MONTHS.find((each) => each * 30 * DAY >= wanted) || 6000;
      const begin = new Date((origin + offset) * 1000 + first), end = new Date((origin + offset) * 1000 + last);
      let month = Math.ceil((begin.getUTCFullYear() * 12 + begin.getUTCMonth()) / months) * months;
      for (; month <= end.getUTCFullYear() * 12 + end.getUTCMonth(); month += months) {
        const at = Date.UTC(Math.floor(month / 12), month % 12, 1) - (origin + offset) * 1000;
        if (at < first || at > last) continue;
        const text = iso((at + (origin + offset) * 1000) / 1000);
        push(at, offset, months >= 12 ? text.slice(0, 4) : text.slice(0, 7), "");
      }
    });
    return { tickvals: values, ticktext: labels };
  }
  window.twslaTimeTicks = timeTicks;

  // --- charts -------------------------------------------------------------------------------------------------------
  const figures = data("charts") || [];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function themed(figure) {
    const text = colour("--text"), line = colour("--line"), ground = colour("--ground");
    const axis = (given) => given && {
      gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true, ...given,
    };
    const layout = {
      paper_bgcolor: ground, plot_bgcolor: ground, font: { color: text, size: 12 }, autosize: true, hovermode: "closest",
      margin: { l: 60, r: 20, t: 24, b: 50 }, hoverlabel: { align: "left" }, legend: { itemsizing: "constant" },
      ...figure.layout, xaxis: axis(figure.layout.xaxis), yaxis: axis(figure.layout.yaxis),
    };
    if (!layout.xaxis) { delete layout.xaxis; delete layout.yaxis; }
    const data = figure.data.map((trace) => {
      if (trace.name === "land" || trace.name === "water") return { ...trace, fillcolor: colour(`--${trace.name}`) };
      if (trace.type === "pie") return { ...trace, marker: { ...trace.marker, line: { width: 1, color: ground } } };
      return trace;
    });
    return { data, layout };
  }

  function ticked(element, figure, range) {
    if (!figure.page.time || !range) return null;
    const most = Math.max(2, Math.floor(element.clientWidth / 95));
    const ticks = timeTicks(range[0], range[1], figure.page.time, most);
    return { "xaxis.tickvals": ticks.tickvals, "xaxis.ticktext": ticks.ticktext };
  }

  function draw(figure, place) {
    const element = document.getElementById(`chart${place}`);
    const { data: traces, layout } = themed(figure);
    const moves = layout.xaxis ? [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]] : [];
    // The buttons are named one by one: plotly's own set holds one that sends the chart to a server.
    const config = { displaylogo: false, responsive: true, scrollZoom: Boolean(figure.page.zoom), showLink: false,
      showSendToCloud: false, plotlyServerURL: "", topojsonURL: "", typesetMath: false,
      modeBarButtons: [["toImage"], ...moves] };
    return Plotly.react(element, traces, layout, config).then(() => {
      const retick = () => {
        const change = ticked(element, figure, element.layout.xaxis && element.layout.xaxis.range);
        if (change) Plotly.relayout(element, change);
      };
      if (!element.dataset.drawn) {
        element.dataset.drawn = "yes";
        element.on("plotly_relayout", (change) => {
          if (Object.keys(change).some((key) => /^xaxis\.(range|autorange)|^autosize|^width/.test(key))) retick();
        });
      }
      retick();
    });
  }

  if (figures.length && window.Plotly) {
    const drawAll = () => figures.forEach(draw);
    drawAll();
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
    window.addEventListener("beforeprint", drawAll);
    window.addEventListener("afterprint", drawAll);
  }
})();
