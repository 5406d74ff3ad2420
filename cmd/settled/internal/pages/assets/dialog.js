// @ts-check
// One dialog at a time, with keys of its own. Esc always leads out of it.
import { $, h, show } from './dom.js';

/** @type {Object<string, () => void>} */
let keys = {};

export const isOpen = () => $('dialog').open;

/** What a key does in the dialog. @param {string} name @returns {(() => void)|undefined} */
export function dialogKeys(name) {
  if (name === 'Enter' && document.activeElement instanceof HTMLButtonElement) return undefined; // it presses that button
  if (keys[name]) return keys[name];
  if (name === 'Escape') return close;
  return /^F\d+$/.test(name) ? () => {} : undefined; // the page behind hears none
}

/** The second click of a double one presses nothing: what it meant to press has gone. @param {() => void} act */
const once = (act) => (/** @type {MouseEvent} */ e) => { if (e.detail < 2) act(); };

/**
 * Shows content in the dialog; actions are its buttons with their keys.
 * @param {string} title @param {any} body
 * @param {{key?: string, word: string, main?: boolean, grave?: boolean, off?: boolean, do: () => void}[]} actions
 * @param {Object<string, () => void>} [more] further keys
 */
export function open(title, body, actions, more = {}) {
  keys = { ...more };
  for (const a of actions) if (a.key && !a.off) keys[a.key] = a.do;
  const label = (/** @type {string} */ k) => (k === 'Escape' ? 'Esc' : k.replace('Alt+', 'Alt+').toUpperCase().replace('ALT', 'Alt').replace('ENTER', '回车'));
  show($('dialog'), h('h2', { id: 'dialog-title' }, title), h('div', { class: 'body' }, body),
    h('div', { class: 'actions' }, actions.map((a) => h('button', { type: 'button', class: a.main ? 'main' : a.grave ? 'grave' : '', disabled: a.off, onclick: once(a.do) }, a.key ? `${a.word} ${label(a.key)}` : a.word)),
      keys.Escape ? null : h('button', { type: 'button', onclick: close }, '关闭 Esc')));
  if (!$('dialog').open) $('dialog').showModal();
}

export function close() {
  keys = {};
  $('dialog').close();
}
