/* Passkeys: a button asks the browser for one, and its answer goes along in the form. Without this script the button stays hidden. */
const able = window.PublicKeyCredential?.parseCreationOptionsFromJSON && window.PublicKeyCredential?.parseRequestOptionsFromJSON;

async function answer(button) {
  const options = JSON.parse(button.dataset.options);
  const make = button.dataset.passkey === "make";
  const credential = make
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  return JSON.stringify(credential.toJSON());
}

async function ask(button) {
  const { answer: given, password } = button.form.elements;
  const taken = document.getElementById("passkey-taken");
  for (const line of document.querySelectorAll("#passkey-trouble, #passkey-known, #passkey-taken")) line.hidden = true;
  button.disabled = true;
  given.value = "";
  try {
    given.value = await answer(button);
    if (taken) taken.hidden = false;
    if (!password || password.value) {
      button.form.requestSubmit();
      return;
    }
    button.disabled = false;
    password.focus();
  } catch (error) {
    const known = error.name === "InvalidStateError" && document.getElementById("passkey-known");
    (known || document.getElementById("passkey-trouble")).hidden = false;
    button.disabled = false;
  }
}

for (const button of able ? document.querySelectorAll("[data-passkey]") : []) {
  button.hidden = false;
  if (button.type !== "submit") {
    button.addEventListener("click", () => ask(button));
    continue;
  }
  // Also with the key Enter. Nothing is made before it has a name: the server would refuse it, and the device keep it.
  button.form.addEventListener("submit", (event) => {
    const { name, answer: made } = button.form.elements;
    if (made.value || !name.value.trim()) return;
    event.preventDefault();
    if (!button.disabled) ask(button);
  });
}

for (const line of able ? [] : document.querySelectorAll("#passkey-none")) line.hidden = false;
