// @ts-check
// The second person (二人复核): another operator who stands for one act, by number and
// password, and is not signed in by it.
import { h } from './dom.js';
import { Refusal } from './daemon.js';

/** What the daemon says of the second person, where one is needed or cannot be this one. */
const about = ['SECOND_NEEDED', 'SECOND_SAME', 'SECOND_REFUSED', 'SIGN_IN_REFUSED', 'SIGN_IN_LATER'];

/**
 * Fields for another operator, which show when it turns out that one is needed.
 * @param {string} id to tell several apart
 */
export function second(id) {
  const operator = h('input', { id, autocomplete: 'off', maxlength: '32', size: '8' });
  const password = h('input', { id: id + '-password', type: 'password', autocomplete: 'off', maxlength: '128', size: '12' });
  const row = h('div', { class: 'row', hidden: true }, h('label', { for: id }, '复核人工号'), operator, h('label', { for: id + '-password' }, '密码'), password);
  return {
    row,
    /** What goes along with the request. */
    said: () => (row.hidden || operator.value.trim() === '' || password.value === '' ? {} : { second: { operator: operator.value.trim(), password: password.value } }),
    /** Whether a refusal asks for somebody, or for another one; then it shows. @param {any} e */
    asked(e) {
      if (!(e instanceof Refusal && about.includes(e.code))) return false;
      row.hidden = false;
      password.value = '';
      (operator.value === '' || e.code.startsWith('SECOND') ? operator : password).focus();
      return true;
    },
  };
}
