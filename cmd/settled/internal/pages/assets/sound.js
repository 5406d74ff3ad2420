// @ts-check
// Short tones for what needs a look: one high for good, two low for refused. They are
// never the only sign. Alt+M mutes.

let muted = false;
/** @type {AudioContext|undefined} */
let audio;

/** @param {'good'|'bad'|'alarm'} kind */
export function beep(kind) {
  if (muted) return;
  try {
    audio ??= new AudioContext();
    const tones = { good: [880], bad: [330, 330], alarm: [990, 660, 990, 660] }[kind];
    tones.forEach((hertz, i) => tone(/** @type {AudioContext} */ (audio), hertz, i * 0.18));
  } catch {
    // no loudspeaker
  }
}

/** @param {AudioContext} a @param {number} hertz @param {number} after seconds */
function tone(a, hertz, after) {
  const o = a.createOscillator();
  const g = a.createGain();
  o.frequency.value = hertz;
  g.gain.value = 0.08;
  o.connect(g).connect(a.destination);
  o.start(a.currentTime + after);
  o.stop(a.currentTime + after + 0.12);
}

/**
 * Says a sentence, if this machine has a voice of its own for the language. Voices of the
 * browser's maker speak elsewhere: what is said here is nobody else's.
 * @param {string} text @param {string} language
 */
export function speak(text, language) {
  const voice = muted || !('speechSynthesis' in window) ? undefined : speechSynthesis.getVoices().find((v) => v.localService && v.lang.startsWith(language));
  if (!voice || !text) return;
  const words = new SpeechSynthesisUtterance(text);
  words.voice = voice;
  words.lang = voice.lang;
  speechSynthesis.cancel(); // of the screen before
  speechSynthesis.speak(words);
}

/** @returns {boolean} whether it is muted now */
export function mute() {
  muted = !muted;
  return muted;
}
