package queue

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestDeflate: whatever is packed comes back, and is never longer than with the mark.
func TestDeflate(t *testing.T) {
	v, err := newVault([]byte("0123456789abcdef0123456789abcdef"))
	must(t, err)
	random := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, 5000)
	_, err = random.Read(noise)
	must(t, err)
	for name, tc := range map[string]struct {
		plain []byte
		first byte
	}{
		"nothing": {nil, asIs}, "one byte": {[]byte("x"), asIs}, "noise": {noise, asIs}, "the same": {bytes.Repeat([]byte("结算"), 1000), deflated},
		"the most": {make([]byte, maxPlain), deflated},
	} {
		packed := v.deflate(tc.plain)
		plain, err := v.inflate(packed)
		if err != nil || !bytes.Equal(plain, tc.plain) || packed[0] != tc.first || len(packed) > 1+len(tc.plain) {
			t.Errorf("%s: %d bytes became %d with %d first, and %d again: %v", name, len(tc.plain), len(packed), packed[0], len(plain), err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		plain := []byte(strings.Repeat(rapid.String().Draw(t, "text"), rapid.IntRange(1, 50).Draw(t, "times")))
		sealed, err := v.seal("test", plain)
		must(t, err)
		got, err := v.open("test", sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%q came back as %q, %v", plain, got, err)
		}
	})
}

// TestPress: what the press packs is what compress/flate unpacks, with matches of all
// lengths and from as far as may be, and of its bytes too.
func TestPress(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	p := newPress()
	packed := func(what string, plain []byte) {
		t.Helper()
		got, err := io.ReadAll(flate.NewReader(bytes.NewReader(p.pack(nil, plain))))
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%s: %d bytes came back as %d, %v", what, len(plain), len(got), err)
		}
	}
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	for n := range 2 * maxMatch {
		text := noise(n)
		packed(fmt.Sprintf("match of %d", n), slices.Concat(text, []byte("-"), text))
	}
	for e := range 16 {
		for gap := range 5 {
			gap += 1<<e - 2
			text := noise(8)
			packed(fmt.Sprintf("match from %d", gap), slices.Concat(text, make([]byte, max(0, gap-8)), text))
			packed(fmt.Sprintf("match over random bytes from %d", gap), slices.Concat(text, noise(max(0, gap-8)), text))
		}
	}
	for n := range 300 {
		packed("one byte again and again", bytes.Repeat([]byte{byte(n)}, n))
	}
}

// TestBomb: a few KB that inflate to 64 MB are refused without taking it.
func TestBomb(t *testing.T) {
	v, err := newVault([]byte("0123456789abcdef0123456789abcdef"))
	must(t, err)
	var b bytes.Buffer
	b.WriteByte(deflated)
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	must(t, err)
	zeros := make([]byte, 1<<20)
	for range 64 {
		_, err := w.Write(zeros)
		must(t, err)
	}
	must(t, w.Close())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if plain, err := v.inflate(b.Bytes()); err == nil {
		t.Errorf("%d bytes became %d", b.Len(), len(plain))
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 8*maxPlain {
		t.Errorf("it took %d bytes to refuse", took)
	}
	for name, packed := range map[string][]byte{"empty": {}, "unknown": {2, 'x'}, "cut": b.Bytes()[:b.Len()/2], "no deflate": {deflated, 0xff, 0xff}} {
		if _, err := v.inflate(packed); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	_, err = v.seal("test", make([]byte, maxPlain+1))
	wantRefusal(t, err, CodeMalformed)
}

// TestLargestMessages: the largest request and answer that are allowed come back, also
// when nothing in them can be deflated, an empty answer as empty, and none as none.
func TestLargestMessages(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	s := settle1(t, q, "k", 100, 0, 0, 0)
	noise := make([]byte, maxMessage)
	_, err := rand.NewChaCha8([32]byte{1}).Read(noise)
	must(t, err)
	chain := append(append([]byte{'"'}, bytes.Repeat([]byte("x"), maxMessage/2-2)...), '"')
	for name, body := range map[string][]byte{
		"text": bytes.Repeat([]byte("{\"a\":\n1}"), maxMessage/9), "zeros": make([]byte, maxMessage), "line feeds": bytes.Repeat([]byte("\n"), maxMessage), "noise": noise,
		"empty": {}, "none": nil,
	} {
		msgid, _, err := q.Request(t.Context(), s.Number, "2207", func(string) ([]byte, error) { return body, nil }, clerk)
		must(t, err)
		c, err := q.Chain(s.Number)
		if got := bodyOf(t, q, s.Number); err != nil || c.Last.MsgID != msgid || !bytes.Equal(got, body) {
			t.Errorf("%s: request came back with %d bytes, %v", name, len(got), err)
		}
		must(t, q.Answer(t.Context(), Answer{Number: s.Number, MsgID: msgid, Infno: "2207", Class: ClassOK, Body: body, Chain: chain, Message: "第一行\n第二行"}))
		row, err := q.row(s.Number)
		must(t, err)
		a, _, err := q.answer(row.Answer)
		if err != nil || !bytes.Equal(a.Body, body) || (a.Body == nil) != (body == nil) || !bytes.Equal(a.Chain, chain) || a.Message != "第一行\n第二行" {
			t.Errorf("%s: answer came back with %d bytes, chain %d, %v", name, len(a.Body), len(a.Chain), err)
		}
	}
	if err := q.Answer(t.Context(), Answer{Number: s.Number, MsgID: strings.Repeat("1", 30), Infno: "2207", Class: ClassOK, Chain: []byte("no JSON")}); err == nil || errors.Is(err, ErrUnknown) {
		t.Errorf("chain that is no JSON: %v", err)
	}
}
