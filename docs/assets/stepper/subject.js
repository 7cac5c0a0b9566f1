// What the stepper shows: a subject has numbers that a reader changes, steps, a drawing, and paths.

/**
 * An equation of a step. The value is what stands on its left, unrounded.
 * @typedef {object} Equation
 * @property {string} [tag]  its number in the tutorial
 * @property {string} tex
 * @property {number | number[] | number[][]} [value]
 */

/**
 * @typedef {object} Step
 * @property {string} id  what an address names it by
 * @property {string} chapter
 * @property {string} title
 * @property {string} [text]
 * @property {Equation[]} equations
 * @property {"forward" | "backward"} phase
 * @property {string[]} done  the keys of the values and errors that are known by now
 * @property {string[]} lit  the keys of what the step is about
 * @property {string} [selects]  the number whose paths it shows
 * @property {boolean} [riddle]  it asks, or comes too early, for what the list of paths would say
 * @property {boolean} [blocked]  its step downhill cannot be taken
 */

/**
 * A path from a number to the end: the symbols along it and the factors between them, both in the order of eq. (12), from the
 * end back to the number, and the label of each part of the drawing that it runs over.
 * @typedef {{names: string[], factors: number[], product: number, labels: Map<string, number>}} PathRow
 */

/** All paths of a number, or as many as are listed. @typedef {{note?: string, slope: string, rows: PathRow[], count: bigint, total: number}} Paths */

/** A table of numbers, each by its key. @typedef {{tex: string, keys: string[][]}} Group */

/**
 * What a drawing shows.
 * @typedef {object} View
 * @property {Step} step
 * @property {string | null} selected
 * @property {PathRow[]} paths  those that light up
 */

/** The room of a drawing: its width in CSS pixels, and whether layers stand below one another. @typedef {{width: number, upright: boolean}} Space */

/** @typedef {{element: SVGSVGElement, update: (view: View) => void}} Picture */

/**
 * @typedef {object} Subject
 * @property {string} name
 * @property {string} hint  what a reader can do
 * @property {boolean} [wide]  the drawing takes the whole width
 * @property {Group[]} groups
 * @property {(key: string) => number} get
 * @property {(key: string, value: number) => void} set
 * @property {(key: string) => string} tex  the number's symbol
 * @property {(key: string) => string} said  the number's name as plain text
 * @property {(selected: string | null) => Step[]} steps
 * @property {(select: (key: string) => void, space: Space) => Picture} draw
 * @property {(key: string) => Paths | null} paths
 * @property {() => void} [descend]  takes the step of eq. (1)
 * @property {() => Record<string, string>} written  what an address says of it
 */

/**
 * A list of steps, and what adds one: it knows what the steps before it found out.
 * @param {string} forward  the chapter whose steps go forward
 */
export function stepList(forward) {
  /** @type {Step[]} */
  const steps = [];
  /** @type {string[]} */
  const done = [];
  /**
   * @param {string} id @param {string} chapter @param {string[]} said @param {Equation[]} equations
   * @param {{lit?: string[], done?: string[], selects?: string, riddle?: boolean}} [more]
   */
  const add = (id, chapter, [title, text], equations, more = {}) => {
    done.push(...(more.done ?? []));
    const phase = chapter === forward ? "forward" : "backward";
    steps.push({id, chapter, title, text, equations, phase, done: [...done], lit: more.lit ?? more.done ?? [], selects: more.selects, riddle: more.riddle});
  };
  return {steps, done, add};
}
