package scanner

// Framer cuts what a scanner sends into frames. Scanners end one with CR, LF, both, TAB
// or EOT, or put it between STX and ETX; some do nothing of this, and a pause ends it.
type Framer struct {
	frame  []byte
	framed bool // STX has come: only ETX ends it
	spoilt bool // too long, or not text
}

const (
	stx = 0x02
	etx = 0x03
	eot = 0x04
)

// mostFrame bounds a frame; codes are far shorter.
const mostFrame = 512

// Feed takes a byte and gives the frame that it ends; nil if it ends none, or one that
// is empty. Of one that is too long or is not text nothing is left: it is not nil, and
// has no bytes. The frame is the caller's.
func (f *Framer) Feed(b byte) []byte {
	switch {
	case b == stx:
		f.end() // what had no end is lost
		f.framed = true
	case b == etx:
		return f.end()
	case !f.framed && (b == '\r' || b == '\n' || b == '\t' || b == eot):
		return f.end()
	case f.framed && (b == '\r' || b == '\n'): // a record suffix inside
	case b < ' ' || b == 0x7F || len(f.frame) == mostFrame:
		f.spoilt = true
	default:
		f.frame = append(f.frame, b)
	}
	return nil
}

// Idle gives the frame that a pause ends, as Feed.
func (f *Framer) Idle() []byte { return f.end() }

// Open tells whether a frame has begun.
func (f *Framer) Open() bool { return len(f.frame) > 0 || f.spoilt || f.framed }

// Spoilt tells whether the frame that has begun is too long or no text.
func (f *Framer) Spoilt() bool { return f.spoilt }

func (f *Framer) end() []byte {
	frame := f.frame
	switch {
	case f.spoilt:
		clear(frame)
		frame = []byte{}
	case len(frame) == 0:
		frame = nil
	}
	*f = Framer{}
	return frame
}
