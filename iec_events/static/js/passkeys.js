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

for (const button of able ? document.querySelectorAll("[data-passkey]") : []) {
  const trouble = document.getElementById("passkey-trouble");
  button.hidden = false;
  button.addEventListener("click", async () => {
    trouble.hidden = true;
    button.disabled = true;
    try {
      button.form.elements.answer.value = await answer(button);
      button.form.requestSubmit();
    } catch {
      trouble.hidden = false;
      button.disabled = false;
    }
  });
}
