// @ts-check
// What a family does at the terminal besides paying: looking up, mobile payment's
// conditions, the parent's account, the institution.
import { h } from './dom.js';
import { call } from './daemon.js';

/** The page's own parts, which kiosk.js gives. @type {any} */
let k;
/** Where the family is, and what was fetched there. @type {any} */
let f = { at: '' };

/** @param {any} parts button, plain, pay, say, sorry, who, doing, render, screen */
export function prepare(parts) { k = parts; }

/** Nothing of a family stays. */
export function leaveFamily() { f = { at: '' }; }

/** Whether a family is at something. */
export const inFamily = () => f.at !== '';

/** Goes to the services. */
export function openFamily() { go('menu'); }

/** @param {string} at @param {any} [more] */
function go(at, more) { f = { ...more, at }; k.render(); }

const t = (/** @type {string} */ key) => k.say(key);

/** Does something once: while something else is under way, nothing. @param {string} at @param {() => Promise<any>} act what is shown there */
const load = (at, act) => k.doing(async () => { const data = await act(); go(at, data); });

/** Asks for something, behind what is under way. @param {string} at @param {() => Promise<any>} fetch */
const ask = (at, fetch) => k.after(async () => { const data = await fetch(); go(at, data); });

const look = () => ask('look', () => call('GET', '/v1/family'));
const mobile = () => ask('mobile', () => call('GET', '/v1/family/mobile'));
const places = () => ask('places', async () => ({ ...(await call('GET', `/v1/family/places?limit=${page()}`)), now: await call('GET', '/v1/family'), want: { from: 0, size: page(), district: '', search: '' } }));

/** Prints what is shown, once. */
function print() {
  if (f.paper || k.busy()) return;
  const mine = f;
  mine.paper = 'on its way';
  k.doing(async () => {
    try {
      await call('POST', '/v1/family/slip');
      mine.paper = 'out';
    } finally {
      if (mine.paper !== 'out') mine.paper = '';
    }
  });
  k.render();
}

/** The relations that the rules cover, for whoever stands at the guardian's reader. */
function bind() {
  go('bind');
  k.after(async () => {
    const asked = await parents();
    if (f.at === 'bind') go('bind', asked);
  });
}

async function parents() {
  if (!k.screen()?.guardian) return {};
  const standing = await call('GET', '/v1/family');
  const link = standing.links.find((/** @type {any} */ l) => l.here && l.now && !l.to);
  const asked = await Promise.all(kin.map(async (r) => ({ relation: r, ...(await call('GET', `/v1/family/binding?relation=${r}`)) })));
  return { link, kin: asked.filter((a) => !a.conditions.some((/** @type {any} */ c) => c.need === 'RELATION' && c.finding !== 'met')), conditions: asked[0].conditions };
}

const kin = ['child', 'parent', 'spouse', 'sibling', 'grandparent', 'grandchild'];

/** A card came or went: what is shown of the parent is no longer so. */
export function familyScreen() {
  if (k.busy() && !k.screen()?.guardian) return; // a code that served for the link under way
  if (f.at === 'bind' || f.at === 'relation') bind();
}

/** @returns {[string, any, any, any]} as kiosk.js's scene */
export function familyScene() {
  const back = k.button(t('back'), () => go('menu'));
  switch (f.at) {
    case 'look': return ['', lookParts(), back, h('span', { class: 'pager' }, f.choice?.can_undo && k.button(t('undo'), () => go('undo', { choice: f.choice })), f.paper !== 'out' && k.button(t(f.paper ? 'printing' : 'print'), print))];
    case 'undo': return ['', [...k.plain('↶', t('undoSure'), f.choice.name, day('from', f.choice.from))], k.button(t('back'), look), k.button(t('undoYes'), undo, 'main')];
    case 'mobile': return ['', mobileParts(), back, null];
    case 'bind': return bindScene(back);
    case 'relation': return ['', consent(), k.button(t('back'), bind), k.button(t('bindYes'), link, 'main')];
    case 'bound': return ['good', [...k.plain('✓', t('bound'), day('boundMore', f.from)), h('p', { class: 'ask' }, t('bindWhere'))], null, k.button(t('fine'), () => go('menu'), 'main')];
    case 'unbind': return ['', [...k.plain('↶', t('unbindSure'), t('unbindMore')), h('p', { class: 'ask' }, t('bindWhere'))], k.button(t('back'), bind), k.button(t('unbindYes'), unlink, 'main')];
    case 'unbound': return ['good', [...k.plain('✓', t('unbound'), day('unboundMore', f.last)), h('p', { class: 'ask' }, t('bindWhere'))], null, k.button(t('fine'), () => go('menu'), 'main')];
    case 'places': return ['', placesParts(), back, pager()];
    case 'find': return ['', findParts(), k.button(t('back'), () => go('places', f.list)), k.button(t('findYes'), () => wanted(f.list, { search: f.typed, district: '' }), 'main')];
    case 'place': return ['', placeParts(), k.button(t('back'), () => go('places', f.list)), k.button(t('placeYes'), select, 'main')];
    case 'chosen': return chosenScene();
    default: return ['', [k.who(), h('h2', {}, t('services')), h('div', { class: 'list menu' },
      tile('look', look), tile('mobile', mobile), tile('bind', bind), tile('place', places))], k.button(t('toBills'), () => go('')), null];
  }
}

/** @param {string} key @param {() => void} act */
const tile = (key, act) => h('button', { type: 'button', onclick: act }, h('span', {}, t(key)), h('small', {}, t(key + 'More')));

/** A date in a sentence that has %s for it. @param {string} key @param {string} date */
const day = (key, date) => t(key).replace('%s', date ?? '');

/** @param {string} key @param {any} value @param {string} [look] */
const fact = (key, value, look) => value !== '' && value !== undefined && value !== null && h('div', { class: look ?? '' }, h('dt', {}, t(key)), h('dd', {}, value));

/** @param {string} from @param {string} [to] */
const span = (from, to) => (to && to < '2099' ? `${from} – ${to}` : day('since', from));

function lookParts() {
  const a = f.allowance;
  return [k.who(), h('h2', {}, t('look')), f.offline && h('p', { class: 'ask' }, t('lastWord')), f.paper === 'out' && h('p', { class: 'centre good', role: 'status' }, '✓ ', t('printed')),
    h('dl', { class: 'facts' },
      a ? [fact('left', `￥${a.left}`, 'you'), fact('limit', `￥${a.limit}${a.provisional ? t('maybe') : ''}`), fact('used', `￥${a.used}`)] : fact('left', t('unknownLimit')),
      fact('benefit', f.benefit.now ? span(f.benefit.from, f.benefit.to) : t('noBenefit')),
      f.own !== undefined && fact('ownLeft', `￥${f.own}`),
      f.selections.length === 0 && fact('selected', t('noneSelected')),
      f.selections.map((/** @type {any} */ s) => fact(s.now ? 'selected' : 'selectedNext', [s.name, h('small', {}, span(s.from, s.to))])),
      f.links.map((/** @type {any} */ l) => fact('linked', [t('linkOf').replace('%h', l.holder).replace('%r', t(l.relation)), h('small', {}, span(l.from, l.to))])),
      f.choice && f.choice.state !== 'filed' && fact('filing', [f.choice.name, h('small', {}, t('choice_' + f.choice.state + (f.choice.undo && f.choice.state === 'waiting' ? '_undo' : '')))]),
      f.visits.slice(0, 3).map((/** @type {any} */ v) => fact('visit', [`${v.day}　￥${v.total}${v.void ? '　' + t('reversed') : ''}`, h('small', {}, `${t('fund')} ￥${v.fund}　${t('cashPaid')} ￥${v.cash}`)])))];
}

/** @param {any} c */
const sign = (c) => ({ met: ['good', '✓'], unmet: ['bad', '✕'] }[/** @type {string} */ (c.finding)] ?? ['wait', '？']);

/** What is to do comes first, what is met last. @param {any[]} list @param {string} set of words */
function conditions(list, set) {
  const row = (/** @type {any} */ c) => h('li', { class: sign(c)[0] }, h('span', { class: 'sign', role: 'img', 'aria-label': t(c.finding) }, sign(c)[1]),
    h('span', {}, h('b', {}, t(`${set}_${c.need}`)), c.finding !== 'met' && h('small', {}, t(`${set}_${c.need}_do`))));
  const of = (/** @type {string} */ finding) => list.filter((c) => c.finding === finding).map(row);
  return [h('ul', { class: 'conditions' }, of('unmet'), of('unknown')), h('ul', { class: 'conditions met' }, of('met'))];
}

function mobileParts() {
  const list = f.conditions;
  const no = list.some((/** @type {any} */ c) => c.finding === 'unmet');
  const maybe = list.some((/** @type {any} */ c) => c.finding === 'unknown');
  return [k.who(), h('h2', { class: no ? 'bad' : maybe ? 'wait' : 'good' }, t(no ? 'mobileNo' : maybe ? 'mobileMaybe' : 'mobileYes')), conditions(list, 'm')];
}

/** @param {any} back @returns {[string, any, any, any]} */
function bindScene(back) {
  const guardian = k.screen()?.guardian;
  if (!guardian) {
    return ['', k.plain('▭', t('bindCard'), t(f.code ? 'bindScan' : 'bindCardMore')), back, f.code ? null : k.button(t('bindCode'), () => k.doing(async () => {
      await call('POST', '/v1/session/guardian-code');
      go('bind', { code: true });
    }))];
  }
  if (!f.kin) return ['', k.plain('⟳', t('reading')), back, null];
  const who = h('p', { class: 'who' }, `${t('parentIs')} ${guardian.name}　${guardian.id_number}`);
  if (f.link) return ['', [k.who(), who, h('h2', {}, t('isLinked')), h('p', { class: 'centre' }, `${t('linkOf').replace('%h', f.link.holder).replace('%r', t(f.link.relation))}　${span(f.link.from)}`)], back, k.button(t('unbind'), () => go('unbind'), 'main')];
  const bars = f.conditions.filter((/** @type {any} */ c) => c.finding === 'unmet' && c.need !== 'BALANCE' && c.need !== 'RELATION');
  if (bars.length > 0) return ['bad', [k.who(), who, h('h2', {}, t('bindNo')), conditions(bars, 'b')], back, null];
  return ['', [k.who(), who, h('h2', {}, t('whoIs')), h('div', { class: 'list kin' }, f.kin.map((/** @type {any} */ a) => h('button', { type: 'button', onclick: () => go('relation', a) }, t(a.relation))))], back, null];
}

function consent() {
  const empty = f.conditions.some((/** @type {any} */ c) => c.need === 'BALANCE' && c.finding === 'unmet');
  return [h('h2', {}, day('consent', t(f.relation))), h('ul', { class: 'consent' },
    h('li', { class: 'good' }, '✓ ', t('pays')), h('li', { class: 'bad' }, '✕ ', t('paysNot')), h('li', { class: 'bad' }, '✕ ', t('notShown')), h('li', {}, '☞ ', t('bindWhere'))),
  empty && h('p', { class: 'ask' }, t('b_BALANCE_do'))];
}

const link = () => load('bound', () => call('POST', '/v1/links', { relation: f.relation }));
const unlink = () => load('unbound', () => call('DELETE', '/v1/links'));

/** Institutions on a screen. */
const page = () => (k.elder() ? 4 : 6);

/** Asks for the institutions that are wanted now. @param {any} list @param {any} want */
const wanted = (list, want) => k.doing(async () => {
  const next = { ...list.want, from: 0, ...want };
  const q = new URLSearchParams({ limit: String(next.size = page()), after: String(next.from), district: next.district, search: next.search });
  const found = await call('GET', '/v1/family/places?' + q);
  go('places', { ...list, ...found, want: next });
});

function placesParts() {
  const now = f.now.selections.find((/** @type {any} */ s) => s.now);
  const { district, search } = f.want;
  const chip = (/** @type {string} */ text, /** @type {boolean} */ pressed, /** @type {() => void} */ act) => k.button(text, act, '', pressed);
  return [h('h2', {}, t('placeAsk')), h('p', { class: 'centre' }, `${k.screen()?.patient?.name ?? ''}　`, now ? `${t('selected')}：${now.name}` : t('noneSelected')),
    h('div', { class: 'chips', role: 'group', 'aria-label': t('whichPlaces') }, chip(t('allPlaces'), !district && !search, () => wanted(f, { district: '', search: '' })),
      f.districts.map((/** @type {any} */ d) => chip(`${(k.english() && romans[d.code]) || d.name || d.code} ${d.count}`, district === d.code, () => wanted(f, { district: d.code, search: '' }))),
      chip(search ? `${t('find')}：${search}` : t('find'), !!search, () => go('find', { list: f, typed: search }))),
    f.places.length === 0 ? h('p', { class: 'ask', role: 'status' }, t(search || district ? 'nothingFound' : 'noPlaces')) : h('div', { class: 'list places' }, f.places.map((/** @type {any} */ p) => h('button', { type: 'button', onclick: () => go('place', { place: p, list: f }) },
      h('span', {}, p.name), h('small', {}, `${t(p.kind)}　${p.id}　${day('from', p.from)}`))))];
}

/** @type {Object<string, string>} */
const romans = { 440303: 'Luohu', 440304: 'Futian', 440305: 'Nanshan', 440306: "Bao'an", 440307: 'Longgang', 440308: 'Yantian', 440309: 'Longhua', 440310: 'Pingshan', 440311: 'Guangming' };

/** A field, and digits to touch: a terminal has no keyboard. */
function findParts() {
  const most = 12;
  const input = h('input', { id: 'find', autocomplete: 'off', maxlength: String(most), 'aria-label': t('findAsk'), value: f.typed, oninput: () => { f.typed = input.value; }, onkeydown: (/** @type {KeyboardEvent} */ e) => { if (e.key === 'Enter' && !e.isComposing) wanted(f.list, { search: f.typed, district: '' }); } });
  const type = (/** @type {string} */ text) => { input.value = f.typed = text.slice(0, most); };
  const key = (/** @type {string} */ d) => h('button', { type: 'button', onclick: () => type(f.typed + d) }, d); // fast, too
  const erase = h('button', { type: 'button', 'aria-label': t('erase'), onclick: () => type(f.typed.slice(0, -1)) }, '⌫');
  return [h('h2', {}, t('findAsk')), h('p', { class: 'centre' }, t('findMore')), h('div', { class: 'find' }, input,
    h('div', { class: 'digits' }, [...'1234567890'].map(key), erase, k.button(t('eraseAll'), () => type(''))))];
}

function pager() {
  const { size } = f.want;
  const turn = (/** @type {number} */ by) => wanted(f, { from: Math.max(0, f.want.from + by) });
  return h('span', { class: 'pager' }, f.total > size && h('span', { class: 'page' }, `${Math.ceil(f.want.from / size) + 1} / ${Math.ceil(f.total / size)}`), f.want.from > 0 && k.button(t('pageBack'), () => turn(-size)), f.want.from + size < f.total && k.button(t('pageNext'), () => turn(size)));
}

function placeParts() {
  const now = f.list.now.selections.find((/** @type {any} */ s) => s.now);
  return [k.who(), h('h2', {}, f.place.name), h('dl', { class: 'facts' }, fact('holdsFrom', f.place.from, 'you'), now && fact('until', now.name), fact('why', t(f.place.kind))),
    h('p', { class: 'ask' }, t(now ? 'placeChange' : 'placeFirst'))];
}

const select = () => load('chosen', () => call('POST', '/v1/family/selection', { institution: f.place.id, from: f.place.from }));
const undo = () => load('chosen', () => call('DELETE', '/v1/family/selection'));

/** @returns {[string, any, any, any]} */
function chosenScene() {
  const anew = ['filed', 'undone'].includes(f.state) && !k.screen()?.patient?.by_code; // what holds now is asked of the platform
  const fine = k.button(t('fine'), () => { go('menu'); if (anew) k.reread(); }, 'main');
  const name = f.name;
  if (f.state === 'undone') return ['good', k.plain('✓', t('undone'), name), null, fine];
  if (f.state === 'waiting') return ['', k.plain('…', t(f.undo ? 'undoWaits' : 'placeWaits'), name, t('placeWaitsMore')), null, fine];
  if (f.state === 'refused' || f.told) return ['bad', k.plain('✕', t('placeRefused'), name, k.english() ? '' : f.told, t('window')), null, fine];
  return ['good', k.plain('✓', t('placeFiled'), name, day('from', f.from)), null, fine];
}
