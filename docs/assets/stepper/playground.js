/** @param {HTMLElement} host */
export function mountPlayground(host) {
  host.textContent = "";
}
