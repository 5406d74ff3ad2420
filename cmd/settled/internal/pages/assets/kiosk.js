// @ts-check
// The self-service terminal. It shows one patient's business at a time and forgets it
// when the card is gone, or nobody touches it for a while; it never ends between paying
// and the receipt.
import { $, h, show } from './dom.js';
import { call, follow, Refusal, Silent } from './daemon.js';
import { fen } from './money.js';
import { beep, speak } from './sound.js';
import { say, sorry } from './kiosk-words.js';
import { familyScene, familyScreen, inFamily, leaveFamily, openFamily, prepare } from './kiosk-family.js';
import { listen } from './keys.js';
import { moment } from './words.js';

const quiet = Number(new URLSearchParams(location.search).get('quiet')) || 60; // s without a touch; twice as long in elder mode
const warned = Math.min(30, quiet); // s to answer
const forgotten = Math.min(8, quiet); // s that a card may lie there after all is done

/** @type {any} */
const s = { line: false, screen: null, standing: null, quote: null, how: { english: false, elder: false }, skip: false, busy: false, next: null, said: '', spoken: '', behind: false, old: -1, left: 0, touched: 0, over: 0, out: 0, outSeq: 0, bill: '', again: false };

/** @param {string} key */
const t = (key) => say(key, s.how);

const paying = () => s.standing?.payment;
const person = () => s.screen?.patient;

/** Which step of five, from 0. */
function at() {
  const p = paying();
  if (p && ['settled', 'refunded', 'cancelled', 'refused'].includes(p.step)) return 4;
  if (p) return 3;
  if (s.quote) return 2;
  return person() ? 1 : 0;
}

function render() {
  document.documentElement.lang = s.how.english ? 'en' : 'zh-CN';
  document.body.className = s.how.elder ? 'elder' : '';
  $('title').textContent = t('title');
  show($('tools'), button(t('elder'), () => { s.how.elder = !s.how.elder; render(); }, '', s.how.elder), button(t('language'), () => { s.how.english = !s.how.english; render(); }),
    button(t('help'), () => tell(t('called'))));
  const here = at();
  show($('steps'), !(inFamily() && person()) && t('steps').split('|').map((w, i) => h('li', { class: i < here ? 'done' : i === here ? 'here' : '', 'aria-current': i === here ? 'step' : null }, `${i + 1} ${w}`)));
  const typing = document.activeElement?.id;
  const [tone, parts, left, right] = scene();
  $('main').className = tone;
  show($('main'), parts, s.said && h('p', { class: 'ask', role: 'alert' }, s.said));
  show($('bar'), left, right);
  if (typing && $(typing) && typing !== document.activeElement?.id) $(typing).focus(); // it was made anew
  const headline = $('main').querySelector('h2')?.textContent ?? '';
  if (headline !== s.spoken && (s.how.elder || tone === 'alarm')) speak(headline, s.how.english ? 'en' : 'zh');
  s.spoken = headline;
}

/** The second tap of a double one does nothing: what stands there now was not meant. @param {() => void} act */
const once = (act) => (/** @type {MouseEvent} */ e) => { if (e.detail < 2) act(); };

/** @param {string} word @param {() => void} act @param {string} [look] @param {boolean} [pressed] */
function button(word, act, look = '', pressed) {
  return h('button', { type: 'button', class: look, onclick: once(act), 'aria-pressed': pressed === undefined ? null : String(pressed) }, word);
}

/** @param {string} sign @param {string} title @param {...any} more */
const plain = (sign, title, ...more) => [h('span', { class: 'sign', 'aria-hidden': 'true' }, sign), h('h2', {}, title), more.filter(Boolean).map((m) => (typeof m === 'string' ? h('p', { class: 'centre' }, m) : m))];

/** What is shown: tone, content, button on the left, button on the right. @returns {[string, any, any, any]} */
function scene() {
  const p = paying();
  if (!s.line) return ['', plain('⟳', t('broken')), null, null];
  if (p?.interrupted || (s.standing?.not_ready.length > 0 && !p)) {
    return ['bad', plain('✕', t('stop'), t('stopMore'), h('p', { class: 'centre faint' }, (s.standing.not_ready[0] ?? {}).code)), p?.interrupted ? button('工作人员', attend) : null, null];
  }
  if (p) return scenePaying(p);
  if (s.out > 0) return ['alarm', plain('⏏', t('take')), null, null];
  if (s.screen?.state === 'reading') return ['', plain('⟳', t('reading')), null, null];
  if (s.behind) return ['alarm', plain('⏏', t('takeParent'), t('takeParentMore')), null, null];
  if (!person()) return ['', plain('▭', t('insert'), t('insertMore'), t('insertCode'), ...told()), null, null];
  if (inFamily()) return familyScene();
  if (s.quote) return sceneQuote(s.quote);
  const other = button(t('other'), openFamily, 'other');
  const bills = s.standing?.bills ?? [];
  if (bills.length === 0) return ['', [who(), ...plain('○', t('none'), t('noneMore'))], button(t('quit'), quit), other];
  return ['', [who(), h('h2', {}, t('choose')), h('div', { class: 'list' }, bills.map((/** @type {any} */ b) => h('button', { type: 'button', onclick: once(() => quote(b.key)) },
    h('span', {}, b.department || b.key), h('span', { class: 'amount' }, `￥${b.total}`), h('small', {}, b.department ? `${b.day}　${b.key}` : b.day))))], button(t('quit'), quit), other];
}

/** What came of the last thing, for whoever still stands there. */
function told() {
  const slips = /** @type {Object<string, string>} */ ({ PRINT_FAILED: 'noSlip', SLIP_KEPT: 'keptSlip' });
  const list = s.screen && s.screen.seq !== s.old ? s.screen.messages : [];
  return list.map((/** @type {any} */ m) => h('p', { class: 'ask' }, slips[m.code] ? t(slips[m.code]) : sorry(m.code, m.text, s.how)));
}

function who() {
  const p = person();
  return h('p', { class: 'who' }, `${p.name}　${p.id_number}`);
}

/** What is said of a slip that has not come out, by what became of it. @type {Object<string, string>} */
const slipless = { failed: 'noSlip', no_printer: 'noSlip', kept: 'keptSlip' };

/** @param {any} p @returns {[string, any, any, any]} */
function scenePaying(p) {
  switch (p.step) {
    case 'paying': return ['', [h('h2', {}, t('scan')), p.code ? code(p.code) : h('p', { class: 'centre' }, '…'), h('div', { class: 'pays' }, pay('cash', p.cash, 'you'))], button(t('back'), () => doing(() => call('DELETE', '/v1/kiosk/pay'))), null];
    case 'settling': return ['', plain('⟳', t('settling')), null, null];
    case 'refunding': return ['', plain('⟳', t('refunding')), null, null];
    case 'settled': {
      const missing = slipless[s.screen?.slip?.status];
      const take = p.by_code ? '' : t('take');
      return [s.over ? 'alarm' : 'good', plain('✓', s.over ? take || t('done') : t('done'), ...(missing ? [t(missing), p.number, take] : [t(p.by_code ? 'doneByCode' : 'doneMore'), p.number])), null, null];
    }
    case 'refunded': return ['bad', plain('↶', t('refunded'), p.why && sorry(p.reason, p.why, s.how), t('window'), !p.by_code && t('take')), null, null];
    default: return ['bad', plain('✕', t('refused'), p.why && sorry(p.reason, p.why, s.how), t('window'), !p.by_code && t('take')), null, null];
  }
}

/** @param {string} key @param {string} value @param {string} [look] */
const pay = (key, value, look = '') => h('div', { class: look }, h('span', {}, t(key)), h('span', { class: 'amount' }, `￥${value}`));

/** @param {any} q @returns {[string, any, any, any]} */
function sceneQuote(q) {
  if (q.status === 'refused') return ['bad', plain('✕', t('refused'), ...q.reasons.map((/** @type {any} */ r) => sorry(r.code, r.text, s.how)), t('window')), button(t('back'), back), null];
  const has = (/** @type {string} */ code) => q.notices.some((/** @type {any} */ n) => n.code === code);
  if (has('BILL_SETTLED')) return ['good', plain('✓', t('before'), t('beforeMore')), button(t('back'), back), null];
  const family = has('GUARDIAN_MISSING') && !s.skip;
  const parts = [who(), h('h2', {}, t('check')), h('div', { class: 'pays' }, pay('total', q.total), pay('fund', q.fund),
    fen(q.own) > 0 && pay('own', q.own), fen(q.mutual) > 0 && pay('mutual', q.mutual), pay('cash', q.cash, 'you')),
  family && h('p', { class: 'ask' }, t('guardian')), has('NO_LINK') && h('p', { class: 'ask' }, t('noLink')), q.provisional && h('p', { class: 'ask' }, t('offline')), q.self_paid && h('p', { class: 'ask' }, t('claim')), noPaper(q) && h('p', { class: 'ask' }, t('noPaper'))];
  const next = family ? button(t('skip'), () => { s.skip = true; render(); }, 'main') : button(fen(q.cash) > 0 ? t('pay') : t('settle'), start, 'main');
  return ['', parts, button(t('back'), back), next];
}

/** Whether no slip will come out. @param {any} q */
const noPaper = (q) => q.notices.some((/** @type {any} */ n) => n.code.startsWith('PRINTER_') && n.code !== 'PRINTER_PAPER_LOW');

/** A QR code from its rows. @param {string[]} rows */
function code(rows) {
  const svg = $('qr').content.firstElementChild.cloneNode(true);
  svg.setAttribute('viewBox', `0 0 ${rows.length} ${rows.length}`);
  svg.setAttribute('aria-label', t('scan'));
  svg.firstElementChild.setAttribute('d', rows.map((row, y) => [...row].map((d, x) => (d === '1' ? `M${x} ${y}h1v1h-1z` : '')).join('')).join(''));
  return h('div', { class: 'code' }, svg);
}

/** @param {() => Promise<any>} what */
async function doing(what) {
  if (s.busy) return;
  s.busy = true;
  s.said = '';
  try {
    await what();
  } catch (e) {
    if (!(e instanceof Refusal || e instanceof Silent)) throw e;
    s.said = e instanceof Refusal ? sorry(e.code, e.message, s.how) : t('broken');
    beep('bad');
  }
  s.busy = false;
  render();
  await follows();
}

/** Does something behind what is under way, and when it is known again who is here. @param {() => Promise<any>} what */
function after(what) {
  s.next = what;
  follows();
}

async function follows() {
  const next = s.next;
  if (!next || s.busy || s.again) return;
  s.next = null;
  await doing(next);
}

/** Behind a scan that is under way: the patient may be here before its answer is. @param {string} key */
function quote(key) {
  s.bill = key;
  after(() => call('POST', `/v1/bills/${encodeURIComponent(key)}/quote`));
}

const start = () => doing(() => call('POST', '/v1/kiosk/pay', { quote: s.quote.id }));
const back = () => { s.bill = ''; return doing(() => call('DELETE', '/v1/session')); };

/** Asks the platform anew of who is here, who stays on the screen. */
const reread = () => doing(async () => {
  s.again = true;
  try {
    await call('POST', '/v1/session/read');
  } catch (e) {
    s.again = false; // nobody is asked
    throw e;
  }
});

/** Ends it all: nothing of the patient stays, and the cards have to be taken. */
async function quit() {
  s.bill = '';
  leaveFamily();
  const cards = [s.screen?.patient, s.screen?.guardian].filter((p) => p && !p.by_code).length;
  await doing(async () => {
    for (let i = 0; i < 2 && ['identified', 'quoted'].includes(s.screen?.state); i++) s.screen = await call('DELETE', '/v1/session');
    s.quote = null;
    if (cards === 0) forget();
    else [s.out, s.outSeq] = [cards, s.screen.seq];
  });
}

/** Tells something until it is read. @param {string} text */
function tell(text) {
  dialog('', [h('p', {}, text)], [[t('go'), close, 'main']]);
}

/** @param {string} title @param {any} body @param {[string, () => void, string][]} actions */
function dialog(title, body, actions) {
  show($('dialog'), h('h2', { id: 'dialog-title' }, title || t('help')), body, h('div', { class: 'actions' }, actions.map(([w, act, look]) => button(w, act, look))));
  if (!$('dialog').open) $('dialog').showModal();
}

const close = () => { $('dialog').close(); s.left = 0; };

/** The staff sees what happened to whom. */
function attend() {
  const id = h('input', { id: 'staff', autocomplete: 'off', maxlength: '32', 'aria-label': '工号' });
  const password = h('input', { type: 'password', autocomplete: 'off', maxlength: '128', 'aria-label': '密码' });
  const said = h('p', { class: 'bad', role: 'alert' });
  const ask = async (/** @type {boolean} */ clear) => {
    try {
      const { attempt } = await call('POST', '/v1/kiosk/staff', { operator: id.value.trim(), password: password.value, clear });
      if (clear) return close();
      happened(attempt, () => ask(true), said);
    } catch (e) {
      said.textContent = /** @type {Error} */ (e).message;
    }
  };
  dialog('工作人员', [h('p', {}, '请输入收费员或组长的工号和密码。'), id, password, said], [['查看', () => ask(false), 'main'], ['返回', close, '']]);
  id.focus();
}

/** @type {Object<string, string>} */
const outcomes = {
  paying: '断电时等待付款，正在核实。', settling: '已付款，正在核实是否结算。', refunding: '没有结算，正在退款；支付系统恢复后自动完成。',
  settled: '已结算；凭条可能没有打印，请在窗口按 F9 补打后交给患者。', refunded: '没有结算，钱已原路退回；请告诉患者重新办理。',
  cancelled: '没有付款，没有结算；患者可重新办理。', refused: '没有付款，没有结算；请看原因。',
  unclear: '不能确定患者付了没有；请按付款单号（没有的按时间）在支付平台查：付了而没有结算的，在那里退款，再请患者重新办理。',
};

/** @param {any} a @param {() => void} clear @param {any} said */
function happened(a, clear, said) {
  if (!a) return dialog('没有未完的业务', [h('p', {}, '本机可以继续服务。')], [['好', clear, 'main']]);
  said.textContent = '';
  const pair = (/** @type {string} */ k, /** @type {any} */ v) => v && [h('dt', {}, k), h('dd', {}, v)];
  dialog('上一位患者没有办完', [
    h('p', { class: 'ask' }, outcomes[a.step]),
    h('dl', {}, pair('患者', `${a.name}　${a.id_number}`), pair('账单', a.bill), pair('总额', `￥${a.total}`), pair('扫码付款', `￥${a.cash}`), pair('开始', moment(a.began)),
      pair('付款单', a.ref), pair('结算单', a.number), pair('原因', a.why)), said,
  ], [['已处理，恢复服务', clear, 'main'], ['返回', close, '']]);
}

/** Every second: forgotten cards, and patients who have gone. */
function tick() {
  const p = paying();
  const ended = p && ['settled', 'refunded', 'cancelled', 'refused'].includes(p.step);
  if (person()?.by_code && ended) { // there is no card to take
    if (++s.over > forgotten) quit();
    return;
  }
  if (s.out > 0 || (person() && ended)) {
    s.over++;
    if (s.out > 0 || s.over > forgotten) {
      beep('alarm');
      render();
    }
    return;
  }
  if (s.behind && !p) {
    if (++s.over > forgotten) beep('alarm');
    return;
  }
  if (!person() || p) {
    if (s.left) close();
    if (p && !p.interrupted) s.touched = 0;
    else rest(p);
    return;
  }
  s.touched++;
  if (s.left > 0) {
    s.left--;
    if (s.left === 0) {
      close();
      quit();
    } else warn();
  } else if (s.touched >= patience()) {
    s.left = warned;
    beep('bad');
    warn();
  }
}

/** Nobody is served: a language, a message or the staff's papers that somebody left are for nobody else. @param {any} p */
function rest(p) {
  if (++s.touched < patience()) return;
  s.touched = 0;
  if (!p && s.screen?.state !== 'idle') return;
  const left = !p && parentsCard(); // before a visit it may well be the first card
  forget();
  s.behind = Boolean(left);
  s.old = s.screen?.seq;
  render();
}

/** Whether a guardian's card lies in its reader. */
const parentsCard = () => s.screen?.guardian && !s.screen.guardian.by_code;

/** Seconds without a touch. */
const patience = () => quiet * (s.how.elder ? 2 : 1);

function warn() {
  const text = `${s.left} ${t('stillMore')}`;
  if (s.left < warned && $('left')) return show($('left'), text); // a button that is being touched stays
  dialog(t('still'), [h('p', { id: 'left' }, text)], [[t('go'), () => { s.touched = 0; close(); }, 'main'], [t('quit'), () => { close(); quit(); }, '']]);
}

/** @param {any} screen */
async function onScreen(screen) {
  const before = s.screen;
  s.screen = screen;
  if (before?.state !== screen.state) s.said = '';
  if (s.out > 0 && screen.seq > s.outSeq) { // a card was taken
    s.outSeq = screen.seq;
    if (--s.out === 0) forget();
  }
  const same = before?.patient?.by_code && paying() || s.again && screen.state === 'reading';
  if (!screen.patient && before && (before.patient || s.again) && !same) {
    const { how } = s;
    forget();
    if (parentsCard()) Object.assign(s, { how, behind: true });
  } else if (s.behind && !parentsCard()) forget();
  if (screen.patient && s.again) {
    s.again = false;
    follows();
  }
  if (screen.patient && !before?.patient) s.touched = 0;
  if (s.quote?.id !== screen.quote?.id) {
    s.quote = null;
    if (screen.quote) {
      try {
        const q = await call('GET', '/v1/session/quote');
        if (q.id === s.screen?.quote?.id) s.quote = q;
      } catch { /* another screen follows */ }
    }
  }
  render();
  const came = before?.guardian?.id_number !== screen.guardian?.id_number;
  if (came) familyScreen();
  if (s.bill && came && screen.state === 'identified' && !paying()) quote(s.bill); // with the parent's card
}

/** Nothing of a patient stays. */
function forget() {
  leaveFamily();
  Object.assign(s, { quote: null, next: null, bill: '', skip: false, again: false, behind: false, said: '', over: 0, out: 0, touched: 0, how: { english: false, elder: false } });
  if ($('dialog').open) close();
}

async function begin() {
  render();
  const me = await call('GET', '/v1/me');
  if (me.role !== 'kiosk') return location.replace('/cashier');
  follow({
    line: (up) => { s.line = up; render(); },
    screen: onScreen,
    standing: (now) => {
      const over = s.standing?.payment && !now.payment;
      s.standing = now;
      if (over && !person()) forget(); // known by a code: no card is taken
      render();
    },
  });
  setInterval(tick, 1000);
  prepare({ button, plain, who, doing, after, busy: () => s.busy, reread, render, say: t, screen: () => s.screen, english: () => s.how.english, elder: () => s.how.elder });
  listen(() => undefined, (text) => doing(() => call('POST', '/v1/scans', { code: text }))); // a scanner that types
}

for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, () => { s.touched = 0; }, true);
addEventListener('contextmenu', (e) => e.preventDefault());
begin().catch((e) => {
  if (e instanceof Silent) setTimeout(() => location.reload(), 2000);
});
