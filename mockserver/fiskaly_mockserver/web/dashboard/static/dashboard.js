// Copies what has a button for it, and refreshes what is live; everything else works without this file.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = `${button.textContent.replace(" ✓", "")} ✓`;
  });
}

const PAUSE = 1000; // milliseconds between two looks, so that open pages cost the server little
let asking = false, more = false;
async function refresh() {
  more = asking;
  if (asking || document.hidden) return;
  asking = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html", "X-Dashboard-Refresh": "1" } });
    if (answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const old of document.querySelectorAll("[data-live]")) {
        const now = page.getElementById(old.id);
        if (now && !old.contains(document.activeElement) && now.innerHTML !== old.innerHTML) old.replaceWith(now);
      }
    }
  } finally {
    setTimeout(() => {
      asking = false;
      if (more) refresh();
    }, PAUSE);
  }
}
if (document.querySelector("[data-live]")) {
  new EventSource(`${document.documentElement.dataset.base}/stream`).addEventListener("message", refresh);
  document.addEventListener("visibilitychange", refresh);
}
