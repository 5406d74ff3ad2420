// @ts-check
// The back office: what waits, what is held and why, what is owed, whether the books
// agree, and which rules hold until when.
import { $, h, show } from './dom.js';
import { call } from './daemon.js';
import { fen, yuan } from './money.js';
import { second } from './second.js';
import { moment, roles, uploads, when } from './words.js';

/** @type {any} */
const s = { me: null, tab: 'queue', said: '', bad: false };

/** @type {[string, string, () => Promise<any>][]} */
const tabs = [['queue', '队列与挂起', queue], ['debts', '差额收退', debts], ['books', '对账', books], ['shift', '班次', shift], ['policy', '政策', policy]];

const may = () => ['supervisor', 'insurance', 'operations'].includes(s.me.role);
const today = () => new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);

async function render() {
  show($('tabs'), tabs.map(([key, word]) => h('button', { type: 'button', 'aria-pressed': String(key === s.tab), onclick: () => { s.tab = key; s.said = ''; render(); } }, word)));
  let parts;
  try {
    parts = await /** @type {any} */ (tabs.find(([key]) => key === s.tab))[2]();
  } catch (e) {
    parts = h('p', { class: 'panel said bad' }, /** @type {Error} */ (e).message);
  }
  show($('main'), s.said && h('p', { class: 'panel said ' + (s.bad ? 'bad' : 'good'), role: 'status' }, s.said), parts);
}

/** @param {() => Promise<any>} what @param {string} done */
async function doing(what, done) {
  try {
    await what();
    [s.said, s.bad] = [done, false];
  } catch (e) {
    [s.said, s.bad] = [/** @type {Error} */ (e).message, true];
  }
  await render();
}

/** @param {string[]} heads those that end with # are amounts @param {any[][]} rows @param {string} [none] */
function table(heads, rows, none = '没有。') {
  if (rows.length === 0) return h('p', { class: 'faint' }, none);
  const amount = heads.map((t) => t.endsWith('#'));
  return h('table', {}, h('thead', {}, h('tr', {}, heads.map((t, i) => h('th', { scope: 'col', class: amount[i] ? 'amount' : '' }, t.replace('#', ''))))),
    h('tbody', {}, rows.map((r) => h('tr', {}, r.map((c, i) => h('td', { class: amount[i] ? 'amount' : '' }, c))))));
}

/** A button that saves rows as CSV. Cells that a spreadsheet would compute are quoted as text. @param {string} name @param {string[]} heads @param {any[][]} rows */
function csv(name, heads, rows) {
  return h('button', { type: 'button', onclick: () => {
    const cell = (/** @type {any} */ v) => `"${String(v ?? '').replace(/^[=+@\t]|^-(?!\d)/, "'$&").replace(/"/g, '""')}"`;
    const text = '\ufeff' + [heads, ...rows].map((r) => r.map(cell).join(',')).join('\r\n') + '\r\n';
    const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
    h('a', { href: url, download: `${name}-${today()}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  } }, '导出 CSV');
}

/** @param {string} title @param {any} tool @param {...any} body */
const panel = (title, tool, ...body) => h('section', { class: 'panel' }, h('h2', {}, title, tool), body);

/** @param {string} tone @param {string} sign @param {string} value @param {string} word */
const tile = (tone, sign, value, word) => h('div', { class: `tile ${tone}` }, h('b', {}, h('span', { class: 'sign ' + tone, 'aria-hidden': 'true' }, sign + ' '), value), h('span', {}, word));

/** Bars by day, drawn from templates: their height is the fund's money. @param {{day: string, fund: number, held: number}[]} days */
function chart(days) {
  const svg = $('chart').content.firstElementChild.cloneNode(true);
  const wide = 1200 / Math.max(days.length, 10);
  svg.setAttribute('viewBox', '0 0 1200 180');
  svg.setAttribute('aria-label', '未上传的统筹基金，按结算日：' + days.map((d) => `${d.day} ${yuan(d.fund)} 元`).join('，'));
  const most = Math.max(...days.map((d) => d.fund), 1);
  days.forEach((d, i) => {
    const tall = (d.fund / most) * 125;
    const [rect, text] = $('bar').content.firstElementChild.cloneNode(true).children;
    const label = text.cloneNode(true);
    Object.entries({ x: i * wide + 8, y: 155 - tall, width: wide - 16, height: Math.max(2, tall) }).forEach(([k, v]) => rect.setAttribute(k, String(v)));
    if (d.held) rect.setAttribute('class', 'held');
    text.setAttribute('x', String((i + 0.5) * wide));
    text.setAttribute('y', '172');
    text.textContent = d.day.slice(5) + (d.held ? ` ‖${d.held}` : '');
    label.setAttribute('x', String((i + 0.5) * wide));
    label.setAttribute('y', String(148 - tall));
    label.textContent = yuan(d.fund);
    svg.firstElementChild.append(rect, text, label);
  });
  return svg;
}

async function queue() {
  const [st, list] = await Promise.all([call('GET', '/v1/standing'), call('GET', '/v1/queue?limit=1000')]);
  const q = st.queue;
  const held = list.entries.filter((/** @type {any} */ e) => e.state === 'held');
  const waits = list.entries.filter((/** @type {any} */ e) => e.state !== 'held');
  const days = new Map();
  for (const e of list.entries) {
    const key = (e.at ?? '').slice(0, 10);
    const d = days.get(key) ?? { day: key, fund: 0, held: 0 };
    d.fund += fen(e.fund);
    d.held += e.state === 'held' ? 1 : 0;
    days.set(key, d);
  }
  const heads = ['单号', '种类', '结算时间', '总额#', '统筹#', '现金#', '状态', '原因', '期限'];
  const kind = { settlement: '结算', void: '撤销', refund: '退费' };
  const row = (/** @type {any} */ e) => [e.number, /** @type {any} */ (kind)[e.kind], when(e.at), e.total, e.fund, e.cash, uploads[e.state]?.[1] ?? e.state, e.reason?.cashier ?? '', when(e.deadline)];
  return [
    h('div', { class: 'tiles' },
      tile(st.not_ready.length ? 'bad' : 'good', st.not_ready.length ? '✕' : '✓', st.not_ready.length ? '不能结算' : '正常', st.not_ready.map((/** @type {any} */ n) => n.text).join(' ') || '窗口可以结算'),
      tile(st.platform ? 'wait' : 'good', st.platform ? '!' : '✓', st.platform ? '中断' : '通', st.platform?.text ?? '医保平台'),
      tile(q.pending ? 'wait' : 'good', q.pending ? '…' : '✓', String(q.pending), q.oldest_pending ? `笔待上传，最早 ${when(q.oldest_pending)}` : '笔待上传'),
      tile(q.held ? 'bad' : 'good', q.held ? '‖' : '✓', String(q.held), q.oldest_held ? `笔挂起，最早 ${when(q.oldest_held)}` : '笔挂起'),
      tile('off', '￥', q.exposed, `未确认的统筹基金${q.risk ? `，上限 ${q.risk.counter.limit}` : ''}`),
      tile('off', '#', String(q.entry), `账本条数${q.hash ? `，链头 ${q.hash.slice(0, 12)}` : ''}`)),
    days.size > 0 && panel('未上传的统筹基金（按结算日；红色有挂起）', null, chart([...days.values()].sort((a, b) => a.day.localeCompare(b.day)).slice(-30))),
    panel('挂起：要人处理', csv('挂起', heads, held.map(row)), table([...heads, ''], held.map((/** @type {any} */ e) => [...row(e), may() && mover(e, 'release', '放行')]))),
    panel('待上传', csv('待上传', heads, waits.map(row)), table([...heads, ''], waits.map((/** @type {any} */ e) => [...row(e), may() && e.state === 'pending' && e.kind === 'settlement' && mover(e, 'hold', '挂起')]))),
  ];
}

/** Moves one, with the reason. @param {any} e @param {string} how @param {string} word */
function mover(e, how, word) {
  const why = h('input', { 'aria-label': `${word} ${e.number} 的原因`, placeholder: '原因', maxlength: '100', size: '12' });
  const two = second('second-' + e.number);
  const said = h('span', { class: 'bad', role: 'alert' });
  const go = async () => {
    if (why.value.trim() === '') return why.focus();
    try {
      await call('POST', `/v1/queue/${encodeURIComponent(e.number)}/${how}`, { why: why.value.trim(), ...two.said() });
    } catch (err) {
      if (!two.asked(err)) return doing(() => Promise.reject(err), '');
      said.textContent = /** @type {Error} */ (err).message;
      return undefined;
    }
    return doing(async () => {}, `${e.number} 已${word}。`);
  };
  return h('span', { class: 'row' }, why, h('button', { type: 'button', onclick: go }, word), two.row, said);
}

async function debts() {
  const { debts: list } = await call('GET', '/v1/differences');
  const heads = ['患者', '证件', '结算单', '日期', '本地现金#', '平台现金#', '应收（负为应退）#', ''];
  const rows = list.flatMap((/** @type {any} */ d) => d.items.map((/** @type {any} */ i) => [d.name, d.id_number, i.number, i.made, i.local.cash, i.platform.cash, i.cash, i.tolerated ? '免' : fen(i.cash) > 0 ? '补收' : '退还']));
  return panel('平台与本地算得不同：向患者补收或退还', csv('差额', heads, rows), table(heads, rows, '没有差额。'));
}

async function books() {
  const day = h('input', { type: 'date', id: 'day', value: s.day ?? today(), 'aria-label': '对账日' });
  const run = () => doing(async () => {
    s.day = day.value;
    s.report = await call('POST', '/v1/reconciliations', { day: day.value });
  }, `${day.value} 已对账。`);
  const r = s.report;
  const found = (r?.details ?? []).flatMap((/** @type {any} */ d) => d.findings);
  const kinds = { only_here: '本地有，平台没有', only_there: '平台有，本地没有', differs: '金额不同', unclear: '不明', other_day: '日期不同', elsewhere: '别的窗口' };
  const heads = ['种类', '单号', '本地总额#', '平台总额#', '处理'];
  const rows = found.map((/** @type {any} */ f) => [/** @type {any} */ (kinds)[f.kind] ?? f.kind, f.number, f.here?.total ?? '', f.there?.total ?? '', f.do]);
  return [
    panel('与医保平台对账（3201、3202）', null, h('div', { class: 'row' }, h('label', { for: 'day' }, '日期'), day, h('button', { type: 'button', class: 'main', onclick: run }, '对账'))),
    r && panel(`${r.day} 的结果`, csv('对账', heads, rows),
      h('p', { class: 'said ' + (r.books.every((/** @type {any} */ b) => b.state === 'equal') ? 'good' : 'bad') }, r.books.length === 0 ? '当天平台没有结算。' : r.books.every((/** @type {any} */ b) => b.state === 'equal') ? '✓ 账平' : '✕ 账不平'),
      table(heads, rows, '没有不一致。')),
  ];
}

async function shift() {
  let now;
  try {
    now = await call('GET', '/v1/shifts/current');
  } catch (e) {
    return panel('班次', null, h('p', {}, /** @type {Error} */ (e).message));
  }
  const row = (/** @type {string} */ word, /** @type {any} */ t) => [word, t.count, t.total, t.fund, t.own, t.mutual, t.cash];
  const heads = ['', '笔数#', '总额#', '统筹#', '个账#', '共济#', '现金#'];
  const rows = [row('结算', now.settled), row('撤销', now.voided), row('退费', now.refunded)];
  return panel(`班次 ${now.number}，${now.operator} 于 ${moment(now.opened)} 开班，备用金 ￥${now.float}`, csv('班次', heads, rows), table(heads, rows));
}

/** @param {string} text */
const nowrap = (text) => h('span', { class: 'nowrap' }, text);

async function policy() {
  const p = await call('GET', `/v1/policy?on=${s.on ?? today()}`);
  const on = h('input', { type: 'date', id: 'on', value: s.on ?? today(), 'aria-label': '日期', onchange: (/** @type {any} */ e) => { s.on = e.target.value; render(); } });
  const status = { official: '公布', derived: '推算', provisional: '暂定', unknown: '未知' };
  const why = { missing: '✕ 缺失', ending: '! 即将到期', illustrative: '! 演示值' };
  const heads = ['参数', '值#', '单位', '自', '至', '规则', '来源', '状态'];
  const rows = p.values.map((/** @type {any} */ v) => [v.title, v.value, v.unit, v.from, v.to ?? '', v.rule, v.source, (/** @type {any} */ (status)[v.status] ?? v.status) + (v.demo ? '（演示）' : '')]);
  return [
    panel('要补的数', null, h('div', { class: 'short', tabindex: '0' }, table(['情况', '参数', '自', '后果', '处理'], [...p.stale].sort((a, b) => Number(b.bills) - Number(a.bills)).map((/** @type {any} */ r) => [nowrap(/** @type {any} */ (why)[r.why]), r.title, nowrap(r.on), r.bills ? '用到它的账单不予结算' : '账单不受影响', r.do]), '三个月内没有缺失或到期的数值。'))),
    panel(`当日有效的政策值（${p.digest.slice(0, 12)}）`, h('span', { class: 'row' }, on, csv('政策', heads, rows)), table(heads, rows)),
  ];
}

async function begin() {
  s.me = await call('GET', '/v1/me');
  if (s.me.role === 'kiosk') return location.replace('/kiosk');
  $('seat').textContent = `医保结算后台 ${s.me.seat}`;
  show($('account'), h('span', {}, `${s.me.name ?? ''} ${s.me.operator}（${roles[s.me.role]}）`), ['cashier', 'supervisor'].includes(s.me.role) && h('a', { href: '/cashier' }, '收费窗口'),
    h('button', { type: 'button', onclick: async () => { await call('POST', '/v1/sign-out'); location.replace('/sign-in'); } }, '退出'));
  await render();
}

begin().catch((e) => show($('main'), h('p', { class: 'panel said bad' }, e.message)));
