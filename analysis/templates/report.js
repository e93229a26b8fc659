(() => {
  const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const charts = [...document.querySelectorAll("[data-figure]")];
  for (const box of charts) {
    const figure = JSON.parse(document.getElementById(box.dataset.figure).textContent);
    figure.layout.font.color = style("--muted");
    Plotly.newPlot(box, figure.data, figure.layout, {responsive: true, displaylogo: false});
  }
  // Titles of panels carry a colour of their own.
  const repaint = () => charts.forEach(box => {
    const change = {"font.color": style("--muted")};
    (box.layout.annotations || []).forEach((_, i) => { change[`annotations[${i}].font.color`] = style("--muted"); });
    Plotly.relayout(box, change);
  });
  repaint();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  const buttons = [...document.querySelectorAll(".switch button")];
  const panels = [...document.querySelectorAll(".kind-panel")];
  buttons.forEach(button => button.addEventListener("click", () => {
    buttons.forEach(other => other.setAttribute("aria-pressed", String(other === button)));
    panels.forEach(panel => { panel.hidden = panel.id !== button.dataset.panel; });
    // A chart drawn in a hidden panel has no size yet.
    document.querySelectorAll(".kind-panel:not([hidden]) [data-figure]").forEach(box => Plotly.Plots.resize(box));
  }));
})();
