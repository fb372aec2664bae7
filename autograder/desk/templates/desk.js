// Keys of the desk's pages, and a draft that is kept at each of them. Nothing of a student's is read or run here.
"use strict";
const by = (id) => document.getElementById(id);
const form = by("give"), answer = document.querySelector(".answer"), desk = document.querySelector(".desk");
const round = (points) => String(Math.round(points * 1000) / 1000);

function score() {
  const chosen = [...form.querySelectorAll("[data-points]:checked")].reduce((sum, box) => sum + Number(box.dataset.points), 0);
  const free = Number(by("free").value.trim().replace(",", ".").replace("−", "-")) || 0;
  const all = Number(form.dataset.start) + chosen + free;
  by("score").value = round(Math.min(Number(form.dataset.most), Math.max(0, all)));
}

let keeping = Promise.resolve(), stamp = 0;
function keep() {
  score();
  const mine = ++stamp;
  keeping = keeping.then(async () => {
    if (mine !== stamp) return; // a later key has more
    const answered = await fetch(form.action + "/draft", { method: "POST", body: new URLSearchParams(new FormData(form)) })
      .catch((error) => ({ ok: false, text: () => String(error) }));
    by("kept").textContent = answered.ok ? form.dataset.saved : form.dataset.notSaved + (await answered.text());
  });
}

let seen = false, sent = false;
function give() {
  if (!seen) {
    by("unseen").textContent = form.dataset.look;
    by("unseen").hidden = false;
    return;
  }
  form.requestSubmit(by("give-button"));
}

function turn(name, many) {
  for (let now = 1; now < many; now++) {
    if (answer.classList.contains(`${name}-${now}`)) {
      answer.classList.remove(`${name}-${now}`);
      if (now + 1 < many) answer.classList.add(`${name}-${now + 1}`);
      return;
    }
  }
  answer.classList.add(`${name}-1`);
}

// a picture on its side takes the room that it needs: nothing of it is cut off
function fit() {
  const zoom = answer.classList.contains("zoomed") ? 1.8 : 1;
  const aside = answer.classList.contains("turn-1") || answer.classList.contains("turn-3");
  answer.querySelectorAll("img").forEach((img) => {
    img.style.cssText = "";
    if (!aside || !img.naturalWidth) return;
    const wide = zoom * Math.min(img.naturalHeight, img.parentElement.clientWidth), high = (wide * img.naturalWidth) / img.naturalHeight;
    Object.assign(img.style, { display: "block", maxWidth: "none", width: `${high}px`, height: `${wide}px`, margin: `${(high - wide) / 2}px ${(wide - high) / 2}px` });
  });
}

const slide = (way) => () => answer.querySelectorAll(".look, .scan").forEach((box) => { box.scrollLeft += way * 0.6 * box.clientWidth; });

let offered = -1;
function useComment() {
  const texts = [...document.querySelectorAll("button.used")].map((button) => button.dataset.text);
  if (!texts.length) return;
  offered = (offered + 1) % texts.length;
  by("comment").value = texts[offered];
  by("zero").checked = false;
  keep();
}

function choose(key) {
  const box = form.querySelector(`input[data-key="${CSS.escape(key)}"]`);
  const set = form.querySelector(`fieldset[data-key="${CSS.escape(key)}"]`);
  if (box) box.checked = !box.checked;
  else if (set) {
    const all = [...set.querySelectorAll("input")];
    all[(all.findIndex((one) => one.checked) + 1) % all.length].checked = true;
  } else return false;
  by("zero").checked = false;
  keep();
  return true;
}

function zero() {
  form.querySelectorAll("input[type=checkbox]").forEach((box) => { box.checked = box.id === "zero"; });
  form.querySelectorAll("input[type=radio][value='0']").forEach((box) => { box.checked = true; });
  by("free").value = "";
  by("comment").value = "";
  keep();
}

const go = (address) => () => { if (address) location.href = address; };
const press = (id) => () => { if (by(id)) by(id).requestSubmit(); };
const focus = (id) => () => { if (by(id)) { by(id).focus(); by(id).select(); } };
const help = () => { const box = by("help"); box.open ? box.close() : box.showModal(); };
const ofAnswer = form && {
  Enter: give, 0: zero, n: go(desk.dataset.later), p: go(desk.dataset.back), j: go(desk.dataset.rubric),
  g: press("apart"), s: focus("free"), c: focus("comment"), k: useComment,
  d: () => { const near = by("near"); if (near) { near.open = !near.open; if (near.open) near.scrollIntoView({ block: "nearest" }); } },
  z: () => { answer.classList.toggle("zoomed"); fit(); }, t: () => { turn("turn", 4); fit(); }, h: () => turn("bright", 3),
  ArrowLeft: slide(-1), ArrowRight: slide(1),
};
const everywhere = { "?": help, m: go(document.body.dataset.list), u: press("undo"), ...(form ? {} : { n: go(document.body.dataset.start) }) };

// a key as it stands on the keyboard, where another alphabet is switched on
function plain(event) {
  if (event.key.length > 1 || /[!-~]/.test(event.key)) return event.key.length > 1 ? event.key : event.key.toLowerCase();
  if (event.code === "Slash") return event.shiftKey ? "?" : "/";
  return event.code.replace(/^(Key|Digit)/, "").toLowerCase();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  const key = plain(event);
  const typing = event.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select");
  if (typing) {
    if (event.key === "Escape") typing.blur();
    else if (event.key === "Enter" && typing.id === "free") { event.preventDefault(); typing.blur(); }
    return;
  }
  if (by("help").open && key !== "?") return;
  if (key === "Enter" && event.target.closest("a, button, summary")) return; // what has the focus
  if (key.startsWith("Arrow") && event.target.closest("input")) return; // from level to level
  const does = (ofAnswer && ofAnswer[key]) || everywhere[key];
  if (does) { event.preventDefault(); does(); }
  else if (form && key.length === 1 && choose(key)) event.preventDefault();
});

by("help-button").addEventListener("click", help);
if (form) {
  form.addEventListener("input", (event) => { if (event.target.id !== "zero") by("zero").checked = false; keep(); });
  form.addEventListener("submit", (event) => {
    if (sent || !seen) event.preventDefault(); // Enter twice is once
    if (!seen) give();
    else sent = true;
  });
  document.querySelectorAll("button.used").forEach((button) => button.addEventListener("click", () => {
    by("comment").value = button.dataset.text; by("zero").checked = false; keep();
  }));
  answer.addEventListener("load", fit, true); // pictures that come late
  by("zoom").addEventListener("click", ofAnswer.z);
  by("turn").addEventListener("click", ofAnswer.t);
  by("bright").addEventListener("click", ofAnswer.h);
  if (Number(form.dataset.many) < 2) seen = true;
  else new IntersectionObserver((found, watch) => {
    if (found.some((one) => one.isIntersecting)) { seen = true; by("unseen").hidden = true; watch.disconnect(); }
  }).observe(by("end"));
}
