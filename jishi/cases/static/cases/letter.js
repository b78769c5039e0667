// What stands after # in the link of a letter is posted once, and taken out of the address. Without this file it is pasted.
const form = document.querySelector("form[data-letter]");
function take() {
  const code = /^#([\w-]{16,100})(?![\w-])/.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", location.pathname);
  form.elements.namedItem("letter").value = code;
  form.elements.namedItem("open").click();
}
addEventListener("hashchange", take);
take();
