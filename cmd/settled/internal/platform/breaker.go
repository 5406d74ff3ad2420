package platform

import (
	"math/rand/v2"
	"time"
)

// delay is when to try again, and how long that was put off.
type delay struct {
	until time.Time
	pause time.Duration
}

// longer doubles the delay from now on, as a [Pace] spreads it.
func (d delay) longer(now time.Time, spread func(time.Duration) time.Duration) delay {
	d.pause = min(max(2*d.pause, firstPause), mostPause)
	d.until = now.Add(spread(d.pause))
	return d
}

// jitter keeps a hundred counters from knocking at the same moment.
func jitter(pause time.Duration) time.Duration {
	return pause/2 + rand.N(pause) //nolint:gosec // not a secret
}

// breaker tells trouble of the line from trouble of one settlement. What would meet any
// other request as well, or mostRow settlements in a row without a clear answer, open
// it: then nothing is begun until a pause is over, and after it one alone.
type breaker struct {
	delay                     // zero: it is closed
	row   map[string]struct{} // those without a clear answer since one went well
}

// fine closes it.
func (b *breaker) fine() { *b = breaker{} }

// failed tells it of trouble with the line: whether the outcome is unclear, and whether
// the platform had answered a request of this settlement before. It tells whether it has
// opened.
func (b *breaker) failed(number string, unclear, answered bool, now time.Time, spread func(time.Duration) time.Duration) bool {
	if unclear {
		if b.row == nil {
			b.row = map[string]struct{}{}
		}
		b.row[number] = struct{}{}
	}
	few := len(b.row) < mostRow
	switch {
	case now.Before(b.until): // begun before it opened: nothing new
		return false
	case answered && few: // there was a line
		b.delay = delay{}
	}
	if unclear && few {
		return false
	}
	b.delay = b.longer(now, spread)
	return true
}

// room is how many of most may be under way now.
func (b *breaker) room(now time.Time, most int) int {
	switch {
	case b.pause == 0:
		return most
	case now.Before(b.until):
		return 0
	default:
		return min(1, most)
	}
}
