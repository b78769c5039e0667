// Sliders say their figure beside them.
for (const slider of document.querySelectorAll("input[type=range][data-says]")) {
  const says = document.getElementById(slider.dataset.says);
  const tell = () => { says.value = slider.value; };
  slider.addEventListener("input", tell);
  tell();
}
