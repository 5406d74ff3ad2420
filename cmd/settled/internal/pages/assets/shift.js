// @ts-check
// F10: the cashier's shift: opened with the cash in the drawer, closed by what was
// counted. What should be there is shown only after the count.
import { h } from './dom.js';
import { call, insist, Refusal } from './daemon.js';
import { close, open } from './dialog.js';
import { typed, yuan } from './money.js';
import { moment } from './words.js';

export async function openShift() {
  try {
    running(await call('GET', '/v1/shifts/current'));
  } catch (e) {
    if (e instanceof Refusal && e.status !== 404 && e.status !== 409) return told(e.message);
    if (!(e instanceof Refusal)) return told(/** @type {Error} */ (e).message);
    opening();
  }
}

/** @param {string} text */
function told(text) {
  open('班次', h('p', { class: 'said bad' }, text), []);
}

/** An amount to type, with a place for what is wrong. @param {string} label */
function cashField(label) {
  const input = h('input', { id: 'count', inputmode: 'decimal', autocomplete: 'off', maxlength: '10' });
  const said = h('p', { class: 'said bad', role: 'alert' });
  return { input, said, row: h('p', { class: 'row' }, h('label', { for: 'count' }, label), input, said) };
}

/**
 * Opens or closes. Where an answer was lost, page or browser ask again, and are refused
 * what is done already; how the shift then stands is the answer.
 * @param {{input: any, said: any}} field @param {string} path @param {string} name of the amount
 * @param {string} done @param {string} stands @param {(shift: any) => void} then
 */
async function submit(field, path, name, done, stands, then) {
  const fen = typed(field.input.value);
  if (fen === null) {
    field.said.textContent = '请填金额，例如 500 或 500.5。';
    return;
  }
  try {
    then(await insist(path, { [name]: yuan(fen) }, () => field.said.isConnected,
      () => { field.said.textContent = '没有收到结果，正在再问，请稍候。'; }));
  } catch (e) {
    if (!(e instanceof Refusal && e.code === done)) {
      field.said.textContent = /** @type {Error} */ (e).message;
      return;
    }
    try {
      then(await call('GET', stands));
    } catch (again) {
      field.said.textContent = /** @type {Error} */ (again).message;
    }
  }
}

function opening() {
  const field = cashField('钱箱中的备用金（元）');
  const go = () => submit(field, '/v1/shifts', 'float', 'SHIFT_OPEN', '/v1/shifts/current', running);
  open('开班', [h('p', {}, '本窗口还没有开班。请点清钱箱中的备用金。'), field.row], [{ key: 'F2', word: '开班', main: true, do: go }], { Enter: go });
  field.input.focus();
}

/** @param {any} shift */
function running(shift) {
  open(`班次 ${shift.number}`, totals(shift, false), [
    { key: 'F8', word: '结班', grave: true, do: () => closing(shift) },
  ]);
}

/** @param {any} shift */
function closing(shift) {
  const field = cashField('点清钱箱，实有现金（元）');
  const go = () => submit(field, '/v1/shifts/close', 'counted', 'SHIFT_CLOSED', `/v1/shifts/${shift.number}`, closed);
  open(`结班：班次 ${shift.number}`, [h('p', {}, '结班后本班不能再收退费；结班凭条自动打印。应有金额在点清以后显示。'), field.row],
    [{ key: 'F2', word: '确认结班', grave: true, do: go }, { key: 'Escape', word: '返回', do: () => running(shift) }], { Enter: go });
  field.input.focus();
}

/** The platform's days that are still to be reconciled. */
export async function daysDue() {
  try {
    const { days } = await call('GET', '/v1/reconciliations');
    return days.filter((/** @type {any} */ d) => d.due).map((/** @type {any} */ d) => d.day);
  } catch {
    return []; // nobody is kept from going home by it
  }
}

export const toBooks = { word: '去对账', do: () => location.assign('/office#books') };

/** @param {string[]} days */
export const dueWords = (days) => h('p', { class: 'said' }, `待对账 ${days.length} 天：${days.join('、')}。`);

/** @param {any} shift */
async function closed(shift) {
  const days = await daysDue();
  const over = shift.closed.over;
  const word = over === '0.00' ? '账款相符' : over.startsWith('-') ? `短款 ￥${over.slice(1)}` : `长款 ￥${over}`;
  open(`班次 ${shift.number} 已结`, [
    h('p', { class: 'big ' + (over === '0.00' ? 'good' : 'bad') }, word),
    h('p', {}, `应有 ￥${shift.expected}，实有 ￥${shift.closed.counted}。`), totals(shift, true), days.length > 0 && dueWords(days),
  ], [{ key: 'F2', word: '好', main: true, do: close }, ...(days.length > 0 ? [toBooks] : [])]);
}

/** @param {any} shift @param {boolean} whole */
function totals(shift, whole) {
  const box = (/** @type {string} */ name, /** @type {string} */ value, /** @type {string} */ more) => h('div', {}, h('span', { class: 'faint' }, name), h('span', { class: 'amount' }, value), h('span', { class: 'faint' }, more));
  return [
    h('p', { class: 'faint' }, `${shift.operator} 于 ${moment(shift.opened)} 开班，备用金 ￥${shift.float}`),
    h('div', { class: 'pairs' },
      box('结算', `${shift.settled.count} 笔`, `总额 ￥${shift.settled.total}，统筹 ￥${shift.settled.fund}`),
      whole && box('现金收入', `￥${shift.settled.cash}`, `共济 ￥${shift.settled.mutual}`),
      box('撤销', `${shift.voided.count} 笔`, `退现金 ￥${shift.voided.cash}`),
      box('退费', `${shift.refunded.count} 笔`, `退现金 ￥${shift.refunded.cash}`)),
  ];
}
