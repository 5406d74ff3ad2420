// @ts-check
// The back office: what waits, what is held and why, what is owed, whether the books
// agree, and which rules hold until when.
import { $, anew, h, show } from './dom.js';
import { call, follow } from './daemon.js';
import { close, dialogKeys, isOpen } from './dialog.js';
import { listen } from './keys.js';
import { roles } from './words.js';
import { keeps, office, page } from './office-parts.js';
import { queue } from './office-queue.js';
import { books, debts, shifts } from './office-books.js';
import { look } from './office-look.js';
import { policy } from './office-policy.js';
import { acts } from './office-acts.js';

/** @type {[string, string, () => Promise<any>][]} */
const all = [['queue', '队列与挂起', queue], ['debts', '差额收退', debts], ['books', '对账', books], ['shifts', '班次', shifts], ['look', '图表', look], ['policy', '政策', policy], ['acts', '操作记录', acts]];
/** A cashier does not see what others did. */
let tabs = all;

let turn = 0;

async function render() {
  const mine = ++turn; // an answer that comes late shows nothing
  anew(() => show($('tabs'), tabs.map(([key, word]) => h('button', { type: 'button', 'aria-pressed': String(key === office.tab), onclick: () => to(key) }, word))));
  let parts;
  try {
    parts = await /** @type {any} */ (tabs.find(([key]) => key === office.tab))[2]();
  } catch (e) {
    parts = h('p', { class: 'panel said bad' }, /** @type {Error} */ (e).message);
  }
  if (mine === turn) anew(() => page(parts));
}

/** Goes to a tab; the browser's own back and forward do too. @param {string} key */
function to(key) {
  if (!tabs.some(([known]) => known === key)) return;
  [office.tab, office.said] = [key, ''];
  if (isOpen()) close();
  history[location.hash.slice(1) === key ? 'replaceState' : 'pushState'](null, '', '#' + key);
  render();
}

/** The queue goes on by itself: it is shown anew at most every few seconds, and not while somebody fills something in. */
function keepUp() {
  const pause = 3000;
  let waits = false;
  const again = () => {
    if (waits || office.tab !== 'queue') return;
    waits = true;
    setTimeout(() => {
      waits = false;
      if (office.tab === 'queue' && !isOpen()) render();
    }, pause);
  };
  follow({ upload: again, standing: again });
}

async function begin() {
  office.me = await call('GET', '/v1/me');
  office.again = render;
  if (!keeps()) tabs = all.filter(([key]) => key !== 'acts');
  if (office.me.role === 'kiosk') return location.replace('/kiosk');
  if (tabs.some(([key]) => '#' + key === location.hash)) office.tab = location.hash.slice(1);
  $('seat').textContent = `医保结算后台 ${office.me.seat}`;
  show($('account'), h('span', {}, `${office.me.name ?? ''} ${office.me.operator}（${roles[office.me.role]}）`), ['cashier', 'supervisor'].includes(office.me.role) && h('a', { href: '/cashier' }, '收费窗口'),
    h('button', { type: 'button', onclick: async () => { await call('POST', '/v1/sign-out'); location.replace('/sign-in'); } }, '退出'));
  listen((name) => (isOpen() ? dialogKeys(name) : undefined), () => {});
  history.replaceState(null, '', '#' + office.tab);
  addEventListener('popstate', () => to(location.hash.slice(1)));
  await render();
  keepUp();
}

begin().catch((e) => show($('main'), h('p', { class: 'panel said bad' }, e.message)));
