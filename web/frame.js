// The app leads the network's page in its frame: kind and episode from the app's controls, light or dark from its theme.
(() => {
  if (window.hawkinsLeadNetwork) return;
  const shown = {};
  const frames = () => [...document.querySelectorAll("iframe.hawkins-frame")];
  const send = (frame, what) => frame.contentWindow && frame.contentWindow.postMessage({hawkins: what}, "*");
  const theme = () => document.querySelector(".dark .gradio-container, .dark.gradio-container") ? "dark" : "light";
  window.hawkinsLeadNetwork = (kind, until) => frames().forEach(frame => {
    shown[frame.dataset.key] = {kind, episode: frame.dataset.episodes.split(" ")[until - 1]};
    send(frame, shown[frame.dataset.key]);
  });
  window.addEventListener("message", event => {
    if (event.data !== "hawkins-network-ready") return;
    const frame = frames().find(one => one.contentWindow === event.source);
    if (frame) send(frame, {...shown[frame.dataset.key], theme: theme()});
  });
  const follow = () => frames().forEach(frame => send(frame, {theme: theme()}));
  const watch = () => [document.documentElement, document.body].forEach(element =>
    new MutationObserver(follow).observe(element, {attributes: true, attributeFilter: ["class"]}));
  if (document.body) watch(); else document.addEventListener("DOMContentLoaded", watch);
})();
