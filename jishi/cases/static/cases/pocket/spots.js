// Where one stands, picked and not typed: houses of the grid that is chosen, then the entrances of the house.
let known = [], missing = {}, say = () => "";
export function tell(list, leftOut, speak) { known = list ?? []; missing = leftOut ?? {}; say = speak; }

// How many places of the grid that is chosen are not in the list; without one, of all of them.
const leftOut = (grid) => Object.entries(missing).reduce((sum, [code, n]) => sum + (!grid || !code || code === grid ? n : 0), 0);

const option = (value, words) => Object.assign(document.createElement("option"), { value, textContent: words });
const part = (form, name) => form.querySelector(`[data-${name}]`);

// Fill both fields; `spot` is what was picked before, by its name.
export function show(form, spot = "") {
  const { house, entrance, grid } = form.elements;
  if (!house) return;
  const picked = known.find((s) => s.ref === spot), at = picked?.of || picked?.ref || "";
  const houses = known.filter((s) => !s.of && (!grid.value || s.grid === grid.value || s.ref === at));
  const groups = Map.groupBy ? Map.groupBy(houses, (s) => s.compound) : houses.reduce((m, s) => m.set(s.compound, [...m.get(s.compound) ?? [], s]), new Map());
  house.replaceChildren(option("", say("spot.none")), ...[...groups].map(([compound, of]) => {
    const group = Object.assign(document.createElement("optgroup"), { label: compound || say("spot.lone") });
    group.append(...of.map((s) => option(s.ref, `${compound} ${s.name || say("spot.all")}`.trim())));
    return group;
  }));
  house.value = at;
  part(form, "spots").hidden = !houses.length;
  const left = leftOut(grid.value), note = part(form, "more-spots");
  note.hidden = !left;
  note.textContent = left ? say("spot.more", { n: left }) : "";
  doors(form, picked?.of ? picked.ref : "");
}

function doors(form, chosen = "") {
  const { house, entrance } = form.elements, ways = known.filter((s) => s.of && s.of === house.value);
  const said = known.find((s) => s.ref === house.value)?.name ?? "";
  entrance.replaceChildren(option("", say("spot.any")), ...ways.map((s) => option(s.ref, s.name.slice(said.length).trim() || s.name)));
  entrance.value = chosen;
  part(form, "doors").hidden = !ways.length;
}

export function follow(form) {
  const { house, entrance, grid } = form.elements;
  house?.addEventListener("change", () => doors(form));
  grid?.addEventListener("change", () => show(form, entrance.value || house.value));
}
