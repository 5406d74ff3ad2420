// @ts-check
// How a visit looks: everything here makes elements from what the daemon said, and does
// nothing.
import { h } from './dom.js';
import { fen, yuan } from './money.js';
import { categories, grades, hour, sources, stepsOf, when } from './words.js';

/** What the window's state means: tone, sign, word, next step. @type {Object<string, [string, string, string, string]>} */
const states = {
  idle: ['ready', '▭', '请插入患者的卡', '把患者的社保卡插入患者读卡器；卡已在里面没有反应时按 F6。'],
  reading: ['busy', '⟳', '正在读卡', '请勿取走卡。'],
  identified: ['ready', '✓', '已识别患者', '核对患者，选择账单，按 F5 预结算。'],
  quoted: ['ready', '▶', '请核对金额', '收取现金后按 F2 结算；按 F4 看每分钱的理由；按 Esc 取消。'],
  checking: ['busy', '⟳', '正在核对卡', '请勿取走卡，请勿重复确认。'],
  committing: ['busy', '⟳', '正在记账', '结果马上显示。'],
  committed: ['good', '✓', '已结算', '正在打印凭条；请勿重新结算。'],
  printed: ['good', '✓', '已结算，凭条已打印', '请把卡、凭条和找零交给患者，再取走卡。'],
  stopped: ['bad', '?', '结果正在核实', '不要重新收费；请按 F2 再问一次结果，仍不行请联系信息科。'],
};

/** What became of the slip. @type {Object<string, [string, string]>} */
const slips = {
  printing: ['busy', '正在打印'], printed: ['good', '已打印'], kept: ['wait', '还没有打出，打印机恢复后自动打出'], failed: ['bad', '没有打印成功，请按 F9 补打'], no_printer: ['wait', '本窗口没有打印机'],
};

/**
 * The line that says how things stand and what to do next.
 * @param {any} s the page's state @returns {{tone: string, parts: any[]}}
 */
export function banner(s) {
  let [tone, sign, word, next] = states[s.screen?.state] ?? ['busy', '⟳', '正在连接结算程序', '请稍候。'];
  let more = (s.screen?.messages ?? []).map((/** @type {any} */ m) => m.text);
  const q = s.screen?.quote;
  if (s.screen?.state === 'quoted' && q?.status === 'refused') {
    [tone, sign, word, next] = ['bad', '✕', '不能按医保结算，未扣款', '请按下面的说明处理；按 Esc 退回。'];
    more = q.reasons.map((/** @type {any} */ r) => r.text).concat(more);
  } else if (s.screen?.state === 'quoted' && q?.self_paid) {
    [tone, sign, word] = ['wait', '!', '请核对金额（先自费后报销，患者全额付现金）'];
  } else if (s.screen?.state === 'quoted' && q?.provisional) {
    [tone, word] = ['wait', '请核对金额（离线结算，待上传）'];
  }
  if (s.screen?.state === 'quoted' && q && q.status !== 'refused' && fen(q.cash) === 0) next = '没有现金要收，按 F2 结算；按 F4 看每分钱的理由；按 Esc 取消。';
  const slip = s.screen?.slip;
  if (s.screen?.state === 'committed' && slip && slip.status !== 'printing') {
    [tone, next] = ['wait', `凭条${slips[slip.status]?.[1] ?? ''}；切勿重新结算。`];
  }
  if (s.standing?.not_ready.length > 0 && ['idle', 'reading'].includes(s.screen?.state)) {
    [tone, sign, word, next] = ['bad', '!', '现在不能结算', ''];
    more = s.standing.not_ready.map((/** @type {any} */ n) => n.text).concat(more);
  }
  if (s.said && s.bad && s.line) [tone, sign, word, next] = ['bad', '✕', s.said, `现在：${word}。${next}`];
  if (s.busy) [tone, sign, word, next] = ['busy', '⟳', s.busy, '请稍候，请勿重复按键。'];
  if (!s.line) [tone, sign, word, next, more] = ['bad', '✕', '与结算程序的连接中断', '正在自动重连；已确认的结算不会丢失，也不会重复。请勿手工重新收费。', []];
  if (s.said && !s.bad) more = [s.said, ...more];
  const lines = [...new Set([...more, next].filter((l) => l && l !== word))];
  return { tone, parts: [h('span', { class: 'sign', 'aria-hidden': 'true' }, sign), h('p', { class: 'what' }, word), h('ul', { class: 'next' }, lines.map((l) => h('li', {}, l)))] };
}

/** Devices and queue. @param {any} s */
export function chips(s) {
  const st = s.standing;
  if (!st || !s.line) return [chip('bad', '✕', '程序未连接')];
  const q = st.queue ?? {};
  const lost = (s.screen?.readers ?? []).find((/** @type {any} */ r) => r.text) ?? st.not_ready.find((/** @type {any} */ n) => n.code === 'READER_MISSING');
  const risk = q.risk?.counter;
  const over = risk && fen(risk.at) > fen(risk.warn);
  const list = [
    lost ? chip('bad', '✕', lost.role === 'guardian' ? '监护人读卡器异常' : '读卡器断开') : chip('good', '✓', '读卡器'),
    printer(st.notices.find(ofPrinter), s.screen?.slip?.status),
    st.platform ? chip('wait', '!', '平台中断，离线结算') : chip('good', '✓', '平台'),
    q.pending ? chip('wait', '…', `待上传 ${q.pending} 笔`) : chip('good', '✓', '无待上传'),
  ];
  if (q.held) list.push(chip('bad', '‖', `挂起 ${q.held} 笔`));
  list.push(chip(over ? 'bad' : 'off', '￥', `未确认基金 ${q.exposed ?? '0.00'}` + (risk ? `／上限 ${risk.limit}` : '')));
  list.push(st.shift ? chip('good', '✓', `班次 ${st.shift}`) : chip('wait', '!', '未开班'));
  if (q.stopped) list.push(chip('bad', '✕', '账本停止记账'));
  for (const n of st.notices.filter((/** @type {any} */ x) => !ofPrinter(x))) list.push(chip('wait', '!', n.text));
  return list;
}

/** @param {any} notice */
const ofPrinter = (notice) => notice.code.startsWith('PRINTER_');

/** The printer: what it says of itself, else what became of the last slip. @param {any} notice @param {string} slip */
function printer(notice, slip) {
  if (notice?.code === 'PRINTER_PAPER_LOW') return chip('wait', '!', notice.text);
  if (notice) return chip('bad', '✕', notice.text);
  const trouble = /** @type {Object<string, string>} */ ({ failed: '打印机故障', no_printer: '无打印机' })[slip];
  return trouble ? chip('bad', '✕', trouble) : chip('good', '✓', '打印机');
}

/** @param {string} tone @param {string} sign @param {string} text */
function chip(tone, sign, text) {
  return h('li', { class: tone, title: text }, h('span', { class: 'sign', 'aria-hidden': 'true' }, sign), text.length > 40 ? text.slice(0, 40) + '…' : text);
}

/**
 * One card's holder. @param {string} title @param {any} p @param {any} clear unmasked, if it was asked for
 * @param {any} [reveal] button
 */
export function person(title, p, clear, reveal) {
  if (!p) return h('article', { class: 'person empty' }, h('h2', {}, title), h('p', {}, '读卡器中没有卡'));
  return h('article', { class: 'person' },
    h('h2', {}, title, reveal),
    h('p', { class: 'name' }, clear?.name ?? p.name),
    h('dl', {},
      h('dt', {}, '证件'), h('dd', {}, clear?.id_number ?? p.id_number),
      h('dt', {}, '类别'), h('dd', {}, categories[p.category] ?? p.category),
      h('dt', {}, '待遇'), p.offline
        ? h('dd', { class: 'wait' }, h('span', { class: 'sign', 'aria-hidden': 'true' }, '!'), `离线：按平台 ${when(p.as_of)} 的答复`)
        : h('dd', { class: 'good' }, h('span', { class: 'sign', 'aria-hidden': 'true' }, '✓'), `平台已确认 ${hour(p.as_of)}`)));
}

/** Notices of the quote that ask for something. @param {any} q */
export function notices(q) {
  return (q?.notices ?? []).map((/** @type {any} */ n) => h('p', { class: 'note' }, n.text));
}

/** The bills that wait. @param {any[]} bills @param {string} chosen @param {(key: string) => void} choose */
export function waiting(bills, chosen, choose) {
  const of = { patient: '本人', guardian: '监护人', other: '他人', nobody: '未注明' };
  return h('table', {},
    h('caption', {}, '待缴账单', h('span', { class: 'faint' }, '　↑↓ 选择，F5 预结算')),
    h('thead', {}, h('tr', {}, ['单据号', '患者', '就诊日', '科室', '行数'].map((t) => h('th', { scope: 'col' }, t)), h('th', { class: 'amount', scope: 'col' }, '金额'))),
    h('tbody', {}, bills.map((b) => h('tr', { class: 'press' + (b.key === chosen ? ' chosen' : ''), onclick: () => choose(b.key), 'aria-selected': String(b.key === chosen) },
      h('td', {}, (b.key === chosen ? '▸ ' : '') + b.key), h('td', {}, `${/** @type {any} */ (of)[b.of]} ${b.id_number ?? ''}`),
      h('td', {}, b.day), h('td', {}, b.department ?? ''), h('td', {}, b.lines), h('td', { class: 'amount' }, b.total)))));
}

/** The bill's lines with how each is treated. @param {any} q @param {(line: number) => void} why */
export function lines(q, why) {
  const dash = (/** @type {string} */ v) => (fen(v) === 0 ? '' : v);
  return h('table', {},
    h('caption', {}, `账单 ${q.key ?? q.number}`, h('span', { class: 'faint' }, `　共 ${q.split.items.length} 行；点一行看理由${q.split.items.length > 15 ? '；PgUp、PgDn 翻页' : ''}`)),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, '#'), h('th', { scope: 'col' }, '项目'), h('th', { scope: 'col' }, '类'),
      ['单价×数量', '金额', '统筹', '先自付', '超限价', '自费'].map((t) => h('th', { class: 'amount', scope: 'col' }, t)))),
    h('tbody', {}, q.split.items.map((/** @type {any} */ l, /** @type {number} */ i) => h('tr', { class: 'press', onclick: () => why(i + 1) },
      h('td', {}, i + 1), h('td', {}, l.name), h('td', {}, grades[q.lines[i]?.category] ?? ''),
      h('td', { class: 'amount faint' }, `${q.lines[i]?.unit_price}×${q.lines[i]?.qty}`),
      [l.amount, dash(l.fund), dash(l.first_self_pay), dash(l.over_cap), dash(l.self_funded)].map((v) => h('td', { class: 'amount' }, v))))));
}

/** The reasons of a split: of all, of one source, or of one line. @param {any} q @param {string|number} of @param {(of: string|number) => void} choose */
export function reasons(q, of, choose) {
  const steps = q.split.steps.filter((/** @type {any} */ s) => of === 'all' || (typeof of === 'number' ? s.line === of : stepsOf[of].includes(s.what)));
  const filter = (/** @type {string|number} */ key, /** @type {string} */ text) => h('button', { type: 'button', 'aria-pressed': String(of === key), onclick: () => choose(key) }, text);
  return [
    h('div', { class: 'filters' }, filter('all', '全部'), sources.map(([k, t]) => filter(k, t)), typeof of === 'number' && filter(of, `第 ${of} 行`)),
    h('ol', { class: 'reasons', 'aria-label': '理由' }, steps.map((/** @type {any} */ s) => h('li', {},
      h('span', { class: 'faint' }, s.line ? `${s.line} 行` : ''),
      h('span', {}, s.zh.replace(/^第\d+行：/, '').replace(/〔[^〕]*〕$/, ''), s.status && h('span', { class: 'soft' }, s.status === 'provisional' ? '（暂定值）' : `（${s.status}）`)),
      h('span', { class: 'rule' }, `${s.rule}　${s.source}`)))),
    steps.length === 0 && h('p', { class: 'faint' }, '这一项没有金额，也就没有理由。'),
  ];
}

/** The split as large figures. @param {any} f @param {(of: string) => void} why @param {boolean} due whether the cash is still to be taken */
export function figures(f, why, due) {
  const amount = (/** @type {string} */ v) => h('span', { class: 'amount' + (v.length > 9 ? ' long' : '') }, v); // of a million and more
  return [
    h('button', { type: 'button', class: 'total', onclick: () => why('all') }, h('span', { class: 'of' }, '总额'), amount(f.total)),
    sources.map(([key, name]) => h('button', { type: 'button', class: (key === 'cash' && due ? 'due' : '') + (fen(f[key]) === 0 ? ' zero' : ''), onclick: () => why(key), title: '看理由' },
      h('span', { class: 'of' }, key === 'cash' && due ? '应收现金' : name), amount(f[key]))),
    f.limit_after && h('p', { class: 'faint' }, `门诊年度限额剩余 ￥${f.limit_after}`),
    f.self_paid && h('p', { class: 'note bad' }, `先自费后报销：患者全额付现金，凭条上有报销办法${f.self_paid.until ? `，${f.self_paid.until} 前有效` : ''}。`),
    f.illustrative && h('p', { class: 'note bad' }, '演示用政策数据，不能用于真实结算。'),
  ];
}

/** The settlement that was just made. @param {any} slip */
export function settled(slip) {
  const [tone, text] = slips[slip.status] ?? ['off', slip.status];
  return h('div', { class: 'settled' }, h('p', { class: 'faint' }, '结算单号'), h('p', { class: 'number' }, slip.number), h('p', { class: tone }, `凭条：${text}`));
}

/** What became of the window's last settlement. @param {any} slip @param {{taken: number, change: number}|null} paid */
export function after(slip, paid) {
  if (!slip) return [];
  const [tone, text] = slips[slip.status] ?? ['off', slip.status];
  return [
    h('p', {}, '上一笔 ', h('b', {}, slip.number)),
    h('p', { class: tone }, `现金 ￥${slip.figures.cash}　凭条：${text}`),
    paid && h('p', {}, `实收 ￥${yuan(paid.taken)}　找零 ￥${yuan(paid.change)}`),
  ];
}
