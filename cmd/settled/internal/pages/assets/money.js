// @ts-check
// Amounts come as yuan with two decimals and are counted in whole fen here.

/** @param {string|undefined} yuan "12.30" @returns {number} fen */
export function fen(yuan) {
  const m = /^(-?)(\d+)\.(\d\d)$/.exec(yuan ?? '');
  if (!m) return 0;
  const n = Number(m[2]) * 100 + Number(m[3]);
  return m[1] ? -n : n;
}

/** @param {number} fen @returns {string} "12.30" */
export function yuan(fen) {
  const n = Math.abs(fen);
  return (fen < 0 ? '-' : '') + Math.floor(n / 100) + '.' + String(n % 100).padStart(2, '0');
}

/** What was typed as cash: "20", "20.5", "20.50". @param {string} text @returns {number|null} fen; null: not an amount */
export function typed(text) {
  const m = /^(\d{1,7})(?:[.。](\d{0,2}))?$/.exec(text.trim());
  return m ? Number(m[1]) * 100 + Number((m[2] ?? '').padEnd(2, '0')) : null;
}

const digits = '零壹贰叁肆伍陆柒捌玖';
const units = ['', '拾', '佰', '仟'];
const groups = ['', '万', '亿'];

/** An amount in capitals, as accounts want it: 壹佰贰拾元叁角. @param {number} fen @returns {string} */
export function capitals(fen) {
  const whole = Math.floor(fen / 100);
  const jiao = Math.floor(fen / 10) % 10;
  const rest = fen % 10;
  let text = whole === 0 ? (fen === 0 ? '零元' : '') : inWords(whole) + '元';
  if (jiao) text += digits[jiao] + '角';
  if (rest) text += (whole && !jiao ? '零' : '') + digits[rest] + '分';
  return rest ? text : text + '整';
}

/** @param {number} n */
function inWords(n) {
  let text = '';
  let zero = false;
  for (let g = 2; g >= 0; g--) {
    let some = false;
    for (let u = 3; u >= 0; u--) {
      const d = Math.floor(n / 10 ** (g * 4 + u)) % 10;
      if (d === 0) {
        zero = text !== '';
        continue;
      }
      text += (zero ? '零' : '') + digits[d] + units[u];
      zero = false;
      some = true;
    }
    if (some) text += groups[g];
  }
  return text;
}
