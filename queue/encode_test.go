package queue

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"settled/settle"
)

// TestEncode: what is encoded by hand is what encoding/json makes of it, whatever stands
// in it; what is inside a settlement has a test of its own.
func TestEncode(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "张三", "<&>\u2028\"\\\x00\x7f", "\xff\xe2"}))
	who := rapid.Custom(func(t *rapid.T) clearIdentity {
		return clearIdentity{
			PersonNo: text.Draw(t, "person no"), IDNumber: text.Draw(t, "id number"), Name: text.Draw(t, "name"),
			CardNumber: text.Draw(t, "card number"), CardCode: text.Draw(t, "card code"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		b := settlementBody{Digest: text.Draw(t, "digest"), Settlement: settle.Settlement{Number: text.Draw(t, "number")}}
		encoded(t, b, b.encode())
		p := settlementSeal{
			Who: who.Draw(t, "who"), Guardian: who.Draw(t, "guardian"), Chart: settle.Chart{Began: text.Draw(t, "began")},
			Lines: make([]settle.Line, rapid.IntRange(0, 2).Draw(t, "lines")), Names: rapid.SliceOf(text).Draw(t, "names"),
			Holders: rapid.MapOf(text, text).Draw(t, "holders"),
		}
		if rapid.Bool().Draw(t, "none") {
			p.Names = nil
		}
		got, err := p.encode()
		must(t, err)
		encoded(t, p, got)
	})
}

func encoded(t *rapid.T, v any, got []byte) {
	want, err := json.Marshal(v)
	must(t, err)
	if string(got) != string(want) {
		t.Errorf("encoded as\n%s\nencoding/json says\n%s", got, want)
	}
}
