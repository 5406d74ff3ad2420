package queue

import (
	"encoding/binary"
	"math/bits"
)

// press packs as DEFLATE (RFC 1951) in one block of the fixed codes (3.2.6), with the
// first match it finds: a seventh of compress/flate's time for a cashier who waits, most of
// which goes into making codes of its own for each text. What it packs is an eighth longer.
type press struct {
	recent  [1 << pressBits]int32 // where the four bytes of a hash were last, and one more
	literal [256]code             // of a byte
	length  [maxMatch + 1]code    // of a match's length, with its extra bits
}

// code is bits as they are written, the lowest first.
type code struct {
	bits uint32
	n    uint8
}

// Bounds of a match.
const (
	pressBits = 12
	minMatch  = 4 // shorter ones are not looked for
	maxMatch  = 258
	maxBack   = 1 << 15
)

func newPress() *press {
	p := &press{}
	for b := range 144 {
		p.literal[b] = huffman(0x30+uint32(b), 8)
	}
	for b := 144; b < 256; b++ {
		p.literal[b] = huffman(0x190+uint32(b-144), 9)
	}
	for n := 3; n < maxMatch; n++ {
		symbol, extra, more := stepped(uint32(n-3), 4)
		c := huffman(symbol+1, 7)
		if symbol >= 279-256 {
			c = huffman(0xc0+symbol-(279-256), 8)
		}
		p.length[n] = code{c.bits | more<<c.n, c.n + extra}
	}
	p.length[maxMatch] = huffman(0xc0+285-280, 8)
	return p
}

// huffman is a code of n bits; Huffman codes are written highest bit first.
func huffman(b uint32, n uint8) code { return code{bits.Reverse32(b) >> (32 - n), n} }

// stepped gives the symbol of a value whose symbols take one extra bit more after every
// so many (a power of 2), with these bits.
func stepped(v, every uint32) (symbol uint32, extra uint8, more uint32) {
	if v < 2*every {
		return v, 0, 0
	}
	log := uint32(bits.Len32(every)) - 1
	e := uint32(bits.Len32(v)) - 1 - log
	return e*every + v>>e, uint8(e), v & (1<<e - 1)
}

// pack appends plain to out.
func (p *press) pack(out, plain []byte) []byte {
	clear(p.recent[:])
	w := bitWriter{out: out}
	w.put(code{1 | 1<<1, 3}) // the last block, of fixed codes
	i := 0
	for end := len(plain) - minMatch; i <= end; {
		four := binary.LittleEndian.Uint32(plain[i:])
		slot := &p.recent[four*0x9e3779b1>>(32-pressBits)]
		at := int(*slot) - 1
		*slot = int32(i) + 1 // of at most maxPlain bytes
		if at < 0 || i-at > maxBack || binary.LittleEndian.Uint32(plain[at:]) != four {
			w.put(p.literal[plain[i]])
			i++
			continue
		}
		n := common(plain[at:], plain[i:min(i+maxMatch, len(plain))])
		w.put(p.length[n])
		symbol, extra, more := stepped(uint32(i-at-1), 2)
		w.put(huffman(symbol, 5))
		w.put(code{more, extra})
		i += n
	}
	for _, b := range plain[i:] {
		w.put(p.literal[b])
	}
	w.put(code{0, 7}) // end of the block
	return w.end()
}

// common is how many bytes a and b begin with alike; b is not the longer one.
func common(a, b []byte) int {
	n := 0
	for ; n+8 <= len(b); n += 8 {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// bitWriter writes codes behind one another.
type bitWriter struct {
	out []byte
	buf uint64
	n   uint8 // bits in buf, fewer than 32 between calls
}

func (w *bitWriter) put(c code) {
	w.buf |= uint64(c.bits) << w.n
	if w.n += c.n; w.n >= 32 {
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(w.buf))
		w.buf >>= 32
		w.n -= 32
	}
}

func (w *bitWriter) end() []byte {
	for ; w.n > 0; w.n -= min(w.n, 8) {
		w.out = append(w.out, byte(w.buf))
		w.buf >>= 8
	}
	return w.out
}
