// @ts-check
// What waits for the platform, what is held and why, and what is at risk.
import { h } from './dom.js';
import { call } from './daemon.js';
import { fen } from './money.js';
import { uploads, when } from './words.js';
import { ask, exports, keeps, nowrap, office, panel, statement, table, tile } from './office-parts.js';

const kinds = { settlement: '结算', void: '撤销', refund: '退费' };
const most = 500;

export async function queue() {
  const [st, held, list] = await Promise.all([call('GET', '/v1/standing'), call('GET', `/v1/queue?state=held&limit=${most}`), call('GET', `/v1/queue?limit=${most}`)]);
  const q = st.queue;
  const waits = list.entries.filter((/** @type {any} */ e) => e.state !== 'held');
  const row = (/** @type {any} */ e) => [e.kind === 'settlement' ? statement(e.number) : e.number, /** @type {any} */ (kinds)[e.kind], nowrap(when(e.at)), e.total, e.fund, e.cash];
  const more = (/** @type {any} */ l) => l.next && h('p', { class: 'faint' }, `只列出前 ${most} 笔；全部请导出。`);
  return [
    h('div', { class: 'tiles' },
      tile(st.not_ready.length ? 'bad' : 'good', st.not_ready.length ? '✕' : '✓', st.not_ready.length ? '不能结算' : '正常', st.not_ready.map((/** @type {any} */ n) => n.text).join(' ') || '窗口可以结算'),
      tile(st.platform ? 'wait' : 'good', st.platform ? '!' : '✓', st.platform ? '中断' : '通', st.platform?.text ?? '医保平台'),
      tile(q.held ? 'bad' : 'good', q.held ? '‖' : '✓', String(q.held), q.oldest_held ? `笔挂起，最早 ${when(q.oldest_held)}` : '笔挂起'),
      tile(q.pending ? 'wait' : 'good', q.pending ? '…' : '✓', String(q.pending), q.oldest_pending ? `笔待上传，最早 ${when(q.oldest_pending)}` : '笔待上传'),
      tile('off', '#', String(q.entry), `账本条数${q.hash ? `，链头 ${q.hash.slice(0, 12)}` : ''}`)),
    st.notices.length > 0 && h('section', { class: 'panel' }, st.notices.map((/** @type {any} */ n) => h('p', { class: 'wait' }, '! ' + n.text))),
    panel('挂起：要人处理', exports('held'), table(['单号', '种类', '结算时间', '总额#', '统筹#', '现金#', '原因', '期限', ''],
      held.entries.map((/** @type {any} */ e) => [...row(e), e.reason?.cashier ?? '', nowrap(when(e.deadline)), keeps() && h('span', { class: 'tools' }, e.kind === 'settlement' && act('修改', () => repair(e)), act('放行', () => release(e)))])), more(held)),
    exposure(q),
    panel('待上传', exports('queue'), table(['单号', '种类', '结算时间', '总额#', '统筹#', '现金#', '状态', '原因', '期限', ''],
      waits.map((/** @type {any} */ e) => [...row(e), nowrap(uploads[e.state]?.[1] ?? e.state), e.reason?.cashier ?? '', nowrap(when(e.deadline)), keeps() && e.state === 'pending' && e.kind === 'settlement' && act('挂起', () => hold(e))])), more(list)),
  ];
}

/** @param {string} word @param {() => void} go */
const act = (word, go) => h('button', { type: 'button', onclick: go }, word);

/** What is at risk until the platform has confirmed it. @param {any} q */
function exposure(q) {
  const r = q.risk;
  if (!r) return panel('敞口：平台没有确认的统筹基金', null, h('p', { class: 'amount-big' }, '￥' + q.exposed));
  const full = fen(r.counter.limit);
  return panel('敞口：已垫付、平台没有确认的统筹基金', null,
    h('div', { class: 'row' }, h('b', { class: 'amount-big' }, '￥' + r.counter.at),
      h('meter', { min: '0', max: String(full), high: String(fen(r.counter.warn)), value: String(fen(r.counter.at)), 'aria-label': `本窗口敞口 ${r.counter.at} 元，上限 ${r.counter.limit} 元` }),
      `上限 ￥${r.counter.limit}，￥${r.counter.warn} 起提醒`),
    h('p', { class: 'faint' }, `离线时每人不超过 ￥${r.person.limit}，每个账户不超过 ￥${r.account.limit}。`, r.loss_borne_by && `平台不认的，由${r.loss_borne_by}承担。`, '超过上限的先自费，凭条写明到哪里报销。'),
    (r.alerts ?? []).map((/** @type {any} */ a) => h('p', { class: 'bad' }, '! ' + a.text)));
}

/** @param {any} e */
const about = (e) => h('p', {}, `${e.number}　总额 ￥${e.total}，统筹 ￥${e.fund}，现金 ￥${e.cash}`);

/** @param {any} e */
function hold(e) {
  ask('挂起：先不上传', about(e), '挂起', (why) => call('POST', `/v1/queue/${encodeURIComponent(e.number)}/hold`, { why }), `${e.number} 已挂起。`);
}

/** @param {any} e */
function release(e) {
  ask('放行：重新上传', [about(e), h('p', {}, e.reason?.cashier ?? '')], '放行', (why, two) => call('POST', `/v1/queue/${encodeURIComponent(e.number)}/release`, { why, ...two }), `${e.number} 已放行，将重新上传。`);
}

/** Mends what the platform is told; nothing that would alter what was taken. @param {any} e */
async function repair(e) {
  let fields;
  try {
    ({ fields } = await call('GET', `/v1/queue/${encodeURIComponent(e.number)}/mendable`));
  } catch (err) {
    [office.said, office.bad] = [/** @type {Error} */ (err).message, true];
    return office.again();
  }
  const inputs = fields.map((/** @type {any} */ f) => [f, h('input', { id: 'mend-' + f.name, class: 'wide', maxlength: '100', value: f.value ?? '', placeholder: f.value ? '' : '不改就留空' })]);
  const body = [about(e), h('p', {}, e.reason?.cashier ?? ''), fields.length === 0 && h('p', {}, '这一笔没有可以修改的内容；请放行，或撤销后重新结算。'),
    h('div', { class: 'mend' }, inputs.map(([/** @type {any} */ f, /** @type {any} */ input]) => [h('label', { for: 'mend-' + f.name, title: f.why }, `${f.chinese}（${f.wire}）`), input])),
    h('p', { class: 'faint' }, '只改上报内容，已收金额不变。修改后自动放行；平台已有的先撤回，再按新内容上传。')];
  ask('修改后重新上传', body, '修改并放行', (why, two) => {
    const set = Object.fromEntries(inputs.filter(([/** @type {any} */ f, /** @type {any} */ i]) => i.value.trim() !== (f.value ?? '')).map(([/** @type {any} */ f, /** @type {any} */ i]) => [f.name, i.value.trim()]));
    return call('POST', `/v1/queue/${encodeURIComponent(e.number)}/repair`, { set, why, ...two });
  }, `${e.number} 已修改并放行，将重新上传。`);
}
