// Olah's computational graph, and paths and errors on any graph of a few edges. Nothing here is drawn.

/** An edge and its local derivative, ∂to/∂from. @typedef {{from: string, to: string, slope: number}} Edge */

/**
 * c = a + b, d = b + 1, e = c × d: eq. (12, graph).
 * @param {number} a @param {number} b
 * @returns {{values: Record<string, number>, edges: Edge[]}}
 */
export function olahGraph(a, b) {
  const [c, d] = [a + b, b + 1];
  return {
    values: {a, b, c, d, e: c * d},
    edges: [
      {from: "a", to: "c", slope: 1}, {from: "b", to: "c", slope: 1}, {from: "b", to: "d", slope: 1},
      {from: "c", to: "e", slope: d}, {from: "d", to: "e", slope: c},
    ],
  };
}

/**
 * Every path from one node to another, with the factors on its edges, the last edge's first as in eq. (12).
 * @param {Edge[]} edges @param {string} from @param {string} to
 * @returns {{nodes: string[], factors: number[], product: number}[]}
 */
export function graphPaths(edges, from, to) {
  if (from === to) return [{nodes: [to], factors: [], product: 1}];
  return edges.filter((edge) => edge.from === from).flatMap((edge) =>
    graphPaths(edges, edge.to, to).map(({nodes, factors, product}) =>
      ({nodes: [from, ...nodes], factors: [...factors, edge.slope], product: product * edge.slope})));
}

/**
 * ∂end/∂node of every node in one walk backward: each edge is used once.
 * @param {Edge[]} edges @param {string[]} order  nodes, the end first and each before those that feed it
 * @returns {Record<string, number>}
 */
export function graphErrors(edges, order) {
  /** @type {Record<string, number>} */
  const errors = {[order[0]]: 1};
  for (const node of order.slice(1)) {
    errors[node] = edges.filter((edge) => edge.from === node).reduce((sum, edge) => sum + edge.slope * errors[edge.to], 0);
  }
  return errors;
}
