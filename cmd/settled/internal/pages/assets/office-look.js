// @ts-check
// What people would rather look than read: drawn by the daemon, with the figures below.
import { h } from './dom.js';
import { call } from './daemon.js';
import { categories } from './words.js';
import { exports, office, panel, table, today } from './office-parts.js';

const s = { day: '', month: false };
const levels = ['', '一级以下', '二级', '三级'];

/** @param {number} m minutes */
const span = (m) => (m < 60 ? `${m} 分钟` : m < 48 * 60 ? `${Math.floor(m / 60)} 小时` : `${Math.floor(m / 1440)} 天`);

export async function look() {
  const day = s.day || today();
  const days = `${s.month ? 'month' : 'day'}=${day}`;
  const f = await call('GET', '/v1/figures?' + days);
  const pick = h('input', { type: 'date', id: 'look', value: day, max: today(), onchange: (/** @type {any} */ e) => { s.day = e.target.value; office.again(); } });
  const choose = (/** @type {boolean} */ month, /** @type {string} */ word) => h('button', { type: 'button', 'aria-pressed': String(s.month === month), onclick: () => { s.month = month; office.again(); } }, word);
  const some = f.slots.filter((/** @type {any} */ t) => t.count || t.oldest || t.total !== '0.00');
  const label = (/** @type {any} */ t) => (s.month ? t.label : t.label + ' 时');
  const chart = (/** @type {string} */ what, /** @type {string} */ title, /** @type {any} */ figures) => h('figure', { class: 'panel' }, h('img', { src: `/v1/charts/${what}?${days}`, alt: title + '；数字在下面的表里。', width: '960', height: what === 'fund' ? String(40 + 34 * Math.max(f.groups.length, 1)) : '240' }), h('details', {}, h('summary', {}, title + '：数字'), figures));
  return [
    panel(s.month ? `${day.slice(0, 7)} 月` : day, h('span', { class: 'tools' }, h('label', { class: 'sr', for: 'look' }, '日期'), pick, choose(false, '按日'), choose(true, '按月'), exports('settlements', days)),
      h('p', {}, `结算 ${f.slots.reduce((/** @type {number} */ n, /** @type {any} */ t) => n + t.count, 0)} 笔。退费和撤销按发生的时间扣减。`)),
    chart('volume', '结算笔数', table([s.month ? '日' : '时', '笔数#', '总额#', '统筹#'], some.map((/** @type {any} */ t) => [label(t), String(t.count), t.total, t.fund]), '没有结算。')),
    chart('fund', '统筹基金，按机构级别和参保类别', table(['机构级别', '参保类别', '笔数#', '总额#', '统筹#'], f.groups.map((/** @type {any} */ g) => [levels[g.level] ?? '', (categories[g.category] ?? '') + (g.retired ? '退休' : ''), String(g.count), g.total, g.fund]), '没有结算。')),
    chart('oldest', '最早一笔待上传等了多久', table([s.month ? '日终' : '时终', '等了#'], some.map((/** @type {any} */ t) => [label(t), span(t.oldest)]), '没有待上传的。')),
  ];
}
