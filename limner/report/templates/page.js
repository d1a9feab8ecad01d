"use strict";
// Everything can be read without this script; it adds read-outs, the time-lapse, enlarging and copying.

function format(value) {
  if (value === null) return "not a number";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

function nearest(steps, step) {
  let low = 0, high = steps.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1; else high = middle;
  }
  return low > 0 && step - steps[low - 1] < steps[low] - step ? low - 1 : low;
}

const charts = [...document.querySelectorAll(".chart")].map((chart) => ({
  element: chart,
  last: Number(chart.dataset.last),
  lines: JSON.parse(chart.querySelector("script").textContent),
  outputs: chart.querySelectorAll(".key output"),
  cursor: chart.querySelector(".cursor"),
  where: chart.querySelector(".where"),
  box: chart.querySelector(".box"),
}));

// All charts share their horizontal axis, so one cursor reads all of them.
function read(step) {
  for (const chart of charts) {
    chart.cursor.hidden = step === null || step > chart.last;
    chart.cursor.style.left = `${(100 * step) / chart.last}%`;
    chart.where.textContent = step === null ? "" : `step ${Math.round(step).toLocaleString("en")}`;
    chart.lines.forEach((line, index) => {
      const inside = step !== null && line.steps.length > 0;
      chart.outputs[index].textContent = inside ? format(line.values[nearest(line.steps, step)]) : "";
    });
  }
}

for (const chart of charts) {
  let step = chart.last;
  chart.box.addEventListener("pointermove", (event) => {
    const box = chart.box.getBoundingClientRect();
    step = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * chart.last;
    read(step);
  });
  chart.box.addEventListener("pointerleave", () => read(null));
  const plot = chart.element.querySelector(".plot");
  plot.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move) return;
    event.preventDefault();
    step = Math.min(Math.max(step + (move * chart.last) / 50, 0), chart.last);
    read(step);
  });
  plot.addEventListener("focus", () => read(step));
  plot.addEventListener("blur", () => read(null));
}

for (const player of document.querySelectorAll(".player")) {
  const name = player.dataset.frames;
  const frames = JSON.parse(document.getElementById(name).textContent);
  const images = document.querySelectorAll(`[data-player="${name}"] img[data-slot]`);
  const play = player.querySelector(".play"), slider = player.querySelector("input");
  const caption = player.querySelector(".caption"), last = frames.shown.length - 1;
  let timer = 0;
  if (last < 1) { player.classList.add("still"); continue; }
  play.hidden = slider.hidden = false;

  const show = (index) => {
    slider.value = index;
    caption.textContent = frames.captions[index];
    slider.setAttribute("aria-valuetext", frames.captions[index]);
    for (const image of images) {
      const place = frames.shown[index][Number(image.dataset.slot)];
      image.style.visibility = place < 0 ? "hidden" : "";
      if (place >= 0 && image.dataset.place !== String(place)) {
        image.src = frames.pool[place];
        image.dataset.place = place;
      }
    }
  };
  const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; };
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  play.addEventListener("click", () => {
    if (timer) { stop(); return; }
    play.textContent = "Pause";
    let index = Number(slider.value) >= last ? 0 : Number(slider.value);
    show(index);
    timer = setInterval(() => { show(++index); if (index >= last) stop(); }, 250);
  });
}

const viewer = document.getElementById("viewer"), stage = viewer.querySelector(".stage");
for (const button of document.querySelectorAll(".enlarge")) {
  button.addEventListener("click", () => {
    const group = button.closest(".strip, .row");
    const images = group ? group.querySelectorAll("img") : [button.querySelector("img")];
    stage.replaceChildren(...[...images].map((image) => {
      const figure = document.createElement("figure"), text = document.createElement("figcaption");
      figure.className = "picture";
      const copy = document.createElement("img");
      copy.src = image.src; copy.alt = image.alt; copy.className = image.className;
      text.textContent = image.alt;
      figure.append(copy, text);
      return figure;
    }));
    viewer.showModal();
  });
}
viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });

if (navigator.clipboard) {
  for (const command of document.querySelectorAll(".command")) {
    const copy = document.createElement("button");
    copy.type = "button"; copy.className = "copy"; copy.textContent = "Copy";
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(command.querySelector("code").textContent);
      copy.textContent = "Copied";
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    });
    command.append(copy);
  }
}
