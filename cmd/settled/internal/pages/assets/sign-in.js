// @ts-check
// The sign-in: the session is a cookie that no script can read.
import { $ } from './dom.js';
import { call } from './daemon.js';

/** Where each role works. @type {Object<string, string>} */
const home = { cashier: '/cashier', supervisor: '/cashier', insurance: '/office', operations: '/office', kiosk: '/kiosk' };

/** @param {string} role */
function go(role) {
  const next = new URLSearchParams(location.search).get('next') ?? '';
  location.replace(/^\/[a-z-]+(\?(number|quiet)=\d+)?$/.test(next) && next !== '/sign-in' ? next : home[role] ?? '/cashier');
}

$('form').addEventListener('submit', async (/** @type {Event} */ e) => {
  e.preventDefault();
  const button = $('form').querySelector('button');
  if (button.disabled) return;
  button.disabled = true;
  $('said').textContent = '';
  try {
    const me = await call('POST', '/v1/sign-in', { operator: $('operator').value.trim(), password: $('password').value });
    go(me.role);
  } catch (err) {
    $('said').textContent = /** @type {Error} */ (err).message;
    $('password').value = '';
    ($('operator').value === '' ? $('operator') : $('password')).focus();
  }
  button.disabled = false;
});
$('operator').focus();
