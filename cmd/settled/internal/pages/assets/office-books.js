// @ts-check
// Whether the books agree: days, a day's groups, each settlement that differs, the bridge
// between what was made and what was booked, the drawers; and what patients owe or get.
import { h } from './dom.js';
import { call } from './daemon.js';
import { fen, yuan } from './money.js';
import { moment } from './words.js';
import { ask, doing, exports, keeps, nowrap, office, panel, statement, table, tile, today } from './office-parts.js';

const kinds = { only_here: '本地有，平台没有', only_there: '平台有，本地没有', differs: '金额不同', unclear: '不明', other_day: '日期不同', elsewhere: '别的窗口' };
const states = { equal: ['good', '✓ 账平'], accounted: ['good', '✓ 有差异，均已说明'], unequal: ['bad', '✕ 账不平'], late: ['wait', '… 平台结果未到'] };
const types = { 310: '职工', 390: '居民' };
const clearings = { 11: '门诊', 21: '住院' };

/** The reports that were made since the page was opened, by day; which is shown; whether all differences are. @type {{reports: Object<string, any>, day: string, all: boolean}} */
const s = { reports: {}, day: '', all: false };

/** @param {Object<string, any>} words @param {any} key */
const word = (words, key) => words[key] ?? key;
/** @param {string|undefined} state */
function judged(state) {
  const [tone, text] = /** @type {any} */ (states)[state ?? ''] ?? ['off', '— 没有对账'];
  return h('span', { class: 'nowrap said ' + tone }, text);
}

/** What is to be done about a difference, or was. @param {any} i @returns {[string, string]} */
function fate(i) {
  const [sum, back] = [fen(i.cash), '￥' + yuan(Math.abs(fen(i.cash)))];
  if (i.open) return [sum > 0 ? 'wait' : 'bad', `${i.reversed ? '已撤销，' : ''}应${sum > 0 ? (i.reversed ? '收回' : '补收') : '退还'} ${back}`];
  if (i.done?.how === 'waived') return ['off', '— 不再补退'];
  if (i.done) return ['good', `✓ 已${sum > 0 ? '补收' : '退还'} ${back}`];
  return ['off', sum === 0 ? '现金不变' : '容差内，不处理'];
}

const ways = { cash: '现金', other: '非现金', waived: '' };

export async function debts() {
  const { debts: list } = await call('GET', '/v1/differences');
  const items = list.flatMap((/** @type {any} */ d, /** @type {number} */ of) => d.items.map((/** @type {any} */ i) => ({ ...i, of, who: d.name, id: d.id_number })));
  const sum = (/** @type {number} */ sign) => items.reduce((/** @type {number} */ n, /** @type {any} */ i) => n + (i.open ? Math.max(0, sign * fen(i.cash)) : 0), 0);
  const shown = s.all ? items : items.filter((/** @type {any} */ i) => i.open);
  const rows = shown.map((/** @type {any} */ i, /** @type {number} */ n) => [
    ...(n && shown[n - 1].of === i.of ? ['', ''] : [i.who, i.id]), statement(i.number), nowrap(i.made), i.local.fund, i.platform.fund, i.local.cash, i.platform.cash, h('b', { class: 'nowrap ' + fate(i)[0] }, fate(i)[1]),
    i.open ? h('span', { class: 'tools' }, h('button', { type: 'button', class: 'main', onclick: () => square(i) }, fen(i.cash) > 0 ? '已收…' : '已退…'), keeps() && h('button', { type: 'button', onclick: () => waive(i) }, '不再补退…'))
      : i.done && h('span', {}, `${word(ways, i.done.how)} ${i.done.operator} `, nowrap(moment(i.done.at)), ` ${i.done.why ?? ''}`)]);
  const choose = (/** @type {boolean} */ all, /** @type {string} */ text) => h('button', { type: 'button', 'aria-pressed': String(s.all === all), onclick: () => { s.all = all; office.said = ''; office.again(); } }, text);
  return [
    h('div', { class: 'tiles' }, tile(sum(1) ? 'wait' : 'good', sum(1) ? '＋' : '✓', '￥' + yuan(sum(1)), '应向患者补收'), tile(sum(-1) ? 'bad' : 'good', sum(-1) ? '－' : '✓', '￥' + yuan(sum(-1)), '应退还患者')),
    panel('平台与本地算得不同：以平台为准', exports('differences', s.all ? '' : 'state=open'),
      h('div', { class: 'tools', role: 'group', 'aria-label': '看哪些' }, choose(false, '要办的'), choose(true, '全部')),
      table(['患者', '证件', '结算单', '日期', '本地统筹#', '平台统筹#', '本地现金#', '平台现金#', '处理#', ''], rows, s.all ? '没有差额。' : '没有要办的差额。')),
  ];
}

/** @param {any} i */
const tell = (i) => h('p', {}, `${i.number}　${i.who} ${i.id}　${fate(i)[1]}`);
/** @param {any} i @param {string} how @param {string} why */
const send = (i, how, why) => call('POST', `/v1/differences/${encodeURIComponent(i.number)}`, { cash: i.cash, how, why });

/** Keeps that money changed hands. @param {any} i */
function square(i) {
  const how = h('select', { id: 'how' }, h('option', { value: 'cash' }, '现金（计入本窗口当班钱箱）'), h('option', { value: 'other' }, '非现金（转账、扫码等）'));
  const done = fen(i.cash) > 0 ? '已收' : '已退';
  ask(`登记${done} ￥${yuan(Math.abs(fen(i.cash)))}`, [tell(i), h('div', { class: 'row' }, h('label', { for: 'how' }, '方式'), how), h('p', { class: 'faint' }, '先收退，再登记。只能登记一次，记在您的名下。')],
    done, (why) => send(i, how.value, why), `${i.number} 已登记：${done} ￥${yuan(Math.abs(fen(i.cash)))}。`, false);
}

/** Keeps that nobody pays. @param {any} i */
function waive(i) {
  ask('不再补收或退还', [tell(i), h('p', { class: 'faint' }, '登记后从清单中去掉，不能恢复；钱箱不变。')], '不再补退', (why) => send(i, 'waived', why), `${i.number} 已登记：不再补退。`);
}

/** @param {string} day */
const run = (day) => doing(async () => {
  s.day = day;
  s.reports[day] = await call('POST', '/v1/reconciliations', { day });
}, `${day} 已对账。`);

export async function books() {
  const { days } = await call('GET', '/v1/reconciliations');
  const day = h('input', { type: 'date', id: 'day', value: s.day || today(), max: today() });
  const rows = [...days].sort((a, b) => b.day.localeCompare(a.day)).map((/** @type {any} */ d) => [nowrap(d.day), String(d.settled), String(d.withdrawn), judged(d.state), nowrap(moment(d.at)), d.due ? h('b', { class: 'wait nowrap' }, '! 待对账') : '',
    h('span', { class: 'tools' }, h('button', { type: 'button', onclick: () => run(d.day) }, d.state ? '再对一次' : '对账'), s.reports[d.day] && h('button', { type: 'button', 'aria-pressed': String(s.day === d.day), onclick: () => { s.day = d.day; doing(async () => {}, ''); } }, '明细'))]);
  const r = s.reports[s.day];
  return [
    panel('逐日对账（3201、3202；按平台的结算日，近 31 天）', exports('reconciliation', 'month=' + today()),
      h('div', { class: 'row' }, h('label', { for: 'day' }, '另选一天'), day, h('button', { type: 'button', class: 'main', onclick: () => day.value && run(day.value) }, '对账')),
      table(['平台日', '结算#', '撤销#', '结果', '对账时间', '', ''], rows, '近 31 天平台没有入账。')),
    r && report(r),
  ];
}

/** @param {any} r */
function report(r) {
  const found = r.details.flatMap((/** @type {any} */ d) => d.findings);
  const side = (/** @type {any} */ x) => (x ? `${x.total}（统筹 ${x.fund}）` : '—');
  const net = (/** @type {any} */ b, /** @type {string} */ key) => yuan(fen(b.positive[key]) + fen(b.negative[key]));
  return [
    panel(`${r.day} 分组总额`, null, table(['险种', '类别', '经办机构', '结算#', '撤销#', '总额#', '统筹#', '账户#', '结果', '平台说明'], r.books.map((/** @type {any} */ b) => [
      word(types, b.insutype), word(clearings, b.clr_type), b.setl_optins, String(b.positive.count), String(b.negative.count), net(b, 'total'), net(b, 'fund'), net(b, 'account'), judged(b.state), b.words ?? '']), '当天平台没有入账。'),
      r.others?.length > 0 && h('p', {}, '已并入：' + r.others.map((/** @type {any} */ o) => `${o.counter} 号窗口 ${o.rows} 笔（截至 ${moment(o.at)}）`).join('；')),
      r.apart && h('p', { class: 'wait' }, '! ' + r.apart)),
    r.details.length > 0 && panel(`${r.day} 逐笔差异`, null, table(['项', '种类', '单号', '患者', '本地#', '平台#', '怎么办', ''], found.map((/** @type {any} */ f) => [
      String(f.item), nowrap(word(kinds, f.kind)), f.number ? statement(f.number) : f.msgid || f.setl_id || '', f.person ?? '', side(f.here), side(f.there), f.do,
      f.repair && keeps() && h('button', { type: 'button', onclick: () => apply(r, f) }, f.repair === 'hold' ? '挂起' : '放行')]), '没有不一致的。')),
    panel(`${r.day} 从窗口到平台`, null, table(['', '笔数#', '总额#', '统筹#', '账户#', '现金#'], [['窗口当天做的', 'here', ''], ['减：没有到平台的', 'waiting', '−'], ['减：平台记在别的日子的', 'later', '−'], ['加：别的日子做、平台记在当天的', 'earlier', '+'], ['加：平台算得多的', 'differ', '+'], ['平台当天的', 'there', '']]
      .map(([title, key, sign]) => [title, (r.bridge[key].count ? sign : '') + r.bridge[key].count, r.bridge[key].total, r.bridge[key].fund, r.bridge[key].account, r.bridge[key].cash]))),
    panel(`${r.day} 钱箱`, null, table(['班次', '当天现金#', '整班现金#', '差额收退#', '清点（含备用金）#', '长短款#'], r.drawers.map((/** @type {any} */ d) => [d.shift ? String(d.shift) : '没有开班', d.on_day, d.taken, fen(d.squared) ? d.squared : '', d.counted ?? '没有结班', d.over ?? '']), '当天没有现金。')),
  ];
}

/** @param {any} r @param {any} f */
function apply(r, f) {
  ask(`处理第 ${f.item} 项`, [h('p', {}, f.do)], f.repair === 'hold' ? '挂起' : '放行', (why, two) => call('POST', '/v1/reconciliations/repair', { day: r.day, report: r.id, item: f.item, why, ...two }), `${f.target} 已${f.repair === 'hold' ? '挂起' : '放行'}，稍后再对一次账。`);
}

export async function shifts() {
  const { shifts: list } = await call('GET', '/v1/shifts');
  const over = (/** @type {any} */ c) => (!c ? h('span', { class: 'wait' }, '没有结班') : fen(c.over) === 0 ? h('span', { class: 'good' }, '✓ 相符') : h('b', { class: 'bad' }, `${fen(c.over) > 0 ? '长' : '短'} ￥${yuan(Math.abs(fen(c.over)))}`));
  return panel('班次（近 31 天）', exports('shifts', 'month=' + today()), table(['班次', '窗口', '收费员', '开班', '结班', '结算#', '退费撤销#', '总额#', '统筹#', '差额收退#', '应有现金#', '清点#', '长短款#', ''], list.map((/** @type {any} */ c) => [
    String(c.number), c.seat, c.operator, nowrap(moment(c.opened)), nowrap(moment(c.closed?.at)), String(c.settled.count), String(c.voided.count + c.refunded.count), c.settled.total, c.settled.fund, c.collected.count + c.given_back.count ? yuan(fen(c.collected.cash) - fen(c.given_back.cash)) : '', c.expected, c.closed?.counted ?? '', over(c.closed),
    h('a', { href: `/v1/shifts/${c.number}/slip`, target: '_blank', rel: 'noopener' }, '班结单')]), '近 31 天没有开过班。'));
}
