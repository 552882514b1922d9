// The table of individuals, made from the JSON in the page; links inside the page.
(function () {
  "use strict";
  const PAGE = 50;
  const NOTHING = "\u2013";
  const find = (id) => document.getElementById(id);

  // In a frame without an address of its own, a link to a fragment would leave the page.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    if (link.dataset.individual && show(link.dataset.individual)) return;
    const target = find(link.getAttribute("href").slice(1));
    if (!target) return;
    target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  });

  const holder = find("individuals-data");
  if (!holder) {
    document.documentElement.dataset.ready = "yes";
    return;
  }
  const data = JSON.parse(holder.textContent);
  const people = data.rows.map((row, birth) => {
    const person = { birth };
    data.columns.forEach((column, index) => (person[column] = row[index]));
    person.outcome = data.outcomes[person.outcome];
    return person;
  });
  const byName = new Map(people.map((person) => [person.name, person]));
  const children = new Map();
  for (const person of people)
    for (const parent of person.parents) {
      if (!children.has(parent)) children.set(parent, []);
      children.get(parent).push(person.name);
    }

  const state = { sort: "name", down: false, text: "", outcome: "", page: 0, open: null };
  let shown = people;

  const decimals = (value, digits) =>
    value === null ? NOTHING : value.toFixed(digits).replace("-", "\u2212");
  const percent = (value) => (value === null ? NOTHING : (100 * value).toFixed(1) + " %");
  const time = (value) => (value === null ? NOTHING : decimals(value, value < 10 ? 2 : 1) + " ms");
  const quantity = (value) => {
    if (value < 10000) return value.toLocaleString("en");
    for (const unit of ["k", "M", "G"]) {
      value /= 1000;
      if (value < 999.5 || unit === "G") return Number(value.toPrecision(3)) + " " + unit;
    }
  };

  function element(name, content, attributes) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    for (const part of [].concat(content === undefined ? [] : content)) made.append(part);
    return made;
  }

  function search() {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    shown = people.filter((person) => {
      if (state.outcome && person.outcome !== state.outcome) return false;
      if (!words.length) return true;
      const text = [person.name, person.id, person.outcome, person.message]
        .concat(person.parents, ...person.edits).join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const key = (person) =>
      state.sort === "name" ? person.birth
        : state.sort === "outcome" ? data.outcomes.indexOf(person.outcome) : person[state.sort];
    shown.sort((a, b) => {
      const x = key(a), y = key(b);
      if (x === null || y === null) return (x === null) - (y === null) || a.birth - b.birth;
      return (state.down ? y - x : x - y) || a.birth - b.birth;
    });
  }

  function row(person) {
    const button = element("button", person.name, {
      type: "button", class: "choose", "aria-expanded": String(state.open === person.name),
    });
    button.addEventListener("click", () => {
      state.open = state.open === person.name ? null : person.name;
      draw();
      const again = document.querySelector('#people [data-name="' + person.name + '"] .choose');
      if (again) again.focus({ preventScroll: true });
    });
    const number = (text) => element("td", text, { class: "number" });
    const outcome = [
      element("span", [], { class: "swatch " + person.outcome }), person.outcome.replaceAll("_", " "),
    ];
    const made = person.edits.map(operator).join(", ");
    return element("tr", [
      element("th", button, { scope: "row" }),
      element("td", outcome, { class: "nowrap" }),
      number(decimals(person.fitness, 3)), number(percent(person.top1)),
      number(quantity(person.parameters)), number(quantity(person.macs)),
      number(time(person.latency)),
      element("td", made || (person.parents.length ? NOTHING : "sampled")),
    ], { "data-name": person.name });
  }

  // An operator's name is left out where the path ends with it.
  function operator([name, path]) {
    return name || path.split(".").pop();
  }

  function editItem([name, path, before, after]) {
    const item = element("li", [element("code", path), " "]);
    if (!before) item.append(element("span", "added", { class: "verb" }), " " + after);
    else if (!after) item.append(element("span", "removed", { class: "verb" }), " " + before);
    else item.append(before + " \u2192 ", element("strong", after));
    if (name) item.append(" ", element("span", "by " + name, { class: "quiet" }));
    return item;
  }

  function peopleLinks(names) {
    const most = 12;
    const links = names.slice(0, most).flatMap((name) => [
      byName.has(name)
        ? element("a", name, { href: "#individuals", "data-individual": name }) : name, " ",
    ]);
    if (names.length > most) links.push("and " + (names.length - most) + " more");
    return links;
  }

  function details(person) {
    const list = element("dl", [], { class: "facts" });
    const add = (word, what) =>
      list.append(element("div", [element("dt", word), element("dd", what)]));
    add("Architecture", person.id);
    add("Parents", person.parents.length ? peopleLinks(person.parents) : "none, sampled");
    if (children.has(person.name)) add("Children", peopleLinks(children.get(person.name)));
    add("Top-5", percent(person.top5));
    add("Loss", decimals(person.loss, 4));
    add("Parameters", person.parameters.toLocaleString("en"));
    add("MACs", person.macs.toLocaleString("en"));
    if (person.quartiles)
      add("Latency quartiles", person.quartiles.map(time).join(" to "));
    add("Training and evaluation", person.seconds.toFixed(1) + " s");
    if (person.message) add("Message", person.message);
    const parts = [list];
    if (person.edits.length)
      parts.push(element("ul", person.edits.map(editItem), { class: "edits" }));
    return element("tr", element("td", parts, { colspan: "8" }), { class: "details" });
  }

  function draw() {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const rows = [];
    for (const person of shown.slice(state.page * PAGE, (state.page + 1) * PAGE)) {
      rows.push(row(person));
      if (person.name === state.open) rows.push(details(person));
    }
    document.querySelector("#people tbody").replaceChildren(...rows);
    find("count").textContent =
      shown.length.toLocaleString("en") + " of " + people.length.toLocaleString("en");
    find("page").textContent = "Page " + (state.page + 1) + " of " + pages;
    find("previous").disabled = state.page === 0;
    find("next").disabled = state.page === pages - 1;
    for (const button of document.querySelectorAll("#people [data-sort]")) {
      const head = button.closest("th");
      if (button.dataset.sort !== state.sort) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    }
  }

  function show(name) {
    if (!byName || !byName.has(name)) return false;
    Object.assign(state, { text: "", outcome: "", open: name });
    find("find").value = "";
    find("outcome").value = "";
    search();
    state.page = Math.floor(shown.indexOf(byName.get(name)) / PAGE);
    draw();
    const line = document.querySelector('#people [data-name="' + name + '"]');
    line.querySelector(".choose").focus({ preventScroll: true });
    line.scrollIntoView({ block: "center" });
    return true;
  }

  function change(values) {
    Object.assign(state, values, { page: 0 });
    search();
    draw();
  }

  find("find").addEventListener("input", (event) => change({ text: event.target.value }));
  find("outcome").addEventListener("change", (event) => change({ outcome: event.target.value }));
  find("previous").addEventListener("click", () => { state.page -= 1; draw(); });
  find("next").addEventListener("click", () => { state.page += 1; draw(); });
  for (const button of document.querySelectorAll("#people [data-sort]"))
    button.addEventListener("click", () => {
      const sort = button.dataset.sort;
      const bestFirst = sort === "fitness" || sort === "top1";
      change({ sort, down: state.sort === sort ? !state.down : bestFirst });
    });
  search();
  draw();
  document.documentElement.dataset.ready = "yes";
})();
