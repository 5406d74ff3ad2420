// @ts-check
// F7: files that the guardian's account pays for the patient (家庭共济).
import { h } from './dom.js';
import { call } from './daemon.js';
import { close, open } from './dialog.js';
import { relations } from './words.js';

/** @param {any} screen @param {(said: string) => void} done */
export function openLink(screen, done) {
  const relation = h('select', { id: 'relation' }, relations.map(([k, t]) => h('option', { value: k }, t)));
  const said = h('p', { class: 'said bad', role: 'alert' });
  const file = async () => {
    said.textContent = '';
    try {
      await call('POST', '/v1/links', { relation: relation.value });
      close();
      done('家庭共济已登记；请按 F5 重新预结算。');
    } catch (e) {
      said.textContent = /** @type {Error} */ (e).message;
    }
  };
  open('登记家庭共济', [
    h('p', {}, `监护人 ${screen.guardian.name} ${screen.guardian.id_number} 的个人账户，以后可以为患者 ${screen.patient.name} ${screen.patient.id_number} 付款。`),
    h('p', {}, h('label', { for: 'relation' }, '患者是监护人的　'), relation),
    h('p', { class: 'faint' }, '两张卡都在读卡器中，即为监护人同意；登记从今天起有效。'),
    said,
  ], [{ key: 'F2', word: '登记', main: true, do: file }]);
  relation.focus();
}
