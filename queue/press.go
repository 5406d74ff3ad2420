package queue

import (
	"encoding/binary"
	"math/bits"
)

// press deflates (RFC 1951), for a cashier who waits: it matches what came before,
// like any, but writes one block under the fixed codes (3.2.6). Codes of its own for
// each message would take four times as long, and save 5 % of a few KB.
type press struct {
	seen [1 << seenBits]int32 // by hash of four bytes: where they were last, plus base
	base int32                // what the messages before took of the positions
	out  []byte
	acc  uint64 // bits that are no whole byte yet, the first lowest
	n    uint   // how many
}

const (
	seenBits    = 13
	shortest    = 4     // bytes of a match
	longest     = 258   // 3.2.5
	farthest    = 32768 // distance of a match
	endOfBlock  = 256
	firstLength = 257
)

// code is a Huffman code, its first bit lowest.
type code struct {
	bits uint32
	n    uint
}

// span is a code of lengths or distances: the first that it stands for, and how many
// bits behind it tell which.
type span struct {
	first int
	extra uint
}

// symbols are the fixed codes of literals and lengths, 3.2.6.
var symbols = func() (list [288]code) {
	for s := range list {
		v, n := uint32(s), uint(8)
		switch {
		case s < 144:
			v += 0x30
		case s < 256:
			v, n = v-144+0x190, 9
		case s < 280:
			v, n = v-256, 7
		default:
			v = v - 280 + 0xc0
		}
		list[s] = code{bits.Reverse32(v) >> (32 - n), n}
	}
	return list
}()

// lengths are the codes from 257 on, distances those from 0 on, 3.2.5.
var (
	lengths = func() (list [29]span) {
		at := 3
		for i := range list {
			extra := uint(max(0, i/4-1))
			list[i] = span{first: at, extra: extra}
			at += 1 << extra
		}
		list[28] = span{first: longest}
		return list
	}()
	distances = func() (list [30]span) {
		at := 1
		for i := range list {
			extra := uint(max(0, i/2-1))
			list[i] = span{first: at, extra: extra}
			at += 1 << extra
		}
		return list
	}()
)

// deflate appends the deflated text to out.
func (p *press) deflate(out, text []byte) []byte {
	p.out, p.acc, p.n = out, 0, 0
	p.forget()
	p.put(0b011, 3) // the last block, with the fixed codes
	begin := 0      // of what is not written yet
	for at := 0; at+shortest <= len(text); {
		four := binary.LittleEndian.Uint32(text[at:])
		slot := &p.seen[four*0x9e3779b1>>(32-seenBits)]
		from := int(*slot - p.base)
		*slot = int32(at) + p.base
		if from < 0 || at-from > farthest || binary.LittleEndian.Uint32(text[from:]) != four {
			at++
			continue
		}
		p.literals(text[begin:at])
		n := matching(text, from, at)
		p.match(n, at-from)
		at += n
		begin = at
	}
	p.literals(text[begin:])
	p.symbol(endOfBlock)
	p.put(0, 7) // the last byte is whole
	p.base += int32(len(text))
	out, p.out = p.out, nil
	return out
}

// forget makes what was seen in the message before unseen: its positions are below
// base, and an empty slot is as well.
func (p *press) forget() {
	const never = 1 << 30 // no message is so long
	if p.base == 0 || p.base > never {
		p.base, p.seen = 1, [1 << seenBits]int32{}
	}
}

// matching tells how many bytes at at are as those at from, at least four.
func matching(text []byte, from, at int) int {
	n := shortest
	for most := min(longest, len(text)-at); n < most && text[from+n] == text[at+n]; {
		n++
	}
	return n
}

func (p *press) literals(text []byte) {
	for _, b := range text {
		p.symbol(int(b))
	}
}

func (p *press) symbol(s int) { p.put(uint64(symbols[s].bits), symbols[s].n) }

func (p *press) match(length, distance int) {
	i := len(lengths) - 1
	if length < longest { // by the place of its highest bit, and the two behind it
		i = spanOf(length-3, 2)
	}
	p.symbol(firstLength + i)
	p.put(uint64(length-lengths[i].first), lengths[i].extra)
	i = spanOf(distance-1, 1)
	p.put(uint64(bits.Reverse8(uint8(i))>>3), 5)
	p.put(uint64(distance-distances[i].first), distances[i].extra)
}

// spanOf is the code for v where spans double every 1<<steps codes.
func spanOf(v int, steps uint) int {
	n := uint(bits.Len(uint(v)))
	if n <= steps+1 {
		return v
	}
	n -= steps + 1
	return int(n<<steps) + v>>n
}

// put writes n bits.
func (p *press) put(v uint64, n uint) {
	p.acc |= v << p.n
	for p.n += n; p.n >= 8; p.n -= 8 {
		p.out = append(p.out, byte(p.acc))
		p.acc >>= 8
	}
}
