"""Style and script of the network's drawing."""

from __future__ import annotations

from typing import Final

__all__ = ["SCRIPT", "STYLE"]

STYLE: Final = """
body.hawkins-page {
  margin: 0; padding: 1.2rem 1.6rem; color: #1c2430; background: #fff;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
body.hawkins-page h1 {font-size: 1.35rem; font-weight: 650; margin: 0 0 .6rem}
.hawkins-network {margin: 0; position: relative}
.hawkins-network .canvas {
  width: 100%; min-height: 320px; overflow: hidden; border: 1px solid #dde2ea; border-radius: 10px; background: #fbfcfe;
}
.hawkins-network figcaption {font-size: .86rem; line-height: 1.45; color: #465062; margin-top: .6rem}
.hawkins-network figcaption p {margin: .35rem 0 0}
.hawkins-network ul {list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.2rem; margin: 0; padding: 0}
.hawkins-network li i {
  display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-right: .45em; vertical-align: -.05em;
}
div.vis-tooltip {
  position: absolute; visibility: hidden; z-index: 5; pointer-events: none; white-space: pre; padding: .5em .75em;
  border-radius: 7px; font: .84rem/1.4 system-ui, sans-serif; color: #fff; background: #1c2430;
  box-shadow: 0 3px 12px rgba(20, 30, 50, .25);
}
"""

SCRIPT: Final = """
function hawkinsNetwork(id, data) {
  const tip = text => Object.assign(document.createElement("div"), {textContent: text});
  const nodes = new vis.DataSet(data.nodes.map(n => ({...n, title: tip(n.title)})));
  const edges = new vis.DataSet(data.edges.map((e, i) => ({...e, id: i, title: tip(e.title)})));
  const box = document.getElementById(id);
  const curve = data.directed ? {type: "curvedCW", roundness: 0.14} : {type: "continuous", roundness: 0.3};
  const letters = {color: "#1c2430", strokeWidth: 4, strokeColor: "#fbfcfe", face: "system-ui, sans-serif"};
  const network = new vis.Network(box, {nodes, edges}, {
    physics: false,
    interaction: {hover: true, tooltipDelay: 80},
    nodes: {shape: "dot", borderWidth: 2, font: letters},
    edges: {
      color: {inherit: "both", opacity: 0.32}, hoverWidth: 1, selectionWidth: 1,
      arrows: {to: {enabled: data.directed, scaleFactor: 0.45}}, smooth: {enabled: true, ...curve}
    }
  });
  // A click on somebody leaves only that person's ties; a click beside brings all back.
  const light = person => {
    const near = new Set(person === null ? [] : [person, ...network.getConnectedNodes(person)]);
    const alone = person !== null;
    nodes.update(data.nodes.map(n => ({id: n.id, opacity: alone && !near.has(n.id) ? 0.15 : 1})));
    edges.update(data.edges.map((e, i) => ({id: i, hidden: alone && e.from !== person && e.to !== person})));
  };
  network.on("selectNode", event => light(event.nodes[0]));
  network.on("deselectNode", () => light(null));
  // The library fits the discs; a little more room keeps the names at the edges whole.
  const fit = () => { network.fit(); network.moveTo({scale: network.getScale() * 0.92}); };
  // A drawing that starts in a closed tab has no size yet: fit it when it is first seen.
  let seen = box.clientWidth > 0;
  const show = () => { if (!seen && box.clientWidth > 0) { seen = true; network.redraw(); fit(); } };
  new ResizeObserver(show).observe(box);
  fit();
}
"""
