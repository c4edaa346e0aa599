// Copies a new key or secret; everything else works without this file.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = `${button.textContent.replace(" ✓", "")} ✓`;
  });
}
