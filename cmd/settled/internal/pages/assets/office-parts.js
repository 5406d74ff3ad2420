// @ts-check
// What the back office's pages are made of.
import { $, h, show } from './dom.js';
import { close, open } from './dialog.js';
import { second } from './second.js';

/** @typedef {{me: any, tab: string, said: string, bad: boolean, again: () => Promise<void>}} Office */
/** @type {Office} */
export const office = { me: null, tab: 'queue', said: '', bad: false, again: async () => {} };

/** Who looks after the queue, and who puts rules into force. */
export const keeps = () => ['supervisor', 'insurance', 'operations'].includes(office.me.role);
export const rules = () => ['insurance', 'operations'].includes(office.me.role);
export const today = () => new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);

/** Does something, says how it went, and shows the page anew. @param {() => Promise<any>} what @param {string} done */
export async function doing(what, done) {
  try {
    await what();
    [office.said, office.bad] = [done, false];
  } catch (e) {
    [office.said, office.bad] = [/** @type {Error} */ (e).message, true];
  }
  await office.again();
}

/** @param {string[]} heads those that end with # are amounts @param {any[][]} rows @param {string} [none] */
export function table(heads, rows, none = '没有。') {
  if (rows.length === 0) return h('p', { class: 'faint' }, none);
  const amount = heads.map((t) => t.endsWith('#'));
  return h('table', {}, h('thead', {}, h('tr', {}, heads.map((t, i) => h('th', { scope: 'col', class: amount[i] ? 'amount' : '' }, t.replace('#', ''))))),
    h('tbody', {}, rows.map((r) => h('tr', {}, r.map((c, i) => h('td', { class: amount[i] ? 'amount' : '' }, c))))));
}

/** @param {string} title @param {any} tool @param {...any} body */
export const panel = (title, tool, ...body) => h('section', { class: 'panel' }, h('h2', {}, title, tool), body);

/** @param {string} tone @param {string} sign @param {string} value @param {string} word */
export const tile = (tone, sign, value, word) => h('div', { class: `tile ${tone}` }, h('b', {}, h('span', { class: 'sign ' + tone, 'aria-hidden': 'true' }, sign + ' '), value), h('span', {}, word));

/** @param {string} text */
export const nowrap = (text) => h('span', { class: 'nowrap' }, text);

/** Links that save a table. @param {string} what @param {string} [days] "day=…" or "month=…" */
export function exports(what, days = '') {
  const link = (/** @type {string} */ format, /** @type {string} */ word, more = '') => h('a', { class: 'button', href: `/v1/exports/${what}?${[`format=${format}`, days, more].filter(Boolean).join('&')}`, download: '' }, word);
  const clear = office.me.role === 'insurance' && ['queue', 'held', 'differences', 'settlements'].includes(what);
  return h('span', { class: 'tools' }, link('xlsx', '导出 Excel'), link('csv', '导出 CSV'), clear && link('xlsx', '导出（含姓名证件）', 'clear=true'));
}

/** A settlement's number, which leads to its statement with the reasons. @param {string} number */
export const statement = (number) => h('a', { href: '/statement?number=' + encodeURIComponent(number), target: '_blank', rel: 'noopener' }, number);

/**
 * Asks for a reason, and what else there is to fill in, before something is done; and for a
 * second person where the daemon wants one.
 * @param {string} title @param {any} body @param {string} word of the button
 * @param {(why: string, second: any) => Promise<any>} act @param {string} done what is said after it
 * @param {boolean} [needs] a reason
 */
export function ask(title, body, word, act, done, needs = true) {
  const why = h('input', { id: 'why', class: 'wide', maxlength: '200', required: needs });
  const two = second('second');
  const said = h('p', { class: 'bad', role: 'alert' });
  let busy = false;
  const go = async () => {
    if (needs && why.value.trim() === '') {
      said.textContent = '请填写原因；未办理。';
      return why.focus();
    }
    if (busy) return;
    busy = true;
    let result = async () => {};
    try {
      await act(why.value.trim(), two.said());
    } catch (e) {
      busy = false;
      said.textContent = /** @type {Error} */ (e).message;
      if (two.asked(e)) return;
      result = () => Promise.reject(e);
    }
    close();
    await doing(result, done);
  };
  open(title, [body, h('div', { class: 'row' }, h('label', { for: 'why' }, needs ? '原因（留存备查）' : '说明（可不填）'), why), two.row, said], [{ key: 'F2', word, main: true, do: go }, { key: 'Escape', word: '取消', do: close }], { Enter: go });
  ($('dialog').querySelector('.body select, .body input') ?? why).focus();
}

/** Shows the page's parts under what was said last. @param {...any} parts */
export function page(...parts) {
  show($('main'), office.said && h('p', { class: 'panel said ' + (office.bad ? 'bad' : 'good'), role: 'status' }, office.said), parts);
}
