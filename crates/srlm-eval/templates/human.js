"use strict";
(() => {
  const FORMAT = "srlm-human-ratings-1";
  const { study, items } = JSON.parse(document.getElementById("study").textContent);
  const storageKey = "srlm-human:" + study;
  const byId = (id) => document.getElementById(id);
  const VERDICTS = [
    ["first", "1", "Answer 1 is better"],
    ["second", "2", "Answer 2 is better"],
    ["tie", "3", "Equally good"],
    ["both_bad", "4", "Both bad"],
    ["skip", "s", "Skip"],
  ];
  const known = new Set(items.map((item) => item.id));
  const isVerdict = (name) => VERDICTS.some(([verdict]) => verdict === name);

  let state = { rater: "", at: 0, shortcuts: true, ratings: {} };
  let view = "start";
  let shownAt = 0;

  // A browser may refuse to keep anything, for instance in private windows; rating works all the same.
  function restore() {
    try {
      const saved = JSON.parse(localStorage.getItem(storageKey));
      if (saved && saved.ratings) state = Object.assign(state, saved);
    } catch (error) {
      say("This browser keeps nothing: download the results before you close the page.");
    }
  }

  function save() {
    try {
      localStorage.setItem(storageKey, JSON.stringify(state));
    } catch (error) {
      say("This browser keeps nothing: download the results before you close the page.");
    }
  }

  function say(text) {
    byId("status").textContent = text;
  }

  const rating = (id) => state.ratings[id] || { verdict: null, note: "", seconds: 0 };
  const nRated = () => items.filter((item) => rating(item.id).verdict).length;

  function show(name) {
    view = name;
    for (const section of ["start", "compare", "end"]) byId(section).hidden = section !== name;
    byId("save").hidden = name === "start";
    byId("progress").hidden = name === "start";
    const n = nRated();
    byId("count").textContent = n + " of " + items.length + " rated";
    byId("bar").max = items.length;
    byId("bar").value = n;
    if (name === "compare") showItem();
    if (name === "end") showEnd();
  }

  function showItem() {
    const item = items[state.at];
    byId("which").textContent = "Comparison " + (state.at + 1) + " of " + items.length;
    byId("prompt").textContent = item.prompt;
    byId("first").textContent = item.first;
    byId("second").textContent = item.second;
    byId("note").value = rating(item.id).note;
    for (const button of byId("verdicts").querySelectorAll("[data-verdict]")) {
      button.setAttribute("aria-pressed", String(button.dataset.verdict === rating(item.id).verdict));
    }
    byId("back").disabled = state.at === 0;
    shownAt = Date.now();
    window.scrollTo(0, 0);
    byId("which").focus({ preventScroll: true });
  }

  function showEnd() {
    const n = (verdict) => items.filter((item) => rating(item.id).verdict === verdict).length;
    const skipped = n("skip");
    const open = items.length - nRated();
    byId("tally").textContent =
      nRated() - skipped + " rated, " + skipped + " skipped" + (open ? ", " + open + " without a verdict" : "") + ".";
    byId("end-title").focus();
  }

  function decide(verdict) {
    const { id } = items[state.at];
    const seconds = rating(id).seconds + (Date.now() - shownAt) / 1000;
    state.ratings[id] = { verdict, note: rating(id).note, seconds: Math.round(seconds * 10) / 10 };
    const [, , label] = VERDICTS.find(([name]) => name === verdict);
    say("Comparison " + (state.at + 1) + ": " + label + ".");
    if (state.at + 1 < items.length) state.at += 1;
    else view = "end";
    save();
    show(view);
  }

  function back() {
    if (view === "end") view = "compare";
    else if (view === "compare" && state.at > 0) state.at -= 1;
    save();
    show(view);
  }

  function begin() {
    const rater = byId("rater").value.trim();
    if (!rater) {
      byId("problem").textContent = "Please write your name first.";
      byId("rater").setAttribute("aria-invalid", "true");
      byId("rater").focus();
      return;
    }
    state.rater = rater;
    state.shortcuts = byId("shortcuts").checked;
    save();
    show("compare");
  }

  function results() {
    const given = items.filter((item) => rating(item.id).verdict);
    const ratings = given.map((item) => Object.assign({ item: item.id }, rating(item.id)));
    return { format: FORMAT, study, rater: state.rater, ratings };
  }

  const fileName = (name) => (name.match(/[\p{L}\p{N}]+/gu) || ["rater"]).join("-");

  function download() {
    const text = JSON.stringify(results(), null, 1) + "\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "ratings-" + fileName(state.rater) + ".json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    say("Saved " + link.download + " with " + nRated() + " ratings.");
  }

  async function load(file) {
    byId("problem").textContent = "";
    try {
      const saved = JSON.parse(await file.text());
      if (saved.format !== FORMAT || saved.study !== study) throw new Error("it is of another page");
      for (const { item, verdict, note, seconds } of saved.ratings) {
        if (!known.has(item) || !isVerdict(verdict)) continue;
        state.ratings[item] = { verdict, note: String(note || ""), seconds: Number(seconds) || 0 };
      }
      state.rater = String(saved.rater || "");
      const open = items.findIndex((item) => !rating(item.id).verdict);
      state.at = open < 0 ? items.length - 1 : open;
      byId("rater").value = state.rater;
      byId("problem").textContent = "";
      save();
      if (state.rater) show("compare");
    } catch (error) {
      byId("problem").textContent = "This file cannot be used: " + error.message + ".";
    }
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isWriting = event.target.matches && event.target.matches("textarea, input[type=text]");
    if (isWriting) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (!state.shortcuts || view === "start") return;
    const verdict = VERDICTS.find(([, key]) => key === event.key.toLowerCase());
    const other = { b: back, d: download, n: view === "compare" ? () => byId("note").focus() : null };
    const act = verdict && view === "compare" ? () => decide(verdict[0]) : other[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }

  function button(label, key, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.append(label);
    const shown = document.createElement("kbd");
    shown.textContent = key;
    made.append(shown);
    made.setAttribute("aria-keyshortcuts", key);
    made.addEventListener("click", act);
    return made;
  }

  function build() {
    const explained = [...VERDICTS.map(([, key, label]) => [key, label]), ["b", "Back"], ["n", "Write a note; Esc leaves it"], ["d", "Download results"]];
    for (const [key, label] of explained) {
      const name = document.createElement("dt");
      const shown = document.createElement("kbd");
      shown.textContent = key;
      name.append(shown);
      const meaning = document.createElement("dd");
      meaning.textContent = label;
      byId("keys").append(name, meaning);
    }
    for (const [verdict, key, label] of VERDICTS) {
      const made = button(label, key, () => decide(verdict));
      made.dataset.verdict = verdict;
      byId("verdicts").append(made);
    }
    const made = button("Back", "b", back);
    made.id = "back";
    byId("verdicts").append(made);
    byId("n-items").textContent = String(items.length);
    byId("rater").value = state.rater;
    byId("shortcuts").checked = state.shortcuts;
  }

  restore();
  state.at = Math.min(Math.max(0, state.at | 0), items.length - 1);
  build();
  byId("begin").addEventListener("click", begin);
  byId("again").addEventListener("click", back);
  byId("download").addEventListener("click", download);
  byId("rater").addEventListener("keydown", (event) => event.key === "Enter" && begin());
  byId("load").addEventListener("change", (event) => event.target.files[0] && load(event.target.files[0]));
  byId("note").addEventListener("input", (event) => {
    const { id } = items[state.at];
    state.ratings[id] = Object.assign(rating(id), { note: event.target.value });
    save();
  });
  document.addEventListener("keydown", onKey);
  show("start");
})();
