// Shows a question only when an answer above asks for it. Without this file all are there, with the condition in words;
// the server decides by the same rule what counts.

const questions = [...document.querySelectorAll("[data-after]")];

const around = (question) => question.closest("[data-questions]");

const chosen = (frame, name) =>
  [...frame.querySelectorAll(`[name="${CSS.escape(name)}"]:checked`)]
    .filter((box) => !box.closest("[data-after][hidden]"))
    .map((box) => box.value);

// In the order of the page, so that what hangs on a hidden question is hidden too.
const look = () => {
  for (const question of questions) {
    const wanted = question.dataset.answers.split(" ");
    const given = chosen(around(question), question.dataset.after);
    question.hidden = !given.some((answer) => wanted.includes(answer));
  }
};

for (const said of document.querySelectorAll("[data-after] [data-when]")) said.hidden = true;
for (const frame of new Set(questions.map(around))) frame.addEventListener("change", look);
addEventListener("pageshow", look);
look();
