// @ts-check
// Which rules hold, from which source, what runs out; and how new ones come into force:
// one person stages a file, another approves it.
import { h } from './dom.js';
import { call } from './daemon.js';
import { isOpen } from './dialog.js';
import { fen } from './money.js';
import { categories, moment, sources as payers } from './words.js';
import { ask, doing, nowrap, office, panel, rules, table, today } from './office-parts.js';

/** The day whose rules are shown, and which staged file is. */
const s = { on: '', id: '' };

const standings = { official: '公布', derived: '推算', provisional: '暂定', unknown: '未知' };
const whys = { missing: '✕ 缺失', ending: '! 即将到期', illustrative: '! 演示值' };
/** What it does to bills that need the value. @type {Object<string, string>} */
const refusing = { missing: '用到它的账单不予结算', ending: '到期后用到它的账单不予结算', illustrative: '照常结算，标明“演示”，不作依据' };
const states = { staged: ['wait', '… 待批准'], approved: ['wait', '… 正在启用'], in_force: ['good', '✓ 已启用'], rejected: ['off', '↶ 已退回'] };
const grades = { official: '官方', press: '媒体', secondary: '转述', decision: '本院决定' };

/** @param {Object<string, any>} words @param {any} key */
const word = (words, key) => words[key] ?? key;

export async function policy() {
  const on = s.on || today();
  const [p, shelf] = await Promise.all([call('GET', `/v1/policy?on=${on}`), call('GET', '/v1/policy/overlays').catch(() => null)]);
  const pick = h('input', { type: 'date', id: 'on', value: on, 'aria-label': '日期', onchange: (/** @type {any} */ e) => { s.on = e.target.value; office.again(); } });
  const soon = p.values.filter((/** @type {any} */ v) => v.to).sort((/** @type {any} */ a, /** @type {any} */ b) => a.to.localeCompare(b.to));
  const one = s.id && (await call('GET', '/v1/policy/overlays/' + encodeURIComponent(s.id)).catch(() => null));
  if (one && one.state === 'staged' && !one.problem && !one.backtest) setTimeout(() => office.tab === 'policy' && !isOpen() && office.again(), 2000);
  return [
    one && overlay(one),
    shelf && staging(shelf.overlays),
    panel('要补的数', null, scroll('要补的数', stale(p.stale))),
    soon.length > 0 && panel('有截止日期的数', null, scroll('有截止日期的数', table(['参数', '值#', '到期', '来源'], soon.map((/** @type {any} */ v) => [v.title, v.value, nowrap(v.to), v.source])))),
    panel(`${on} 有效的政策值（摘要 ${p.digest.slice(0, 12)}）`, pick, table(['参数', '值#', '单位', '自', '至', '规则', '来源', '状态', '批准'], p.values.map(value))),
    panel('来源', null, table(['编号', '名称', '发布', '日期', '种类'], p.sources.map(source))),
  ];
}

/** @param {string} name @param {any} body */
const scroll = (name, body) => h('div', { class: 'short', tabindex: '0', role: 'region', 'aria-label': name }, body);

/** @param {any} v */
const value = (v) => [v.title, v.value || '未知', v.unit, nowrap(v.from), nowrap(v.to ?? ''), v.rule, v.source, word(standings, v.status) + (v.demo ? '（演示）' : ''), v.approved ?? ''];
/** @param {any} r */
const source = (r) => [r.id, r.title, r.publisher, nowrap(r.date), word(grades, r.kind)];
/** @param {any[]} list */
const stale = (list) => table(['情况', '参数', '自', '后果', '处理'], [...list].sort((a, b) => Number(b.bills) - Number(a.bills)).map((r) => [nowrap(word(whys, r.why)), r.title, nowrap(r.on), r.bills ? refusing[r.why] : '账单不受影响', h('details', {}, h('summary', {}, r.why === 'illustrative' ? '用公布的数替换' : `公布后暂存一个政策文件，自 ${r.on} 起`), h('span', { lang: 'en' }, r.do))]), '三个月内没有缺失或到期的数值。');
/** @param {any} p */
const person = (p) => (p.id ? `${p.name} ${p.id}` : '');

/** Files that were staged, and where one is. @param {any[]} list */
function staging(list) {
  const file = h('input', { type: 'file', id: 'file', accept: '.toml' });
  const stage = async () => {
    if (!file.files.length) return file.focus();
    const text = await file.files[0].text();
    await doing(async () => {
      try {
        s.id = (await call('POST', '/v1/policy/overlays', { file: file.files[0].name, text })).id;
      } catch (e) {
        const r = /** @type {any} */ (e);
        throw r.technician && r.status === 422 ? new Error(`${r.message}（${r.technician}）`) : e;
      }
    }, `${file.files[0].name} 已暂存，请另一位有权限的人登录批准。`);
  };
  return panel('政策文件：一人暂存，另一人批准', null,
    rules() && h('div', { class: 'row' }, h('label', { for: 'file' }, '规则文件（.toml）'), file, h('button', { type: 'button', onclick: stage }, '检查并暂存')),
    table(['文件', '状态', '暂存', '处理', '原因', ''], list.map((o) => [o.file, h('b', { class: 'nowrap ' + word(states, o.state)[0] }, word(states, o.state)[1]), `${person(o.by)} ${moment(o.at)}`, o.decided.id ? `${person(o.decided)} ${moment(o.decided_at)}` : '', o.why,
      h('button', { type: 'button', 'aria-pressed': String(s.id === o.id), onclick: () => { s.id = s.id === o.id ? '' : o.id; doing(async () => {}, ''); } }, s.id === o.id ? '收起' : '查看')]), '没有暂存过政策文件。'));
}

/** One with what it changes. @param {any} o */
function overlay(o) {
  const waits = o.state === 'staged';
  const mine = o.by.id === office.me.operator;
  const days = (/** @type {any} */ c) => nowrap(`${c.from} 至 ${c.to ?? '…'}`);
  const decide = (/** @type {string} */ how, /** @type {string} */ title, /** @type {string} */ done) => ask(`${title} ${o.file}`, h('p', {}, how === 'approve' ? `改变 ${o.changes.length} 处，批准后立即启用，以后的结算都按它算。` : '退回后不启用；改好可以重新暂存。'), title,
    (why) => call('POST', `/v1/policy/overlays/${encodeURIComponent(o.id)}/${how}`, how === 'approve' ? { seen: o.rules, why } : { why }), done);
  return h('section', { class: 'panel open' }, h('h2', {}, `${o.file}：${word(states, o.state)[1].slice(2)}`, h('span', { class: 'tools' },
    waits && rules() && !o.problem && !mine && h('button', { type: 'button', class: 'main', onclick: () => decide('approve', '批准', `${o.file} 已启用。`) }, '批准'),
    waits && rules() && h('button', { type: 'button', onclick: () => decide('reject', '退回', `${o.file} 已退回。`) }, '退回'))),
    h('p', {}, `${person(o.by)} 于 ${moment(o.at)} 暂存。`, waits && mine && h('b', { class: 'wait' }, '暂存的人不能自己批准，请另一位有权限的人登录。'), o.decided.id && `${person(o.decided)} 于 ${moment(o.decided_at)} 处理：${o.why}。`, o.replaces && waits && h('b', { class: 'wait' }, ' 替换现有的同名文件。')),
    o.problem && h('p', { class: 'said bad' }, `✕ 现在不能启用：${o.problem.cashier}（${o.problem.technician}）`),
    waits && !o.problem && [h('h3', {}, '改变什么'), table(['参数', '现在#', '改为#', '单位', '日期', '来源', '状态', '行#'], o.changes.map((/** @type {any} */ c) => [c.title, c.before ? c.before.value || '未知' : '—', h('b', {}, c.after ? c.after.value || '未知' : '—'), (c.after ?? c.before).unit, days(c), c.after?.source ?? '', c.after ? word(standings, c.after.status) + (c.after.demo ? '（演示）' : '') : '', c.line ? String(c.line) : '']), '现在启用不改变什么。'),
      h('h3', {}, '依据'), table(['编号', '名称', '发布', '日期', '种类'], o.sources.map(source), '没有。'),
      o.retroactive.length > 0 && h('p', { class: 'wait' }, `! 有 ${o.retroactive.length} 个数在批准日之前就生效（${o.retroactive.map((/** @type {any} */ c) => c.title).join('、')}）：其间已按原规则结算的，看下面的回测。`)],
    (waits || o.backtest) && [h('h3', {}, '回测：以往的结算按它算会怎样'), o.backtest ? trial(o.backtest) : h('p', {}, '… 正在后台计算，算完就显示。')],
    h('details', {}, h('summary', {}, '文件原文'), h('pre', { tabindex: '0' }, o.text)));
}

/** @param {any} t */
function trial(t) {
  const r = t.report;
  const refused = r.refused.reduce((/** @type {number} */ n, /** @type {any} */ x) => n + x.count, 0);
  const signed = (/** @type {string} */ a) => (fen(a) > 0 ? '+' + a : a);
  const moved = (/** @type {any} */ d, /** @type {string} */ k) => (d.before[k] === d.after[k] ? d.before[k] : `${d.before[k]} → ${d.after[k]}`);
  return [
    h('p', { class: 'said' }, `${moment(t.at)}：共 ${r.settlements} 笔，${r.compared - r.same} 笔会变，${r.same} 笔分文不变${refused ? `，${refused} 笔会不予结算` : ''}${r.admitted.count ? `，${r.admitted.count} 笔会变为可结算` : ''}。`),
    t.cut && h('p', { class: 'bad' }, `! 没有算完：${t.cut}`),
    r.unlike.count + r.failed.count > 0 && h('p', { class: 'bad' }, `! ${r.unlike.count + r.failed.count} 笔按原规则也算不出原来的结果；请信息科用 settled policy backtest 查看。`),
    r.unchecked.length > 0 && h('p', { class: 'faint' }, `${r.unchecked.reduce((/** @type {number} */ n, /** @type {any} */ x) => n + x.count, 0)} 笔由以前的规则结算，没有核对原结果。`),
    table(['谁付', '原付#', '改付#', '差额#', '增加笔数#', '减少笔数#'], r.sources.map((/** @type {any} */ x, /** @type {number} */ i) => [payers[i][1], x.before, x.after, signed(x.difference), String(x.more), String(x.less)])),
    r.persons.length > 0 && table(['参保人', '得自统筹#', '增加笔数#', '减少笔数#', '不予结算#'], r.persons.map((/** @type {any} */ g) => [(categories[g.category] ?? g.category) + (g.retired ? '退休' : ''), signed(g.difference), String(g.more), String(g.less), String(g.refused)])),
    r.largest.length > 0 && table(['变动最大的', '参保人', '就诊日', '统筹#', '账户#', '共济#', '现金#'], r.largest.map((/** @type {any} */ d) => [d.id, d.who ?? '', nowrap(d.day), moved(d, 'fund'), moved(d, 'own'), moved(d, 'mutual'), moved(d, 'cash')])),
  ];
}
