// @ts-check
// The statement of a settlement on A4 (医疗费用结算单), to be printed by the browser.
import { $, h, show } from './dom.js';
import { call, Refusal } from './daemon.js';
import { capitals, fen } from './money.js';
import { grades, moment, sources, uploads } from './words.js';

/** @param {any} st */
function marks(st) {
  const list = [];
  if (st.illustrative) list.push('演示用政策数据，不作依据');
  if (st.provisional && st.upload?.state !== 'acknowledged') list.push('离线结算，待上传，以平台结算为准');
  if (st.void) list.push(`本单已由 ${st.void} 撤销或退费，作废`);
  if (st.upload?.state === 'differs') list.push('平台金额与本单不同，差额另行收退');
  return list.map((t) => h('p', { class: 'marks' }, t));
}

/** @param {any} st */
function sheet(st) {
  const pairs = [['结算单号', st.number], ['结算时间', moment(st.at)], ['就诊日期', st.visit_day], ['姓名', st.name], ['社会保障号码', st.id_number],
    ['年度', st.period], ['窗口', st.seat], ['收费员', st.operator], ['平台', (uploads[st.upload?.state] ?? ['', '—'])[1]]];
  const right = ['单价', '数量', '金额', '统筹支付', '先自付', '超限价', '自费'];
  return [
    h('h1', {}, '医疗费用结算单'), h('p', { class: 'sub' }, st.institution), marks(st),
    h('dl', {}, pairs.map(([k, v]) => [h('dt', {}, k), h('dd', {}, v)])),
    h('table', {}, h('thead', {}, h('tr', {}, h('th', {}, '#'), h('th', {}, '项目'), h('th', {}, '类'), right.map((t) => h('th', { class: 'amount' }, t)))),
      h('tbody', {}, st.split.items.map((/** @type {any} */ l, /** @type {number} */ i) => h('tr', {}, h('td', {}, i + 1), h('td', {}, l.name), h('td', {}, grades[st.lines[i].category] ?? ''),
        [st.lines[i].unit_price, st.lines[i].qty, l.amount, l.fund, l.first_self_pay, l.over_cap, l.self_funded].map((v) => h('td', { class: 'amount' }, v)))))),
    h('table', { class: 'sums' }, h('tbody', {},
      h('tr', {}, h('th', {}, '总额'), h('td', {}, `￥${st.total}　${capitals(fen(st.total))}`)),
      sources.map(([k, t]) => h('tr', {}, h('th', {}, t), h('td', {}, `￥${st[k]}　${capitals(fen(st[k]))}`))),
      st.limit_after && h('tr', {}, h('th', {}, '年度限额剩余'), h('td', {}, `￥${st.limit_after}`)))),
    h('h2', {}, '每分钱的理由'),
    h('ol', { class: 'reasons' }, st.split.steps.filter((/** @type {any} */ s) => s.what !== 'line').map((/** @type {any} */ s) => h('li', {}, s.zh))),
    h('div', { class: 'sign-here' }, h('p', {}, '患者或家属签名：'), h('p', {}, '收费员：'), h('p', {}, '日期：')),
    h('footer', {}, `政策数据 ${st.rules.slice(0, 16)}　本结算单不作报销凭证；医疗收费票据另行开具。`),
  ];
}

/** A settlement; of the number of a reversal the one that it took back. @param {string} number */
async function find(number) {
  const get = (/** @type {string} */ what, /** @type {string} */ n) => call('GET', `/v1/${what}/${encodeURIComponent(n)}`);
  try {
    return await get('settlements', number);
  } catch (e) {
    if (!(e instanceof Refusal && e.status === 404)) throw e;
    const reversal = await get('voids', number).catch(() => { throw e; });
    return get('settlements', reversal.of);
  }
}

async function begin() {
  const number = new URLSearchParams(location.search).get('number') ?? '';
  try {
    const st = await find(number);
    document.title = `医疗费用结算单 ${st.number}`;
    show($('sheet'), sheet(st));
    $('print').focus();
  } catch (e) {
    $('said').textContent = /** @type {Error} */ (e).message;
  }
}

$('print').addEventListener('click', () => print());
begin();
