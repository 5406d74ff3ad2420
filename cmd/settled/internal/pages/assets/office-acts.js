// @ts-check
// Who did what on a day, as the journal has it.
import { h } from './dom.js';
import { call } from './daemon.js';
import { moment } from './words.js';
import { exports, nowrap, office, panel, statement, table, today } from './office-parts.js';

const s = { day: '', operator: '' };

/** What has a statement to look at. */
const stated = ['settlement', 'self_paid', 'void', 'refund', 'reprint', 'held', 'release', 'repair'];
/** What somebody should look at. */
const odd = ['sign_in_refused', 'lock_out'];

export async function acts() {
  const day = s.day || today();
  const ask = `day=${day}` + (s.operator && '&operator=' + encodeURIComponent(s.operator));
  const { acts: list, more } = await call('GET', '/v1/acts?' + ask);
  const change = (/** @type {'day'|'operator'} */ key) => (/** @type {any} */ e) => { s[key] = e.target.value.trim(); office.again(); };
  const rows = list.map((/** @type {any} */ a) => [nowrap(moment(a.at)), a.seat, nowrap(a.operator || '—'), a.second ?? '', h(odd.includes(a.kind) ? 'b' : 'span', { class: 'nowrap' + (odd.includes(a.kind) ? ' bad' : '') }, a.words),
    a.number ? (stated.includes(a.kind) ? statement(a.number) : a.number) : '', a.detail, String(a.entry)]);
  return panel(`${day} 操作记录`, exports('acts', ask),
    h('div', { class: 'row' }, h('label', { for: 'acts-day' }, '日期'), h('input', { type: 'date', id: 'acts-day', value: day, max: today(), onchange: change('day') }),
      h('label', { for: 'acts-operator' }, '工号（空为全部）'), h('input', { id: 'acts-operator', value: s.operator, maxlength: '32', autocomplete: 'off', onchange: change('operator') })),
    more > 0 && h('p', { class: 'wait' }, `只显示最近 ${list.length} 条，更早的 ${more} 条请导出查看。`),
    table(['时间', '窗口', '工号', '复核', '操作', '单号', '说明', '账本条目#'], rows, '没有记录。'));
}
