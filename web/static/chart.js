// Draws the tables of figures over time as lines. The table stays, folded.
(function () {
  "use strict";
  if (!window.uPlot) return;
  var drawn = [];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }
  // Colours are light-dark() pairs: an element that wears one knows which half counts.
  function resolve(host, name) {
    var probe = document.createElement("i");
    probe.className = "probe " + name;
    probe.hidden = true;
    host.appendChild(probe);
    var found = getComputedStyle(probe).color;
    host.removeChild(probe);
    return found || colour("ink");
  }

  function round(v) { return v >= 100 ? String(Math.round(v)) : String(Math.round(v * 10) / 10); }
  function bytes(v) {
    var units = ["B", "KB", "MB", "GB", "TB", "PB"], i = 0;
    while (v >= 999.5 && i < units.length - 1) { v /= 1024; i++; }
    return round(v) + " " + units[i];
  }
  function span(v) {
    if (v < 60) return round(v) + " s";
    if (v < 3600) return round(v / 60) + " min";
    if (v < 48 * 3600) return round(v / 3600) + " h";
    return round(v / 86400) + " d";
  }
  var months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  function moment(v, step) {
    var t = new Date(v * 1000), clock = t.toISOString().slice(11, 16), date = t.getUTCDate() + " " + months[t.getUTCMonth()];
    return step >= 86400 || clock === "00:00" ? date : clock;
  }
  var words = {
    bytes: bytes, seconds: span,
    rate: function (v) { return bytes(v) + "/s"; },
    count: function (v) { return round(v); }
  };

  // Steps at which an axis of this unit has lines.
  var steps = { bytes: [], seconds: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800], count: null };
  for (var p = 0; p < 6; p++) [1, 2, 5, 10, 20, 50, 100, 200, 500].forEach(function (n) { steps.bytes.push(n * Math.pow(1024, p)); });
  steps.rate = steps.bytes;

  function draw(figure) {
    var unit = figure.dataset.chart, word = words[unit] || words.count, heads = figure.querySelectorAll("thead th[data-series]");
    var rows = figure.querySelectorAll("tbody tr[data-x]"), host = figure.querySelector(".plot");
    if (rows.length < 2) return;
    var data = [[]], series = [{ label: "UTC", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }];
    heads.forEach(function (h) {
      data.push([]);
      var stroke = resolve(figure, h.dataset.series || "ink"), dots = h.hasAttribute("data-dots");
      series.push({
        label: h.textContent.trim(), stroke: stroke, width: 1.5, spanGaps: true,
        paths: dots ? function () { return null; } : undefined,
        points: { show: dots || rows.length < 60, size: 5, stroke: stroke, fill: stroke },
        value: function (u, v) { return v == null ? "" : word(v); }
      });
    });
    rows.forEach(function (r) {
      data[0].push(Number(r.dataset.x));
      r.querySelectorAll("td[data-y]").forEach(function (td, i) { data[i + 1].push(td.dataset.y === "" ? null : Number(td.dataset.y)); });
    });
    var muted = resolve(figure, "muted"), line = resolve(figure, "line");
    var axis = { stroke: muted, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "11px system-ui, sans-serif" };
    var width = function () { return Math.max(figure.clientWidth, 220); };
    host.textContent = "";
    var plot = new uPlot({
      width: width(), height: 190, series: series, tzDate: function (ts) { return uPlot.tzDate(new Date(ts * 1000), "Etc/UTC"); },
      cursor: { drag: { x: true, y: false } },
      axes: [Object.assign({ values: function (u, vs, i, space, step) { return vs.map(function (v) { return moment(v, step); }); } }, axis), Object.assign({ size: 62, incrs: steps[unit] || undefined, values: function (u, vs) { return vs.map(word); } }, axis)],
      scales: { y: { range: function (u, min, max) { return [0, max > 0 ? max * 1.08 : 1]; } } }
    }, data, host);
    drawn.push({ plot: plot, width: width, figure: figure });
  }

  function all() {
    drawn.forEach(function (d) { d.plot.destroy(); });
    drawn = [];
    document.querySelectorAll("figure[data-chart]").forEach(draw);
  }
  document.querySelectorAll("figure[data-chart]").forEach(function (f) {
    draw(f);
    var table = f.querySelector("details");
    if (table && f.querySelector(".uplot")) table.open = false;
  });

  var pending = null;
  window.addEventListener("resize", function () {
    clearTimeout(pending);
    pending = setTimeout(function () { drawn.forEach(function (d) { d.plot.setSize({ width: d.width(), height: 190 }); }); }, 120);
  });
  // Lines are painted: another theme paints them again.
  new MutationObserver(all).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  if (window.matchMedia) matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
})();
