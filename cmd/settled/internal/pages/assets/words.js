// @ts-check
// The words for the daemon's codes.

/** @type {Object<string, string>} */
export const categories = {
  child_resident: '少儿', student: '大学生', resident: '成年居民', employee_tier1: '职工一档', employee_tier2: '职工二档',
};

/** @type {Object<string, string>} */
export const grades = { A: '甲', B: '乙', C: '丙' };

/** Where a settlement stands on its way: sign, word, tone. @type {Object<string, [string, string, string]>} */
export const uploads = {
  pending: ['…', '待上传', 'wait'], unknown: ['?', '结果待查', 'wait'], acknowledged: ['✓', '平台已收', 'good'],
  differs: ['≠', '平台金额不同', 'bad'], held: ['‖', '已挂起', 'bad'], blocked: ['…', '等原单撤销', 'wait'],
  voided: ['↶', '已撤销', 'off'], withdrawn: ['↶', '平台已撤销', 'off'], self_paid: ['￥', '先自费，不上传', 'off'],
};

/** @type {Object<string, string>} */
export const roles = {
  cashier: '收费员', supervisor: '收费组长', insurance: '医保办', kiosk: '自助机', his: '医院系统', operations: '信息科',
};

/** @type {[string, string][]} */
export const relations = [
  ['child', '子女'], ['parent', '父母'], ['spouse', '配偶'], ['sibling', '兄弟姐妹'], ['grandparent', '祖父母、外祖父母'], ['grandchild', '孙子女、外孙子女'],
];

/** Who pays: key in the daemon's figures, name. @type {[string, string][]} */
export const sources = [['fund', '统筹基金'], ['own', '个人账户'], ['mutual', '家庭共济'], ['cash', '现金']];

/** Which steps of a split speak of which source. @type {Object<string, string[]>} */
export const stepsOf = {
  fund: ['visit', 'place', 'deductible', 'fund', 'bonus', 'service_cap', 'line', 'limit', 'limit_left', 'no_fund', 'vaccination', 'refused'],
  own: ['eligible', 'own'],
  mutual: ['eligible', 'draw', 'denied'],
  cash: ['over_cap', 'first_self_pay', 'self_funded', 'cash', 'eligible'],
};

const day = new Intl.DateTimeFormat('zh-CN', { timeZone: 'Asia/Shanghai', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hour12: false });
const clock = new Intl.DateTimeFormat('zh-CN', { timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit', hour12: false });
const full = new Intl.DateTimeFormat('zh-CN', { timeZone: 'Asia/Shanghai', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

/** "11/22 10:05" @param {string|undefined} at */
export const when = (at) => (at ? day.format(new Date(at)) : '');
/** "10:05" @param {string|undefined} at */
export const hour = (at) => (at ? clock.format(new Date(at)) : '');
/** "2026/11/22 10:05:12" @param {string|undefined} at */
export const moment = (at) => (at ? full.format(new Date(at)) : '');
/** A date as the daemon writes it. @param {string|undefined} d */
export const date = (d) => d ?? '';
