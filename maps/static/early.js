// Runs before the first paint, so that a dark wall does not flash white; everything else is a module.
(() => {
  const wanted = new URLSearchParams(location.search).get("theme");
  let kept = null;
  try { kept = localStorage.getItem("theme"); } catch { /* storage may be switched off */ }
  const known = [wanted, kept].find((name) => name === "light" || name === "dark");
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = known ?? system;
})();
