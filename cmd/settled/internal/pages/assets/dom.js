// @ts-check
// Elements are made from text and other elements, never from HTML: what a patient or a
// drug is called can't become markup.

/**
 * Makes an element; properties that begin with "on" are listeners, null and false leave out.
 * @param {string} tag @param {Object<string, any>} [props] @param {...any} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
    else if (name === 'value') /** @type {any} */ (e).value = value;
    else e.setAttribute(name, value === true ? '' : String(value));
  }
  e.append(...flat(children));
  return e;
}

/** @param {any[]} children @returns {(Node|string)[]} */
function flat(children) {
  return children.flat(9).filter((/** @type {any} */ c) => c !== null && c !== undefined && c !== false).map((/** @type {any} */ c) => (c instanceof Node ? c : String(c)));
}

/** Replaces what is in an element. @param {Element} parent @param {...any} children */
export function show(parent, ...children) {
  parent.replaceChildren(...flat(children));
}

/** Makes something anew; the control that had the focus has it again, if there is one of its words in its place. @param {() => void} make */
export function anew(make) {
  const all = () => [...document.querySelectorAll('a, button, input, select, summary')];
  const had = document.activeElement;
  const place = all().indexOf(/** @type {Element} */ (had));
  make();
  const now = /** @type {HTMLElement|undefined} */ (all()[place]);
  if (!had?.isConnected && now && now.textContent === had?.textContent) now.focus();
}

/** @param {string} id @returns {any} */
export function $(id) {
  return document.getElementById(id);
}
