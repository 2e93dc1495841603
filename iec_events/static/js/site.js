// Small comforts. Every page works without this file: it copies, counts, and keeps a form from being sent twice.

const number = new Intl.NumberFormat(document.documentElement.lang, { useGrouping: false });

for (const button of document.querySelectorAll("[data-copy]")) {
  const box = document.getElementById(button.dataset.copy);
  const said = button.textContent;
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(box.value);
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = said; }, 2500);
    } catch {
      box.select();
    }
  });
  box.addEventListener("focus", () => box.select());
}

for (const line of document.querySelectorAll("[data-counter]")) {
  const box = document.getElementById(line.dataset.counter);
  const digits = /[\d۰-۹]+/u;
  box.addEventListener("input", () => {
    // Characters as the server counts them: code points, and a line end is one.
    line.textContent = line.textContent.replace(digits, number.format([...box.value].length));
  });
}

for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    for (const button of form.querySelectorAll("[type=submit]")) button.setAttribute("aria-disabled", "true");
  });
  // Coming back with the back button must find a form that can be sent.
  addEventListener("pageshow", () => {
    sent = false;
    for (const button of form.querySelectorAll("[type=submit]")) button.removeAttribute("aria-disabled");
  });
}

// On a phone the organizers' doors stand in a line wider than the screen: the one that is open comes into sight.
const door = document.querySelector(".desk-links [aria-current]");
if (door) {
  const line = door.closest(".desk-links");
  const middle = (element) => element.getBoundingClientRect().left + element.offsetWidth / 2;
  line.scrollLeft += middle(door) - middle(line); // also from right to left, where it counts below zero
}

// A form that came back says at once what is wrong.
document.getElementById("errors")?.focus();
