// @ts-check
// F9 and F8: finds a settlement again, prints its slip, shows its reasons, and takes it
// back whole (撤销) or by line (退费).
import { h } from './dom.js';
import { call, insist, Refusal, unsure } from './daemon.js';
import { close, open } from './dialog.js';
import { fen } from './money.js';
import { second } from './second.js';
import { moment, sources, uploads, when } from './words.js';
import { lines, reasons } from './visit.js';

/** What the dialog is for, and what it found. @type {any} */
let at = {};

/** @param {'find'|'refund'} mode @param {string} number @param {boolean} card whether a card's holder is known */
export function openFind(mode, number, card) {
  at = { mode, card, rows: [], row: 0, ask: number, said: '' };
  if (number) return openOne(number);
  list();
  search({});
}

/** What was typed: an id number, a name, which has no digit, or the number of a settlement. @param {string} text */
function asked(text) {
  if (/^\d{17}[\dXx]$/.test(text)) return { id_number: text.toUpperCase() };
  return /\d/.test(text) ? { number: text } : { name: text };
}

const title = () => (at.mode === 'refund' ? '退费：先找到原结算单' : '查找、补打');

/** @param {any} ask */
async function search(ask) {
  try {
    at.rows = (await call('POST', '/v1/settlements/search', ask)).found;
    at.said = at.rows.length > 0 ? '' : '没有找到；请核对号码或姓名，或插卡后按 F6 按患者查找。';
  } catch (e) {
    at.said = /** @type {Error} */ (e).message;
  }
  at.row = 0;
  list();
}

function list() {
  const input = h('input', { id: 'ask', class: 'wide', value: at.ask, autocomplete: 'off', maxlength: '32' });
  const go = () => {
    at.ask = input.value.trim();
    if (at.ask === '' || at.ask === at.asked) return at.rows[at.row] ? openOne(at.rows[at.row].number) : undefined;
    at.asked = at.ask;
    return search(asked(at.ask));
  };
  const step = (/** @type {number} */ by) => () => {
    at.row = Math.max(0, Math.min(at.rows.length - 1, at.row + by));
    at.ask = input.value;
    list();
  };
  open(title(), [
    h('div', { class: 'row' }, h('label', { for: 'ask' }, '结算单号、社会保障号码或姓名'), input),
    h('p', { class: 'faint' }, '不填则列出最近 7 天的；按姓名查最近 31 天。↑↓ 选择，回车打开。'),
    at.said && h('p', { class: 'said bad', role: 'alert' }, at.said),
    at.rows.length > 0 && table(),
  ], [
    { key: 'Enter', word: '查找 / 打开', main: true, do: go },
    { key: 'F6', word: '按患者的卡', off: !at.card, do: () => search({ patient: true }) },
  ], { ArrowUp: step(-1), ArrowDown: step(1) });
  input.focus();
}

function table() {
  const kinds = { settlement: '结算', void: '撤销', refund: '退费' };
  return h('table', {}, h('thead', {}, h('tr', {}, ['单号', '时间', '种类', '患者'].map((t) => h('th', { scope: 'col' }, t)), ['总额', '现金'].map((t) => h('th', { class: 'amount', scope: 'col' }, t)), h('th', { scope: 'col' }, '状态'))),
    h('tbody', {}, at.rows.map((/** @type {any} */ r, /** @type {number} */ i) => {
      const [sign, word, tone] = uploads[r.state] ?? ['', r.state, 'off'];
      return h('tr', { class: 'press' + (i === at.row ? ' chosen' : ''), 'aria-selected': String(i === at.row), onclick: () => openOne(r.number) },
        h('td', {}, (i === at.row ? '▸ ' : '') + r.number), h('td', {}, when(r.at)), h('td', {}, /** @type {any} */ (kinds)[r.kind]),
        h('td', {}, `${r.name} ${r.id_number}`), h('td', { class: 'amount' }, r.total), h('td', { class: 'amount' }, r.cash),
        h('td', { class: tone }, h('span', { class: 'sign', 'aria-hidden': 'true' }, sign), r.void ? `已由 ${r.void} 撤销` : word));
    })));
}

/** @param {string} number */
async function openOne(number) {
  try {
    at.one = await call('GET', `/v1/settlements/${encodeURIComponent(number)}`);
  } catch (e) {
    if (e instanceof Refusal && e.status === 404) return openReversal(number);
    at.said = /** @type {Error} */ (e).message;
    return list();
  }
  at.key = crypto.randomUUID(); // of what this screen may do: it is done once
  at.back = new Set();
  if (at.mode === 'refund' && !at.one.void) return refund();
  one('');
}

/** @param {string} number */
async function openReversal(number) {
  try {
    const v = await call('GET', `/v1/voids/${encodeURIComponent(number)}`);
    reversed(v, '');
  } catch (e) {
    at.said = /** @type {Error} */ (e).message;
    at.ask = number;
    list();
  }
}

/** @param {any} f figures @param {string} word */
function amounts(f, word) {
  return h('div', { class: 'pairs' }, [['total', '总额'], ...sources].map(([k, t]) => h('div', {}, h('span', { class: 'faint' }, word + t), h('span', { class: 'amount' }, `￥${f[k]}`))));
}

/** @param {string} said */
function one(said) {
  const st = at.one;
  const [sign, word, tone] = uploads[st.upload?.state] ?? ['', '', 'off'];
  const gone = Boolean(st.void);
  open(`结算单 ${st.number}`, [
    h('p', {}, `${st.name} ${st.id_number}　${moment(st.at)}　窗口 ${st.seat}　收费员 ${st.operator}`),
    h('p', { class: tone }, h('span', { class: 'sign', 'aria-hidden': 'true' }, sign), gone ? `已由 ${st.void} 撤销或退费` : word, st.upload?.reason && `：${st.upload.reason.cashier}`),
    amounts(st, ''), lines(st, (l) => whyOne(l)), said && h('p', { class: 'said', role: 'status' }, said),
  ], [
    { key: 'p', word: '补打凭条', main: at.mode === 'find', do: () => reprint(`/v1/settlements/${st.number}/receipt`, one) },
    { key: 'a', word: 'A4 结算单', do: () => { window.open(`/statement?number=${encodeURIComponent(st.number)}`); } },
    { key: 'F4', word: '理由', do: () => whyOne('all') },
    { key: 'F8', word: '退费', off: gone, do: refund },
    { key: 'Escape', word: '返回', do: list },
  ]);
}

/** @param {string} path @param {(said: string) => void} then */
async function reprint(path, then) {
  try {
    await call('POST', path);
    then('已送打印，凭条上标有“重打”。');
  } catch (e) {
    then(/** @type {Error} */ (e).message);
  }
}

/** @param {string|number} of */
function whyOne(of) {
  open(`结算单 ${at.one.number}：每分钱的理由`, reasons(at.one, of, whyOne), [{ key: 'Escape', word: '返回', do: () => one('') }]);
}

/** Chooses the lines that go back. */
function refund() {
  const st = at.one;
  const all = st.split.items.length;
  const box = (/** @type {number} */ i) => h('input', {
    type: 'checkbox', id: `back${i}`, checked: at.back.has(i) ? true : null, 'aria-label': `退第 ${i} 行`,
    onchange: (/** @type {any} */ e) => { e.target.checked ? at.back.add(i) : at.back.delete(i); },
  });
  const every = (/** @type {boolean} */ on) => () => {
    at.back = new Set(on ? st.split.items.map((/** @type {any} */ _, /** @type {number} */ i) => i + 1) : []);
    refund();
  };
  open(`退费：结算单 ${st.number}`, [
    h('p', {}, `${st.name} ${st.id_number}　${moment(st.at)}　总额 ￥${st.total}，其中现金 ￥${st.cash}`),
    h('p', { class: 'faint' }, '勾选要退的项目（空格键），再按 F5 试算。全部退即整单撤销。退款按原来源退回，只有现金从钱箱退。'),
    h('table', {}, h('thead', {}, h('tr', {}, ['退', '#', '项目'].map((t) => h('th', { scope: 'col' }, t)), h('th', { class: 'amount', scope: 'col' }, '金额'), h('th', { class: 'amount', scope: 'col' }, '统筹'))),
      h('tbody', {}, st.split.items.map((/** @type {any} */ l, /** @type {number} */ i) => h('tr', {},
        h('td', {}, box(i + 1)), h('td', {}, i + 1), h('td', {}, h('label', { for: `back${i + 1}` }, l.name)), h('td', { class: 'amount' }, l.amount), h('td', { class: 'amount' }, l.fund))))),
    at.said && h('p', { class: 'said bad', role: 'alert' }, at.said),
  ], [
    { key: 'F5', word: '试算', main: true, do: () => (at.back.size === all ? trial() : at.back.size === 0 ? again('请先勾选要退的项目。') : trial()) },
    { key: 'F6', word: at.back.size === all ? '全不选' : '全选', do: every(at.back.size !== all) },
    { key: 'Escape', word: '返回', do: () => { at.said = ''; one(''); } },
  ]);
  at.said = '';
  document.getElementById('back1')?.focus();
}

/** @param {string} said */
function again(said) {
  at.said = said;
  refund();
}

/** What would go back. */
async function trial() {
  const st = at.one;
  const whole = at.back.size === st.split.items.length;
  const keep = st.split.items.map((/** @type {any} */ _, /** @type {number} */ i) => i + 1).filter((/** @type {number} */ i) => !at.back.has(i));
  try {
    const q = whole ? { back: st } : await call('POST', `/v1/settlements/${st.number}/refund/quote`, { keep });
    sure(whole, keep, q);
  } catch (e) {
    again(/** @type {Error} */ (e).message);
  }
}

const why = ['医生改方', '重复收费', '患者未取药', '患者未做检查', '收费有误'];

/** Asks for the reason and does it. @param {boolean} whole @param {number[]} keep @param {any} q */
function sure(whole, keep, q) {
  const st = at.one;
  const reason = h('input', { id: 'reason', class: 'wide', list: 'reasons', maxlength: '100', autocomplete: 'off' });
  const said = h('p', { class: 'said bad', role: 'alert' });
  const two = second('second');
  let busy = false;
  const go = async () => {
    if (busy) return;
    if (reason.value.trim() === '') {
      said.textContent = '请填写原因；未办理。';
      reason.focus();
      return;
    }
    busy = true;
    said.textContent = '正在办理，请稍候…';
    try {
      const body = { key: at.key, reason: reason.value.trim(), ...(whole ? {} : { keep, quote: q.id }), ...two.said() };
      reversed(await insist(`/v1/settlements/${st.number}/${whole ? 'void' : 'refund'}`, body, () => said.isConnected,
        () => { said.textContent = '没有收到结果，正在再问；不会重复退款，请稍候。'; }), '');
    } catch (e) {
      two.asked(e);
      said.textContent = /** @type {Error} */ (e).message + (unsure(e) ? ' 还不知道办成没有：请稍后再按 F2 问一次，不会重复退款。' : '');
    }
    busy = false;
  };
  open(whole ? `整单撤销：${st.number}` : `按行退费：${st.number}`, [
    h('p', {}, `${st.name} ${st.id_number}　退 ${st.split.items.length - keep.length} 项` + (whole ? '，整单作废' : `，保留 ${keep.length} 项`)),
    fen(q.back.cash) === 0 ? h('p', { class: 'big' }, '没有现金要退') : h('p', {}, '从钱箱退现金 ', h('span', { class: 'big bad' }, `￥${q.back.cash}`)),
    amounts(q.back, '退'), q.stays && amounts(q.stays, '留'),
    fen(q.back.cash) < 0 && h('p', { class: 'note bad' }, '保留的项目重新结算后现金更多：要向患者收取差额。'),
    h('div', { class: 'row' }, h('label', { for: 'reason' }, '原因（印在凭条上）'), reason,
      h('datalist', { id: 'reasons' }, why.map((w) => h('option', { value: w })))),
    two.row, said,
  ], [
    { key: 'F2', word: whole ? '确认撤销' : '确认退费', grave: true, do: go },
    { key: 'Escape', word: '返回', do: () => refund() },
  ], { Enter: go });
  reason.focus();
}

/** @param {any} v @param {string} said */
function reversed(v, said) {
  open(`${v.kind === 'refund' ? '退费' : '撤销'}单 ${v.number}`, [
    h('p', {}, `${v.name} ${v.id_number}　${moment(v.at)}　原单 ${v.of}` + (v.kept ? `，保留的项目在 ${v.kept}` : '')),
    h('p', {}, '退现金 ', h('span', { class: 'big good' }, `￥${v.back.cash}`)),
    amounts(v.back, '退'),
    h('p', {}, `原因：${v.reason}　收费员 ${v.operator}` + (v.second ? `　复核 ${v.second}` : '')),
    h('p', { class: v.confirmed ? 'good' : 'wait' }, v.confirmed ? '✓ 平台已没有原单。' : '… 平台尚未确认；程序会自动办理，无需等待。'),
    v.replayed && h('p', { class: 'said' }, '这次退费先前已经办理，没有重复退款。'),
    said && h('p', { class: 'said', role: 'status' }, said),
  ], [
    { key: 'p', word: '补打凭条', do: () => reprint(`/v1/voids/${v.number}/receipt`, (text) => reversed(v, text)) },
    { key: 'F2', word: '好', main: true, do: close },
  ]);
}
