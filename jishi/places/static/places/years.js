// The slider over the days on which grids changed: it says its day, and opens it when it is let go.
for (const slider of document.querySelectorAll("input[type=range][data-days]")) {
  const days = slider.dataset.days.split("|"), says = document.getElementById(slider.dataset.says);
  const tell = () => { says.value = days[Number(slider.value) - 1]; slider.setAttribute("aria-valuetext", says.value); };
  slider.addEventListener("input", tell);
  slider.addEventListener("pointerup", () => slider.form.requestSubmit());
}
