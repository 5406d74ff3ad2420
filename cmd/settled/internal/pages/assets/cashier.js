// @ts-check
// The cashier's page. What it shows is what the daemon tells; it keeps nothing that has
// to last: a reload, a second tab or a restart of the daemon loses only what is typed.
import { $, h, show } from './dom.js';
import { call, follow, Refusal, Silent, unsure } from './daemon.js';
import { fen, typed, yuan } from './money.js';
import { listen } from './keys.js';
import { beep, mute } from './sound.js';
import { roles } from './words.js';
import { openFind } from './find.js';
import { daysDue, dueWords, openShift, toBooks } from './shift.js';
import { openLink } from './link.js';
import { dialogKeys, isOpen, open } from './dialog.js';
import * as view from './visit.js';

/** @type {any} */
const s = {
  me: null, line: false, screen: null, standing: null,
  quote: null, // whole, of the screen's quote
  chosen: '', // key of the bill
  why: null, // reasons that are shown: 'all', a source, a line; null: none
  busy: '', // what is being asked for
  task: null, // the asking
  fetching: null, // the quote on the screen, on its way here
  said: '', // why the last key did nothing, or what it did
  bad: false, // the former
  clear: null, // the patient unmasked, for a while
  paid: null, // cash of the last settlement
  unsure: null, // a confirmation without an answer
};

const taken = $('taken');

function render() {
  const b = view.banner(s);
  $('banner').className = b.tone;
  show($('banner'), b.parts);
  show($('chips'), view.chips(s));
  renderPeople();
  renderMiddle();
  renderPay();
  renderKeys();
}

function renderPeople() {
  const p = s.screen?.patient;
  const reveal = p && h('button', { type: 'button', onclick: revealPatient, title: '核对患者时显示，10 秒后恢复' }, s.clear ? '显示中' : '显示 F3');
  show($('people'), view.person('患者', p, s.clear, reveal), view.person('监护人（共济付款人）', s.screen?.guardian, null),
    view.notices(s.quote ?? s.screen?.quote), needsLink() && h('button', { type: 'button', onclick: () => act('F7') }, '登记家庭共济 F7'));
}

function needsLink() {
  return (s.screen?.quote?.notices ?? []).some((/** @type {any} */ n) => n.code === 'NO_LINK');
}

function renderMiddle() {
  const q = s.quote;
  if (q && s.why !== null) return show($('middle'), view.reasons(q, s.why, why));
  if (q) return show($('middle'), view.lines(q, why));
  const bills = s.standing?.bills ?? [];
  const done = ['committed', 'printed'].includes(s.screen?.state) && s.screen.slip;
  if (bills.length > 0) return show($('middle'), done && view.settled(s.screen.slip), view.waiting(bills, chosen()?.key, choose));
  if (done) return show($('middle'), h('div', { class: 'empty-middle' }, view.settled(s.screen.slip)));
  show($('middle'), h('div', { class: 'empty-middle' }, h('p', {}, '没有待缴账单'),
    h('p', { class: 'faint' }, '医院系统发送后自动出现；也可以'), h('button', { type: 'button', onclick: pickFile }, '导入账单文件')));
}

function renderPay() {
  const state = s.screen?.state;
  const done = ['committed', 'printed'].includes(state);
  const f = s.screen?.quote ?? (done ? s.screen.slip?.figures : null);
  const due = Boolean(s.screen?.quote);
  show($('figures'), f ? view.figures(f, why, due) : h('p', { class: 'faint' }, '预结算后显示统筹、个账、共济、现金各付多少。'));
  $('cash').hidden = !(f && fen(f.cash) > 0 && f.status !== 'refused' && (due || s.paid));
  taken.disabled = !due;
  renderChange(f);
  show($('after'), view.after(done || s.screen?.quote ? null : s.screen?.slip, s.paid));
}

/** @param {any} f */
function renderChange(f) {
  if (!f) return;
  const due = Boolean(s.screen?.quote);
  const got = due ? typed(taken.value) : s.paid?.taken ?? null;
  if (got === null) {
    show($('change'), h('span', { class: 'faint' }, taken.value === '' ? '不填即按应收收取，无找零' : '请填金额，例如 50 或 50.5'));
    return;
  }
  if (!due) taken.value = yuan(got);
  const more = got - fen(f.cash);
  show($('change'), h('span', {}, more < 0 ? '还差' : '找零'), h('b', { class: more < 0 ? 'bad' : 'good' }, yuan(Math.abs(more))));
}

/** Keys of the footer: key, word. @type {[string, string][]} */
const bar = [['F2', '结算'], ['F4', '理由'], ['F5', '预结算'], ['F6', '读卡'], ['F7', '登记共济'], ['F8', '退费'], ['F9', '查找·补打'], ['F10', '班次'], ['Escape', '取消']];

function renderKeys() {
  const main = !s.line ? '' : s.screen?.state === 'quoted' && s.screen.quote?.status !== 'refused' || s.screen?.state === 'stopped' ? 'F2' : s.screen?.state === 'identified' && chosen() ? 'F5' : '';
  show($('keys'), bar.map(([key, word]) => h('button', { type: 'button', class: key === main ? 'main' : '', onclick: () => act(key) },
    h('kbd', {}, key === 'Escape' ? 'Esc' : key), word)));
}

/** The bill that F5 quotes: the one that was chosen, or the first of the patient; another one's only if it was chosen. */
function chosen() {
  const bills = s.standing?.bills ?? [];
  const of = (/** @type {string} */ whose) => bills.find((/** @type {any} */ b) => b.of === whose);
  return bills.find((/** @type {any} */ b) => b.key === s.chosen) ?? of('patient') ?? of('nobody') ?? (s.screen?.patient ? undefined : bills[0]);
}

/** @param {string} key */
function choose(key) {
  s.chosen = key;
  render();
}

/** @param {number} by */
function move(by) {
  const bills = s.standing?.bills ?? [];
  if (s.quote || bills.length === 0) return;
  const at = bills.indexOf(chosen());
  choose(bills[Math.max(0, Math.min(bills.length - 1, at < 0 ? 0 : at + by))].key);
}

/** @param {string|number|null} of */
function why(of) {
  s.why = s.why === of ? null : of;
  render();
}

/** Says something in the banner. @param {string} text @param {boolean} [bad] */
function say(text, bad = true) {
  [s.said, s.bad] = [text, bad];
  if (bad && text) beep('bad');
  render();
}

/** Does one thing at a time, and shows what was refused. @param {string} busy @param {() => Promise<any>} what */
async function doing(busy, what) {
  if (s.busy) return;
  if (!s.line) return say('与结算程序的连接中断，正在重连；请稍候再按。');
  s.busy = busy;
  s.said = '';
  const task = s.task = {};
  render();
  try {
    await what();
  } catch (e) {
    if (!(e instanceof Refusal || e instanceof Silent)) throw e;
    if (s.task !== task) return;
    [s.said, s.bad] = [e.message, true];
    beep('bad');
  } finally {
    if (s.task === task) {
      s.busy = '';
      render();
    }
  }
}

const quoting = '正在预结算';

/** The quote is there to be confirmed, whether or not its asking was answered: events may be faster. */
function asked() {
  if (s.busy === quoting && s.quote) [s.busy, s.task] = ['', null];
}

/** What each key does. @type {Object<string, () => any>} */
const does = {
  F2: settle,
  F3: revealPatient,
  F4: reasons,
  F5: quote,
  F6: () => doing('正在读卡', () => call('POST', '/v1/session/read')),
  F7: () => (s.screen?.patient && s.screen?.guardian ? openLink(s.screen, (text) => say(text, false)) : say('登记家庭共济需要患者和监护人的卡都在读卡器中。')),
  F8: () => openFind('refund', s.screen?.slip?.number ?? '', Boolean(s.screen?.patient)),
  F9: () => openFind('find', '', Boolean(s.screen?.patient)),
  F10: () => openShift(),
  Escape: cancel,
};

/** @param {string} key */
function act(key) {
  does[key]?.();
}

function quote() {
  if (s.screen?.state === 'idle') return say('请先插卡，再预结算。');
  const bill = chosen();
  if (!bill) return say((s.standing?.bills ?? []).length > 0 ? '没有这位患者的待缴账单；请核对卡，或用 ↑↓ 另选账单。' : '没有待缴账单；请在医院系统中发送账单。');
  return doing(quoting, async () => {
    await call('POST', `/v1/bills/${encodeURIComponent(bill.key)}/quote`);
    s.chosen = '';
  });
}

function reasons() {
  if (!s.quote && s.screen?.quote && s.fetching) return s.fetching.then(() => { if (s.quote) reasons(); }); // it is on its way
  if (!s.quote) return say('预结算以后才有理由；请先按 F5。');
  return why(s.why === null ? 'all' : s.why);
}

function settle() {
  const q = s.screen?.quote;
  if (s.screen?.state === 'stopped' && s.unsure) return confirm(s.unsure, true);
  if (q && s.fetching && s.quote?.id !== q.id) { // its amounts are on the screen
    return s.fetching.then(() => { if (s.screen?.quote?.id === q.id && s.quote?.id === q.id) settle(); });
  }
  if (!q || s.quote?.id !== q.id) {
    return say(['committed', 'printed'].includes(s.screen?.state) ? '这笔已经结算，无需再按。' : '还没有预结算；请先按 F5。');
  }
  if (q.status === 'refused') return say('这笔不能按医保结算；请看上面的说明，按 Esc 退回。');
  const cash = fen(q.cash);
  const got = taken.value === '' ? cash : typed(taken.value);
  if (cash > 0 && got === null) return say('实收金额看不懂；请填数字，例如 50 或 50.5。');
  if (cash > 0 && /** @type {number} */ (got) < cash) return say(`实收不足，还差 ￥${yuan(cash - /** @type {number} */ (got))}；未结算。`);
  const paid = cash > 0 ? { taken: got, change: /** @type {number} */ (got) - cash } : null;
  return confirm({ quote: q.id, key: s.quote.key, paid });
}

/**
 * Confirms. Without an answer it is not known whether it was written: the same question
 * is asked again until there is one; the key sees to it that nothing is taken twice.
 * @param {{quote: string, key: string, paid: any}} c @param {boolean} [again]
 */
function confirm(c, again) {
  return doing('正在结算', async () => {
    s.unsure = c;
    try {
      const done = await call('POST', '/v1/settlements', { quote: c.quote, key: c.key });
      s.unsure = null;
      s.paid = c.paid;
      beep('good');
      if (done.replayed) [s.said, s.bad] = [`这张账单已经结算过（${done.number}），没有重复扣款。`, false];
    } catch (e) {
      if (unsure(e)) {
        if (/** @type {any} */ (e).code !== 'JOURNAL_STOPPED') setTimeout(resolve, 1000); // else after the restart, or by F2
        throw e;
      }
      s.unsure = null;
      if (e instanceof Refusal && e.code === 'STALE_QUOTE') {
        taken.value = '';
        throw new Refusal(409, { cashier: '金额已经变化，未扣款；请重新核对后再按 F2。' });
      }
      if (again && e instanceof Refusal && e.code !== 'SETTLEMENT_REVERSED') throw new Refusal(e.status, { ...e.body, cashier: `连接中断前的确认没有记账，未扣款：${e.message}` });
      throw e;
    }
  });
}

/** Asks again what became of a confirmation that had no answer. */
function resolve() {
  if (!s.unsure || !s.line) return; // when the line is back
  if (s.busy) setTimeout(resolve, 1000);
  else confirm(s.unsure, true);
}

function cancel() {
  if (s.why !== null) return why(s.why);
  if (s.said) return say('', false);
  if (['idle', 'committed', 'printed'].includes(s.screen?.state)) return;
  return doing('正在取消', () => call('DELETE', '/v1/session'));
}

function revealPatient() {
  if (!s.screen?.patient) return say('没有患者可以显示。');
  return doing('正在读取', async () => {
    s.clear = await call('POST', '/v1/session/patient');
    setTimeout(() => {
      s.clear = null;
      render();
    }, 10_000);
  });
}

/** A bill from a file, where the hospital's system sends none. */
function pickFile() {
  const input = h('input', { type: 'file', accept: '.json,application/json' });
  input.addEventListener('change', async () => {
    const text = await input.files?.[0]?.text();
    if (text) await doing('正在导入', () => call('POST', '/v1/bills', text));
  });
  input.click();
}

/** @param {string} text what a scanner typed: only the daemon knows what it is, and may know who */
function scanned(text) {
  taken.value = '';
  if (isOpen()) return;
  const bill = (s.standing?.bills ?? []).find((/** @type {any} */ b) => b.key === text);
  if (bill) return choose(bill.key);
  return doing('正在识别扫到的码', async () => {
    const a = await call('POST', '/v1/scans', { code: text });
    if (a.kind === 'slip') slip(a);
    else found(a.kind, a.bill);
  });
}

/** Whether a slip that was scanned is genuine; one of this counter's is opened. @param {any} a */
function slip(a) {
  if (!a.genuine) return say(a.slip.by === 'journal' ? `凭条不符：单号 ${a.number} 的金额与本窗口的日志不同，切勿据此退款。` : `凭条不能证实：单号 ${a.number} 的防伪码不符，切勿据此退款。`);
  if (a.slip.by === 'journal') return openFind('find', a.number, false);
  say(`凭条属实（防伪码相符）：单号 ${a.number}，总额 ${a.slip.total}，是别的窗口开出的，请到原窗口办理。`, false);
}

/** What a scanner has read that is no person. @param {string} kind @param {string} text */
function found(kind, text) {
  if (isOpen()) return;
  if (kind === 'slip') scanned(text); // only the daemon knows whether it is genuine
  if (kind !== 'bill') return;
  if ((s.standing?.bills ?? []).some((/** @type {any} */ b) => b.key === text)) choose(text);
  else say(`账单 ${text} 不在待缴账单中；请在医院系统中发送账单。`);
}

/** Shows the patient what was given and what goes back, on the customer display. */
function tender() {
  const got = typed(taken.value);
  const cash = fen(s.screen?.quote?.cash);
  if (got !== null && cash > 0 && got >= cash) call('POST', '/v1/session/tender', { received: yuan(got) }).catch(() => {}); // it moves no money
}

/** The whole of the quote on the screen. @param {any} screen */
async function fetchQuote(screen) {
  if (screen.quote?.id === s.quote?.id) return;
  s.quote = null;
  s.why = null;
  if (!screen.quote) return;
  try {
    const q = await call('GET', '/v1/session/quote');
    if (q.id === s.screen.quote?.id) s.quote = q;
  } catch {
    // another screen follows
  }
  asked();
}

/** @param {any} screen */
async function onScreen(screen) {
  const before = s.screen;
  s.screen = screen;
  if (before && screen.scanned && before.scanned?.seq !== screen.scanned.seq) found(screen.scanned.kind, screen.scanned.text);
  if (before?.state !== screen.state) {
    s.said = '';
    if (screen.state === 'identified' && before?.state === 'reading') beep('good');
    if (screen.state === 'idle' && screen.messages.length > 0) beep('bad');
  }
  if (before?.patient?.id_number !== screen.patient?.id_number) s.clear = null;
  if (screen.patient && !before?.patient) s.paid = null; // the next one
  if (before?.quote?.id !== screen.quote?.id) taken.value = '';
  render();
  if (screen.state === 'quoted' && before?.quote?.id !== screen.quote.id && !$('cash').hidden && !isOpen()) taken.focus();
  await (s.fetching = fetchQuote(screen));
  render();
}

/** Signs out; days that are to be reconciled are told first, and hold nobody back. */
async function leave() {
  const out = async () => { await call('POST', '/v1/sign-out'); location.replace('/sign-in'); };
  const days = await daysDue();
  if (days.length === 0) return out();
  return open('退出', [dueWords(days), h('p', {}, '对账可以以后补做，不影响退出。')], [toBooks, { key: 'F2', word: '退出', main: true, do: out }]);
}

async function begin() {
  render();
  s.me = await call('GET', '/v1/me');
  if (!['cashier', 'supervisor'].includes(s.me.role)) return location.replace(s.me.role === 'kiosk' ? '/kiosk' : '/office');
  $('seat').textContent = `收费窗口 ${s.me.seat}`;
  show($('account'), h('span', {}, `${s.me.name ?? ''} ${s.me.operator}（${roles[s.me.role]}）`),
    h('a', { href: '/office' }, '后台'),
    h('button', { type: 'button', onclick: leave }, '退出'));
  follow({
    line: (up) => {
      s.line = up;
      render();
      if (up) setTimeout(resolve, 300); // the card is being read again
    },
    screen: onScreen,
    standing: (now) => { s.standing = now; render(); },
  });
}

let typing = 0;
taken.addEventListener('input', () => {
  renderChange(s.screen?.quote);
  clearTimeout(typing);
  typing = setTimeout(tender, 500);
});
listen((name) => {
  if (isOpen()) return dialogKeys(name);
  if (does[name]) return () => act(name);
  if (name === 'Alt+m') return () => say(mute() ? '声音已关；再按 Alt+M 打开。' : '声音已开。', false);
  if (name === 'ArrowUp' || name === 'ArrowDown') return s.quote ? undefined : () => move(name === 'ArrowUp' ? -1 : 1);
  if (name === 'Enter' && document.activeElement === taken) return () => act('F2');
  return undefined;
}, scanned);
begin().catch((e) => {
  [s.said, s.bad] = [e.message, true];
  render();
  if (e instanceof Silent) setTimeout(() => location.reload(), 2000);
});
