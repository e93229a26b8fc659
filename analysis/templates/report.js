(() => {
  for (const box of document.querySelectorAll("[data-figure]")) {
    const figure = JSON.parse(document.getElementById(box.dataset.figure).textContent);
    Plotly.newPlot(box, figure.data, figure.layout, {responsive: true, displayModeBar: false});
  }
  const buttons = [...document.querySelectorAll(".switch button")];
  const panels = [...document.querySelectorAll(".kind-panel")];
  buttons.forEach(button => button.addEventListener("click", () => {
    buttons.forEach(other => other.setAttribute("aria-pressed", String(other === button)));
    panels.forEach(panel => { panel.hidden = panel.id !== button.dataset.panel; });
    // A chart drawn in a hidden panel has no size yet.
    document.querySelectorAll(".kind-panel:not([hidden]) [data-figure]").forEach(box => Plotly.Plots.resize(box));
  }));
})();
