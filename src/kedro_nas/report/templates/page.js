(function () {
  "use strict";
  // Figures are stored in the colours of paper; on a dark screen these are replaced.
  var inks = {
    "#0b7bc1": "--winner", "#bf5200": "--baseline", "#8a8f98": "--other",
    "#20262d": "--ink", "#e4e6e9": "--grid", "#ffffff": "--clear"
  };
  var plots = Array.prototype.slice.call(document.querySelectorAll(".plot"));
  var drawn = 0;

  function specification(plot) {
    var text = document.getElementById(plot.id + "-data").textContent;
    var style = getComputedStyle(document.documentElement);
    Object.keys(inks).forEach(function (ink) {
      text = text.split(ink).join(style.getPropertyValue(inks[ink]).trim());
    });
    return JSON.parse(text);
  }

  function draw(plot) {
    var figure = specification(plot);
    var options = { responsive: true, displayModeBar: false, scrollZoom: false };
    return Plotly.react(plot, figure.data, figure.layout, options);
  }

  function drawAll() {
    plots.forEach(draw);
  }

  plots.forEach(function (plot) {
    draw(plot).then(function () {
      drawn += 1;
      document.documentElement.dataset.figuresDrawn = drawn + "/" + plots.length;
    });
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  window.addEventListener("beforeprint", function () {
    document.documentElement.classList.add("printing");
    document.querySelectorAll("details").forEach(function (one) { one.open = true; });
    drawAll();
    plots.forEach(function (plot) { Plotly.Plots.resize(plot); });
  });
  window.addEventListener("afterprint", function () {
    document.documentElement.classList.remove("printing");
    drawAll();
  });
})();
