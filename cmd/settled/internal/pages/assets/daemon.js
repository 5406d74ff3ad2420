// @ts-check
// All that a page says to the daemon, and hears from it.

/** What the daemon refused: code, a sentence for people, one for technicians. */
export class Refusal extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    super(body.cashier || '程序没有说明原因；请联系信息科。');
    this.status = status;
    this.body = body;
    this.code = body.code || '';
    this.technician = body.technician || '';
  }
}

/** The daemon did not answer: whether it did what was asked is not known. */
export class Silent extends Error {
  constructor() {
    super('与结算程序的连接中断，正在重连。');
  }
}

/**
 * Asks the daemon. Throws a Refusal or Silent.
 * @param {string} method @param {string} path @param {any} [body] @returns {Promise<any>}
 */
export async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: method === 'POST' ? { 'Content-Type': 'application/json' } : {},
      body: method === 'POST' ? (typeof body === 'string' ? body : JSON.stringify(body ?? {})) : undefined,
      cache: 'no-store',
      redirect: 'error',
    });
  } catch {
    throw new Silent();
  }
  const json = (answer.headers.get('Content-Type') ?? '').startsWith('application/json');
  let data;
  try {
    data = json ? await answer.json() : await answer.text();
  } catch {
    throw new Silent(); // it broke off
  }
  if (answer.ok) return data;
  if (json && data.code === 'UNAUTHENTICATED') goSignIn(); // another one's wrong password ends no session
  throw new Refusal(answer.status, json ? data : { technician: data });
}

/** Refusals that leave open what became of an earlier try with the same key. */
const open = ['JOURNAL_STOPPED', 'CONFIRM_TWICE', 'CONFIRM_RUNNING', 'CLOSED', 'NOT_ALLOWED', 'UNAUTHENTICATED', ''];

/**
 * Whether an error leaves open if money was moved: the same call with the same key, made
 * again, tells. @param {any} e
 */
export const unsure = (e) => e instanceof Silent || (e instanceof Refusal && open.includes(e.code));

/** Leaves for the sign-in, to come back here after it. */
export function goSignIn() {
  location.replace('/sign-in?next=' + encodeURIComponent(location.pathname + location.search));
}

/**
 * Moves money: where no answer comes, the same is asked again, with the same key in it,
 * until there is one. Throws a Refusal.
 * @param {string} path @param {any} body @param {() => boolean} waiting whether anybody still does
 * @param {() => void} lost told when an answer did not come
 */
export async function insist(path, body, waiting, lost) {
  for (;;) {
    try {
      return await call('POST', path, body);
    } catch (e) {
      if (!(e instanceof Silent) || !waiting()) throw e;
      lost();
      await new Promise((again) => setTimeout(again, 1000));
      if (!waiting()) throw e;
    }
  }
}

/**
 * Follows what the daemon tells: "screen", "standing", "upload", "batch"; and "line" with
 * whether it can be heard. It comes back by itself after a break; the present state is
 * then told first.
 * @param {Object<string, (data: any) => void>} on
 */
export function follow(on) {
  const source = new EventSource('/v1/events');
  for (const name of ['screen', 'standing', 'upload', 'batch']) {
    source.addEventListener(name, (e) => on[name]?.(JSON.parse(/** @type {MessageEvent} */ (e).data)));
  }
  source.onopen = () => on.line?.(true);
  source.onerror = () => {
    on.line?.(false);
    source.close(); // its own pause between tries is too long for a counter
    setTimeout(async () => {
      try {
        await call('GET', '/v1/me'); // signed out: leaves
      } catch (e) {
        if (e instanceof Refusal && e.status === 401) return;
      }
      follow(on);
    }, 700);
  };
}

// A page that the browser kept and shows again by its way back may be of somebody who has
// signed out: it shows nothing before it has been loaded anew.
addEventListener('pagehide', () => { document.documentElement.hidden = true; });
addEventListener('pageshow', (e) => { if (e.persisted) location.reload(); });
