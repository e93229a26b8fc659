(() => {
  for (const box of document.querySelectorAll("[data-figure]")) {
    const figure = JSON.parse(document.getElementById(box.dataset.figure).textContent);
    Plotly.newPlot(box, figure.data, figure.layout, {responsive: true, displayModeBar: false});
  }
  // Chart and table follow the kind of tie that the network shows.
  document.addEventListener("hawkins-kind", event => {
    document.querySelectorAll(".kind-panel").forEach(panel => { panel.hidden = panel.dataset.kind !== event.detail; });
    // A chart drawn in a hidden panel has no size yet.
    document.querySelectorAll(".kind-panel:not([hidden]) [data-figure]").forEach(box => Plotly.Plots.resize(box));
  });
})();
