// Pictures of what the playground's network says: the plane in the colours of two classes, or images of digits.

import {forward} from "./network.js";
import {right} from "./training.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./datasets.js").Sample} Sample */

const SIDE = 360;
/** The plane is asked at so many points in each direction. */
const GRID = 48;
/** From −REACH to REACH. */
const REACH = 1.15;
const COLUMNS = 8;
const ROWS = 8;

/** @param {number} value  a coordinate of the plane @returns {number} of the picture */
const across = (value) => ((value + REACH) / (2 * REACH)) * SIDE;

export class Plane {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.coarse = document.createElement("canvas");
    this.coarse.width = this.coarse.height = GRID;
    const scale = Math.min(2, window.devicePixelRatio || 1);
    canvas.width = canvas.height = SIDE * scale;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.context.scale(scale, scale);
  }

  /** @param {string} name */
  colour(name) {
    return window.getComputedStyle(this.canvas).getPropertyValue(name).trim();
  }

  /** @param {Network} network @param {Sample[]} samples @param {number} chosen  the sample with a ring */
  draw(network, samples, chosen) {
    this.context.clearRect(0, 0, SIDE, SIDE);
    if (network.sizes[0] === 2) this.drawPlane(network, samples, chosen);
    else this.drawDigits(network, samples, chosen);
  }

  /** @param {Network} network @param {Sample[]} samples @param {number} chosen */
  drawPlane(network, samples, chosen) {
    const L = network.sizes.length;
    const [zero, one] = [rgb(this.colour("--bp-zero")), rgb(this.colour("--bp-one"))];
    const coarse = /** @type {CanvasRenderingContext2D} */ (this.coarse.getContext("2d"));
    const image = coarse.createImageData(GRID, GRID);
    for (let row = 0; row < GRID; row++) {
      for (let column = 0; column < GRID; column++) {
        const at = (/** @type {number} */ i) => REACH * ((2 * (i + 0.5)) / GRID - 1);
        const output = forward(network, [at(column), -at(row)]).a[L][0];
        const colour = output > 0.5 ? one : zero;
        const strength = 0.08 + 0.5 * Math.abs(2 * output - 1);
        image.data.set([...colour, 255 * strength], 4 * (row * GRID + column));
      }
    }
    coarse.putImageData(image, 0, 0);
    this.context.imageSmoothingEnabled = true;
    this.context.drawImage(this.coarse, 0, 0, SIDE, SIDE);
    samples.forEach(({x, y}, i) => {
      const [u, v] = [across(x[0]), across(-x[1])];
      this.context.beginPath();
      if (y[0]) this.context.arc(u, v, 4, 0, 2 * Math.PI);
      else this.context.rect(u - 3.4, v - 3.4, 6.8, 6.8);  // told apart without colours too
      this.context.fillStyle = this.colour(y[0] ? "--bp-one" : "--bp-zero");
      this.context.strokeStyle = this.colour("--bp-ground");
      this.context.lineWidth = 1.2;
      this.context.fill();
      this.context.stroke();
      if (i === chosen) this.ring(() => this.context.arc(u, v, 9, 0, 2 * Math.PI));
    });
  }

  /** @param {Network} network @param {Sample[]} samples @param {number} chosen */
  drawDigits(network, samples, chosen) {
    const [width, height] = [SIDE / COLUMNS, SIDE / ROWS];
    const ink = this.colour("--bp-text");
    samples.slice(0, COLUMNS * ROWS).forEach(({x, y}, i) => {
      const [left, top] = [(i % COLUMNS) * width, Math.floor(i / COLUMNS) * height];
      const output = forward(network, x).a[network.sizes.length];
      const hit = right(output, y);
      const pixel = (width - 17) / 8;
      this.context.fillStyle = ink;
      x.forEach((value, p) => {
        this.context.globalAlpha = value;
        this.context.fillRect(left + 3 + (p % 8) * pixel, top + 5 + Math.floor(p / 8) * pixel, pixel, pixel);
      });
      this.context.globalAlpha = 1;
      this.context.fillStyle = this.colour(hit ? "--bp-soft" : "--bp-wrong");
      this.context.font = `${hit ? "" : "bold "}12px system-ui, sans-serif`;
      this.context.fillText(String(output.indexOf(Math.max(...output))), left + width - 11, top + height - 12);
      if (i === chosen) this.ring(() => this.context.rect(left + 1, top + 1, width - 2, height - 2));
    });
  }

  /** @param {() => void} path */
  ring(path) {
    this.context.beginPath();
    path();
    this.context.strokeStyle = this.colour("--bp-text");
    this.context.lineWidth = 2.5;
    this.context.stroke();
  }

  /** The sample that is shown nearest to a place of the picture, from 0 to 1. @param {Sample[]} samples @param {number} u @param {number} v */
  nearest(samples, u, v) {
    if (samples[0].x.length !== 2) return Math.min(samples.length - 1, Math.floor(v * ROWS) * COLUMNS + Math.floor(u * COLUMNS));
    const distance = (/** @type {Sample} */ {x}) => Math.hypot(across(x[0]) - u * SIDE, across(-x[1]) - v * SIDE);
    return samples.reduce((best, sample, i) => (distance(sample) < distance(samples[best]) ? i : best), 0);
  }

  /**
   * The sample that an arrow key leads to: of those that lie in its direction rather than aside, the nearest.
   * @param {Sample[]} samples @param {number} from @param {number} along @param {number} down  1 or −1 in one of the two directions
   */
  beside(samples, from, along, down) {
    const places = samples[0].x.length === 2 ? samples.map(({x}) => [x[0], -x[1]])
      : samples.slice(0, COLUMNS * ROWS).map((_, i) => [i % COLUMNS, Math.floor(i / COLUMNS)]);
    let [best, least] = [from, Infinity];
    places.forEach(([u, v], i) => {
      const [du, dv] = [u - places[from][0], v - places[from][1]];
      const [ahead, aside] = [du * along + dv * down, Math.abs(du * down) + Math.abs(dv * along)];
      if (ahead <= 0 || aside > ahead || Math.hypot(ahead, aside) >= least) return;
      [best, least] = [i, Math.hypot(ahead, aside)];
    });
    return best;
  }
}

/** @param {string} hex  #rrggbb */
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
