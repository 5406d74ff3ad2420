// @ts-check
// Keys of the window: they work wherever the focus is, and a scanner that types (a burst
// of characters and Enter) is told from a hand.

const burst = 50; // ms between characters of a scanner
const shortest = 6; // characters of a scan

/**
 * @param {(name: string) => ((e: KeyboardEvent) => void)|undefined} find what a key does now, by
 *   KeyboardEvent.key, "Alt+m" with Alt
 * @param {(text: string) => void} scanned
 */
export function listen(find, scanned) {
  let text = '';
  let last = -Infinity;
  addEventListener('keydown', (e) => {
    if (e.isComposing) return;
    const fast = e.timeStamp - last < burst;
    last = e.timeStamp;
    if (e.key === 'Enter' && fast && text.length >= shortest) {
      stop(e);
      scanned(text);
      text = '';
      return;
    }
    text = e.key.length === 1 && !e.ctrlKey && !e.altKey ? (fast ? text : '') + e.key : '';
    if (e.ctrlKey || e.metaKey) return;
    const act = find((e.altKey ? 'Alt+' : '') + (e.key.length === 1 ? e.key.toLowerCase() : e.key));
    if (!act) return;
    stop(e);
    if (!e.repeat) act(e); // a key that is held down does nothing twice
  }, true);
}

/** @param {Event} e */
function stop(e) {
  e.preventDefault();
  e.stopPropagation();
}
