// One box that ticks all others on the page; without this file it is not there.

for (const holder of document.querySelectorAll("[data-tick-all]")) {
  const all = holder.querySelector("input");
  const others = [...document.querySelectorAll(`input[type=checkbox][name="${holder.dataset.tickAll}"]`)];
  holder.hidden = others.length < 2;
  all.addEventListener("change", () => {
    for (const box of others) box.checked = all.checked;
  });
  for (const box of others) {
    box.addEventListener("change", () => { all.checked = others.every((one) => one.checked); });
  }
}
