// The playground's random numbers: the same seed gives the same numbers in every browser.

/**
 * Numbers that only look random.
 * @typedef {object} Generator
 * @property {() => number} uniform  from 0 to 1, without 1
 * @property {() => number} normal  mean 0, variance 1
 * @property {(count: number) => number[]} shuffled  0, 1, …, count − 1 in a random order
 */

/**
 * The generator mulberry32 of Tommy Ettinger: a counter of 32 bits with the step 0x6D2B79F5, mixed. Normal numbers are
 * Box's and Muller's, orders those of Fisher and Yates.
 * @param {number} seed
 * @returns {Generator}
 */
export function generator(seed) {
  let counter = seed >>> 0;
  const uniform = () => {
    counter = (counter + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(counter ^ (counter >>> 15), counter | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const shuffled = (/** @type {number} */ count) => {
    const order = Array.from({length: count}, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor(uniform() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  };
  return {uniform, normal, shuffled};
}
