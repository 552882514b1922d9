// The table of individuals, made from the JSON in the page; links inside the page.
(function () {
  "use strict";
  const PAGE = 50;
  const MOST_NAMES = 12;
  const NOTHING = "\u2013";
  const find = (id) => document.getElementById(id);

  // In a frame without an address of its own, a link to a fragment would leave the page.
  document.addEventListener("click", (event) => {
    const mark = event.target.closest(".cloud use");
    if (mark) show(mark.textContent);
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    if (link.dataset.individual && show(link.dataset.individual)) return;
    if (link.dataset.find) return list(link.dataset.find);
    const target = find(link.getAttribute("href").slice(1));
    if (!target) return;
    target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  });

  // Only what scrolls needs to be reached by keyboard.
  function scrollers() {
    for (const region of document.querySelectorAll(".scroll")) {
      const scrolls = region.scrollWidth > region.clientWidth + 1
        || region.scrollHeight > region.clientHeight + 1;
      if (scrolls) region.setAttribute("tabindex", "0");
      else if (document.activeElement !== region) region.removeAttribute("tabindex");
    }
  }
  addEventListener("resize", scrollers);
  document.addEventListener("toggle", scrollers, true);

  const holder = find("individuals-data");
  if (!holder) {
    scrollers();
    document.documentElement.dataset.ready = "yes";
    return;
  }
  const data = JSON.parse(holder.textContent);
  const networks = data.networks.map((row) => {
    const network = {};
    data.network_columns.forEach((column, index) => (network[column] = row[index]));
    return network;
  });
  const people = data.rows.map((row, birth) => {
    const person = { birth };
    data.columns.forEach((column, index) => (person[column] = row[index]));
    person.origin = data.origins[person.origin];
    person.outcome = data.outcomes[person.outcome];
    person.message = data.messages[person.message];
    person.network = networks[person.network];
    return person;
  });
  const [head, ...further] = data.metrics;
  const byName = new Map(people.map((person) => [person.name, person]));
  const children = new Map(), equals = new Map();
  const collect = (map, key, name) => {
    if (!map.has(key)) map.set(key, []);
    map.get(key).push(name);
  };
  for (const person of people) {
    for (const parent of person.parents) collect(children, parent, person.name);
    collect(equals, person.network.id, person.name);
  }

  const state = { sort: "name", down: false, text: "", outcome: "", page: 0, open: null };
  let shown = people.slice();

  const decimals = (value, digits) =>
    value === null ? NOTHING : value.toFixed(digits).replace("-", "\u2212");
  const percent = (value) => (value === null ? NOTHING : (100 * value).toFixed(1) + " %");
  const time = (value) => (value === null ? NOTHING : decimals(value, value < 10 ? 2 : 1) + " ms");
  const whole = (value) => value.toLocaleString("en");
  const quantity = (value) => {
    if (value < 10000) return whole(value);
    for (const unit of ["k", "M", "G"]) {
      value /= 1000;
      if (value < 999.5 || unit === "G") return Number(value.toPrecision(3)) + " " + unit;
    }
  };
  const metricText = ([name, , share], network, digits) =>
    share ? percent(network[name]) : decimals(network[name], digits);

  function element(name, content, attributes) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    for (const part of [].concat(content === undefined ? [] : content)) made.append(part);
    return made;
  }

  // Which rows are shown, and in which order

  function textOf(person) {
    person.text ??= [person.name, person.network.id, person.outcome, person.message]
      .concat(person.parents, ...person.edits, person.network.steps === null ? [] : "ended early")
      .join(" ").toLowerCase();
    return person.text;
  }

  function keyOf(person) {
    if (state.sort === "name") return person.birth;
    if (state.sort === "outcome") return data.outcomes.indexOf(person.outcome);
    return person.network[state.sort];
  }

  function search() {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    shown = people.filter((person) => (!state.outcome || person.outcome === state.outcome)
      && words.every((word) => textOf(person).includes(word)));
    shown.sort((a, b) => {
      const x = keyOf(a), y = keyOf(b);
      if (x === null || y === null) return (x === null) - (y === null) || a.birth - b.birth;
      return (state.down ? y - x : x - y) || a.birth - b.birth;
    });
  }

  // One individual

  function row(person) {
    const open = state.open === person.name;
    const button = element("button", person.name, {
      type: "button", class: "choose", "aria-expanded": String(open),
    });
    if (open) button.setAttribute("aria-controls", "opened");
    button.addEventListener("click", () => {
      state.open = open ? null : person.name;
      draw();
      focusOn(person.name);
    });
    const network = person.network;
    const number = (text) => element("td", text, { class: "number" });
    const outcome = [
      element("span", [], { class: "swatch " + person.outcome }), person.outcome.replaceAll("_", " "),
    ];
    const made = person.edits.map(operator).join(", ");
    return element("tr", [
      element("th", button, { scope: "row" }),
      element("td", outcome, { class: "nowrap" }),
      number(decimals(network.fitness, 3)), number(head ? metricText(head, network, 3) : NOTHING),
      number(quantity(network.parameters)), number(quantity(network.macs)),
      number(time(network.latency)),
      element("td", made || (person.origin === "mutated" ? NOTHING : person.origin)),
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
    else item.append(before + " ", element("span", "\u2192", { role: "img", "aria-label": "becomes" }),
      " ", element("strong", after));
    if (name) item.append(" ", element("span", "by " + name, { class: "quiet" }));
    return item;
  }

  // Links to individuals; where they are too many, a button that lists them in the table.
  function peopleLinks(names, wanted) {
    const links = names.slice(0, MOST_NAMES).flatMap((name) => [
      byName.has(name)
        ? element("a", name, { href: "#individuals", "data-individual": name }) : name, " ",
    ]);
    if (names.length > MOST_NAMES) {
      const all = element("button", "list all " + whole(names.length), { type: "button" });
      all.addEventListener("click", () => list(wanted));
      links.push(all);
    }
    return links;
  }

  function facts(person) {
    const network = person.network, list = element("dl", [], { class: "facts" });
    const add = (word, what) =>
      list.append(element("div", [element("dt", word), element("dd", what)]));
    const born = children.get(person.name);
    const twins = equals.get(network.id).filter((name) => name !== person.name);
    add("Outcome", person.outcome.replaceAll("_", " "));
    if (person.message) add("Message", person.message);
    add("Parents", person.parents.length ? peopleLinks(person.parents, "")
      : "none, " + person.origin);
    add("Children", born ? peopleLinks(born, person.name) : "none");
    if (twins.length) add("Equal networks", peopleLinks(twins, network.id));
    add("Fitness", decimals(network.fitness, 4));
    for (const metric of head ? [head, ...further] : [])
      add(metric[1], metricText(metric, network, 4));
    add("Parameters", whole(network.parameters));
    add("MACs", whole(network.macs));
    add("Latency", network.latency === null ? "not measured" : time(network.latency)
      + (network.quartiles ? ", quartiles " + network.quartiles.map(time).join(" to ") : ""));
    add("Measuring, training, evaluation", network.seconds.toFixed(1) + " s");
    if (network.steps !== null)
      add("Training", "ended early, after " + whole(network.steps) + " of "
        + whole(data.train_steps) + " steps");
    if (network.inherited !== null)
      add("Inherited", whole(network.inherited[0]) + " parameters of its parent"
        + (network.inherited[1] === null ? ""
          : "; " + whole(network.inherited[1]) + " steps along the line"));
    add("Architecture", [
      network.id, element("br"),
      element("code", "results/" + network.id + "/architecture.yaml", { class: "quiet" }),
    ]);
    return list;
  }

  function details(person) {
    const told = [element("h3", "Individual " + person.name), facts(person)];
    if (person.edits.length)
      told.push(element("h4", "Edits to its parent"),
        element("ul", person.edits.map(editItem), { class: "edits" }));
    const parts = [element("div", told)];
    const drawing = person.network.drawing;
    const picture = drawing === null
      ? element("p", "Not drawn: the data set's record is not there, and sizes depend on it.")
      : drawNetwork(data.drawings, drawing, "Network of " + person.name);
    parts.push(element("div", element("figure", picture), {
      class: "scroll", role: "region", "aria-label": "Diagram of the network of " + person.name,
    }));
    const cell = element("td", element("div", parts, { class: "opened" }), { colspan: "8" });
    return element("tr", cell, { class: "details", id: "opened" });
  }

  // The table

  function draw() {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const rows = [];
    for (const person of shown.slice(state.page * PAGE, (state.page + 1) * PAGE)) {
      rows.push(row(person));
      if (person.name === state.open) rows.push(details(person));
    }
    document.querySelector("#people tbody").replaceChildren(...rows);
    find("page").textContent = "Page " + (state.page + 1) + " of " + pages;
    find("count").textContent = whole(shown.length) + " of " + whole(people.length)
      + " individuals, page " + (state.page + 1) + " of " + pages;
    // A disabled button would lose the focus that stands on it.
    find("previous").setAttribute("aria-disabled", String(state.page === 0));
    find("next").setAttribute("aria-disabled", String(state.page === pages - 1));
    for (const button of document.querySelectorAll("#people [data-sort]")) {
      const heading = button.closest("th");
      if (button.dataset.sort !== state.sort) heading.removeAttribute("aria-sort");
      else heading.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    }
    scrollers();
  }

  function focusOn(name) {
    const line = document.querySelector('#people [data-name="' + name + '"]');
    if (line) line.querySelector(".choose").focus({ preventScroll: true });
    return line;
  }

  function show(name) {
    if (!byName.has(name)) return false;
    Object.assign(state, { text: "", outcome: "", open: name });
    find("find").value = "";
    find("outcome").value = "";
    search();
    state.page = Math.floor(shown.indexOf(byName.get(name)) / PAGE);
    draw();
    focusOn(name).scrollIntoView({ block: "start" });
    return true;
  }

  // Shows the rows in which words occur, and puts the focus where they can be changed.
  function list(words) {
    find("find").value = words;
    find("outcome").value = "";
    change({ text: words, outcome: "" });
    find("find").focus({ preventScroll: true });
    find("individuals").scrollIntoView();
  }

  function change(values) {
    Object.assign(state, values, { page: 0 });
    search();
    draw();
  }

  function turn(by) {
    state.page += by;
    draw();
  }

  find("find").addEventListener("input", (event) => change({ text: event.target.value }));
  find("outcome").addEventListener("change", (event) => change({ outcome: event.target.value }));
  find("previous").addEventListener("click", () => turn(-1));
  find("next").addEventListener("click", () => turn(1));
  const highest = new Set(["fitness", ...data.metrics.filter((m) => m[3]).map((m) => m[0])]);
  for (const button of document.querySelectorAll("#people [data-sort]"))
    button.addEventListener("click", () => {
      const sort = button.dataset.sort;
      change({ sort, down: state.sort === sort ? !state.down : highest.has(sort) });
    });
  search();
  draw();
  document.documentElement.dataset.ready = "yes";
})();
