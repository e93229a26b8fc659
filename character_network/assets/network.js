// Draws the network of `page_data.py` with vis-network. Names and lines reach the page as text only.
function hawkinsNetwork(id) {
  "use strict";
  const root = document.getElementById(id);
  const find = selector => root.querySelector(selector);
  const data = JSON.parse(find("script").textContent);
  const start = find("script").dataset;
  const last = data.episodes.length - 1;
  const state = {kind: start.kind, step: Number(start.step), alone: false, person: null, tie: null};

  // --- what there is at a moment ---
  const kind = () => data.kinds[state.kind];
  const counts = step => state.alone ? step === state.step : step <= state.step;
  const name = person => data.people[person].name;
  const colour = community => data.colours[Math.min(community, data.colours.length - 1)];
  const number = value => value.toLocaleString("en", {maximumFractionDigits: value < 20 ? 1 : 0});
  const arrow = () => kind().directed ? " → " : " – ";
  const when = () => (state.alone ? "in " : "up to ") + data.episodes[state.step] + (state.alone ? " alone" : "");

  // In an episode without ties of this kind, what is known up to it is what was known before.
  function moment() {
    const moments = state.alone ? kind().alone : kind().until;
    let step = state.step;
    while (!state.alone && step > 0 && !moments[step].length) step--;
    return new Map(moments[step].map(([person, rank, degree, between, community]) =>
      [person, {rank, degree, between, community}]));
  }

  function ties() {
    const found = [];
    for (const [from, to, weights] of kind().ties) {
      let weight = 0;
      for (let i = 0; i < weights.length; i += 2) if (counts(weights[i])) weight += weights[i + 1];
      if (weight > 0) found.push({from, to, weight});
    }
    return found.sort((a, b) => b.weight - a.weight || a.from - b.from || a.to - b.to);
  }

  // The strongest ties, and everybody's strongest few.
  function readable(all) {
    const seen = new Map();
    return all.filter((tie, place) => {
      const [one, other] = [seen.get(tie.from) || 0, seen.get(tie.to) || 0];
      seen.set(tie.from, one + 1).set(tie.to, other + 1);
      return place < data.most || Math.min(one, other) < data.each || isChosen(tie) || isOf(tie, state.person);
    });
  }
  const isOf = (tie, person) => tie.from === person || tie.to === person;
  const isChosen = tie => state.tie !== null && tie.from === state.tie[0] && tie.to === state.tie[1];

  // --- the drawing ---
  const nodes = new vis.DataSet(data.people.map((person, place) =>
    ({id: place, label: person.name, x: person.x, y: person.y, hidden: true})));
  const edges = new vis.DataSet();
  const box = find(".canvas");
  const network = new vis.Network(box, {nodes, edges}, {
    physics: false,
    interaction: {hover: true, selectConnectedEdges: false, keyboard: false},
    nodes: {shape: "dot", borderWidth: 0},
    edges: {hoverWidth: 1, selectionWidth: 2, smooth: {enabled: true, type: "continuous", roundness: 0.3}}
  });

  function draw() {
    const people = moment(), all = ties(), shown = readable(all);
    const style = getComputedStyle(root), ink = style.getPropertyValue("--n-ink"), back = style.getPropertyValue("--n-back");
    const most = Math.max(1e-9, ...[...people.values()].map(person => person.degree));
    const near = new Set();
    if (state.tie) state.tie.forEach(person => near.add(person));
    else if (state.person !== null) {
      near.add(state.person);
      all.filter(tie => isOf(tie, state.person)).forEach(tie => near.add(tie.from).add(tie.to));
    }
    nodes.update(data.people.map((_, place) => {
      const person = people.get(place);
      if (!person) return {id: place, hidden: true};
      const share = Math.sqrt(person.degree / most), faint = near.size && !near.has(place);
      return {
        id: place, hidden: false, color: colour(person.community), size: 6 + 28 * share, opacity: faint ? 0.15 : 1,
        font: {size: 17 + 13 * share, color: faint ? "rgba(128,128,128,.45)" : ink, strokeWidth: 4, strokeColor: back}
      };
    }));
    const greatest = Math.max(1e-9, ...shown.map(tie => tie.weight));
    edges.clear();
    edges.add(shown.map(tie => ({
      id: `${tie.from}-${tie.to}`, from: tie.from, to: tie.to, width: 0.6 + 9 * Math.sqrt(tie.weight / greatest),
      color: isChosen(tie) ? {color: style.getPropertyValue("--n-accent"), opacity: 0.9} : {inherit: "both", opacity: near.size ? 0.6 : Number(style.getPropertyValue("--n-faint"))},
      hidden: near.size > 0 && !(state.tie ? isChosen(tie) : isOf(tie, state.person)),
      arrows: {to: {enabled: kind().directed, scaleFactor: 0.45}},
      smooth: kind().directed ? {enabled: true, type: "curvedCW", roundness: 0.14} : undefined
    })));
    tell(people, all, shown);
  }

  // --- words beside it ---
  const part = (tag, text = "", className = "") => Object.assign(document.createElement(tag), {textContent: text, className});
  function button(label, action, after = "", community = null) {
    const item = part("li"), control = part("button", label);
    control.type = "button";
    control.addEventListener("click", action);
    if (community !== null) {
      const dot = part("i");
      dot.style.background = colour(community);
      control.prepend(dot);
    }
    item.append(control, " ", part("span", after, "soft"));
    return item;
  }
  const list = (tag, items, className = "") => { const all = part(tag, "", className); all.append(...items); return all; };
  const choosePerson = person => { state.person = person; state.tie = null; draw(); };
  const chooseTie = (from, to) => { state.tie = [from, to]; draw(); };
  const tieButton = tie => button(name(tie.from) + arrow() + name(tie.to), () => chooseTie(tie.from, tie.to), number(tie.weight));

  function tell(people, all, shown) {
    const aside = find("aside"), inside = aside.contains(document.activeElement);
    aside.replaceChildren(...(state.tie ? aboutTie(all) : state.person !== null ? aboutPerson(people, all) : overview(people)));
    aside.scrollTop = 0;
    // The button that was pressed is gone: the keyboard goes on from the first of the new ones.
    if (inside && find("aside button")) find("aside button").focus();
    const heading = `${kind().title}, ${when()}`;
    const centre = [...people.keys()].slice(0, 5).map(name).join(", ");
    box.setAttribute("aria-label", `${heading}: ${people.size} people; at the centre ${centre}.`);
    const title = document.querySelector("h1[data-follows]");
    if (title) title.textContent = document.title = heading;
    find(".when output").textContent = data.episodes[state.step];
    find(".when input").setAttribute("aria-valuetext", data.episodes[state.step]);
    find(".note").textContent = `Size: ${kind().unit} of the person. Width: ${kind().unit} of the pair. Colour: community. ` +
      `Shown are ${people.size} of ${data.everybody} people and ${shown.length} of ${all.length} ties among them.`;
  }

  function overview(people) {
    const parts = [part("h2", "At the centre " + when()), list("ol", [...people].slice(0, 8).map(([person, facts]) =>
      button(name(person), () => choosePerson(person), number(facts.degree), facts.community)))];
    if (!people.size) parts.splice(1, 1, part("p", "No ties of this kind here."));
    const changes = kind().changes[state.step];
    if (state.step === 0) return parts;
    parts.push(part("h2", `What changed in ${data.episodes[state.step]}`));
    for (const [which, words] of [["new", "New ties"], ["gone", "Gone since the episode before"]]) {
      if (!changes[which].length) continue;
      parts.push(part("h3", words), list("ul", changes[which].map(([from, to]) =>
        which === "new" || !state.alone ? button(name(from) + arrow() + name(to), () => chooseTie(from, to))
          : part("li", name(from) + arrow() + name(to)))));
    }
    if (changes.rose.length) parts.push(part("h3", "Came to the centre"), list("ul", changes.rose.map(([person, rank, before]) =>
      button(name(person), () => choosePerson(person), before ? `rank ${before} to ${rank}` : `rank ${rank}, not there before`))));
    return parts;
  }

  const back = words => { const item = button("← " + words, () => {
    if (state.tie && state.person !== null) state.tie = null; else state.tie = state.person = null;
    draw();
  }); return list("ul", [item]); };

  function aboutPerson(people, all) {
    const facts = people.get(state.person), own = all.filter(tie => isOf(tie, state.person));
    const parts = [back("Everybody"), part("h2", name(state.person))];
    if (!facts) return [...parts, part("p", `Not there ${when()}.`)];
    parts.push(part("p", `Number ${facts.rank} by ${kind().unit}: ${number(facts.degree)}`),
      part("p", `Betweenness ${facts.between.toFixed(2)}: the share of shortest ways between others that lead through here`, "soft"));
    const group = [...people].filter(([person, other]) => other.community === facts.community && person !== state.person);
    if (group.length) parts.push(part("p", "Same community: " + group.slice(0, 6).map(([person]) => name(person)).join(", ") +
      (group.length > 6 ? ` and ${group.length - 6} more` : ""), "soft"));
    return [...parts, part("h3", "Strongest ties"), list("ul", own.slice(0, 12).map(tieButton))];
  }

  function aboutTie(all) {
    const [from, to] = state.tie, tie = all.find(isChosen);
    const parts = [back(state.person === null ? "Everybody" : name(state.person)), part("h2", name(from) + arrow() + name(to))];
    if (!tie) return [...parts, part("p", `No such tie ${when()}.`)];
    parts.push(part("p", `${number(tie.weight)} ${kind().unit} ${when()}`));
    const opposite = all.find(other => other.from === to && other.to === from);
    if (kind().directed && opposite) parts.push(list("ul", [tieButton(opposite)]));
    const said = (kind().lines[`${from}-${to}`] || []).map(place => data.lines[place]).filter(line => counts(line[0])).slice(0, 8);
    if (!said.length) return parts;
    return [...parts, part("h3", "The lines that say most"), list("ol", said.map(([step, time, speaker, text]) => {
      const item = part("li");
      item.append(part("span", `${data.episodes[step]} ${time}`, "soft"), part("b", speaker ? speaker + ": " : ""), text);
      return item;
    }), "said")];
  }

  // --- controls ---
  network.on("click", event => {
    if (event.nodes.length) choosePerson(event.nodes[0]);
    else if (event.edges.length) { const [from, to] = event.edges[0].split("-").map(Number); chooseTie(from, to); }
    else { state.person = state.tie = null; draw(); }
  });
  root.querySelectorAll(".kinds input").forEach(input => input.addEventListener("change", () => set({kind: input.value})));
  find(".when input").addEventListener("input", event => set({step: Number(event.target.value)}));
  find(".alone input").addEventListener("change", event => set({alone: event.target.checked}));
  find(".search input").addEventListener("input", event => search(event.target.value, false));
  find(".controls").addEventListener("submit", event => { event.preventDefault(); search(find(".search input").value, true); });
  root.addEventListener("keydown", event => {
    if (event.key === "Escape" && (state.person !== null || state.tie)) { state.person = state.tie = null; draw(); }
  });

  function search(words, loosely) {
    const wanted = words.trim().toLowerCase();
    if (!wanted) return;
    const exact = data.people.findIndex(person => person.name.toLowerCase() === wanted);
    const found = exact >= 0 || !loosely ? exact : data.people.findIndex(person => person.name.toLowerCase().includes(wanted));
    if (found >= 0) choosePerson(found);
    else if (loosely) find("aside").replaceChildren(part("p", `Nobody here is called “${words}”.`));
  }

  function set(change) {
    const before = state.kind;
    if (change.kind in data.kinds) state.kind = change.kind;
    if (change.episode) change.step = data.episodes.filter(
      episode => episode.localeCompare(change.episode, "en", {numeric: true}) <= 0).length - 1;
    if (Number.isInteger(change.step)) state.step = Math.max(0, Math.min(last, change.step));
    if (typeof change.alone === "boolean") state.alone = change.alone;
    if (before !== state.kind) {
      state.tie = null;
      root.dispatchEvent(new CustomEvent("hawkins-kind", {detail: state.kind, bubbles: true}));
    }
    if (change.theme === "dark" || change.theme === "light") document.documentElement.dataset.theme = change.theme;
    const chosen = find(`.kinds input[value="${state.kind}"]`);
    if (chosen) chosen.checked = true;
    find(".when input").value = state.step;
    find(".alone input").checked = state.alone;
    draw();
  }

  // A page in a frame of the app is led by the app's own controls.
  if (document.body.classList.contains("embedded") && window.parent !== window) {
    window.addEventListener("message", event => {
      if (event.source === window.parent && event.data && event.data.hawkins) set(event.data.hawkins);
    });
    window.parent.postMessage("hawkins-network-ready", "*");
  }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  find(".when").hidden = find(".alone").hidden = last === 0;
  find(".when input").max = last;
  const places = find("datalist");
  places.append(...data.people.map(person => Object.assign(part("option"), {value: person.name})));
  set({});
  // The library fits the discs; a little more room keeps the names at the edges whole.
  const fit = () => { network.fit({nodes: nodes.getIds({filter: node => !node.hidden})}); network.moveTo({scale: network.getScale() * 0.92}); };
  // A drawing that starts in a closed tab has no size yet: fit it when it is first seen, and when its width changes.
  let wide = box.clientWidth;
  new ResizeObserver(() => { if (box.clientWidth !== wide) { wide = box.clientWidth; if (wide) { network.redraw(); fit(); } } }).observe(box);
  fit();
  root.network = network;
}
