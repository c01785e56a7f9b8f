// Frames that scroll can be reached with the keyboard and have a name; a frame whose content fits is no stop of the Tab key.
const framesThatScroll = ".scroll, .cards, .charts, .list";
function markFrame(frame) {
  if (frame.matches(".scroll")) markRest(frame);
  const scrolls = frame.scrollWidth > frame.clientWidth + 1 || frame.scrollHeight > frame.clientHeight + 1;
  if (!scrolls) {
    if (frame.dataset.frame) ["tabindex", "role", "aria-label", "data-frame"].forEach((name) => frame.removeAttribute(name));
    return;
  }
  if (frame.hasAttribute("tabindex")) return;
  const section = frame.closest("section"), name = section && ($("h2", section)?.textContent || section.getAttribute("aria-label"));
  const number = $$(framesThatScroll, section || document).indexOf(frame) + 1;
  frame.tabIndex = 0;
  frame.dataset.frame = "marked";
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", `${name || document.title}, frame ${number}`);
}
// The right edge of a table fades out where columns follow, so that a figure that is cut is not read as a smaller one.
function markRest(frame) {
  frame.classList.toggle("more", frame.scrollLeft + frame.clientWidth < frame.scrollWidth - 1);
}
for (const frame of $$(".scroll")) frame.addEventListener("scroll", () => markRest(frame), { passive: true });
for (const frame of $$(".scroll[tabindex]:not([role])")) frame.setAttribute("role", "group");
const frameSizes = new ResizeObserver((entries) => entries.forEach((entry) => markFrame(entry.target)));
for (const frame of $$(framesThatScroll)) { frameSizes.observe(frame); markFrame(frame); }
addEventListener("resize", () => $$(framesThatScroll).forEach(markFrame)); // also those in folded parts, which have no observable size
new MutationObserver((changes) => {
  for (const { target } of changes) { const frame = target.closest?.(framesThatScroll); if (frame) markFrame(frame); }
}).observe($("#main"), { childList: true, subtree: true });
