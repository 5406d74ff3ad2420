package queue

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		got, err := p.appendJSON(nil)
		must(t, err)
		encoded(t, p, got)
	})
}

func encoded(t *rapid.T, v any, got []byte) {
	want, err := json.Marshal(v)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("encoded as\n%s\nencoding/json says\n%s", got, want)
	}
}

// TestSkimmed: what is left out of a body before it is replayed changes no event, and is
// there to be left out.
func TestSkimmed(t *testing.T) {
	hostile := rapid.SampledFrom([]string{"a", `,"items":[`, `],"usage_after":{`, `,"mutual_by_account":`, `x"],"usage_after":{"ordinary":"9.99"`, `\`})
	fen := rapid.Map(rapid.Int64Range(0, 1e6), func(n int64) settle.Fen { return settle.Fen(n) })
	rapid.Check(t, func(t *rapid.T) {
		b := settlementBody{Digest: hostile.Draw(t, "digest")}
		s := &b.Settlement
		s.Number, s.Key, s.Rules, s.Bill.Visit.Institution.Name = hostile.Draw(t, "number"), hostile.Draw(t, "key"), hostile.Draw(t, "rules"), hostile.Draw(t, "name")
		s.Split.Fund, s.Split.UsageAfter.Ordinary = fen.Draw(t, "fund"), fen.Draw(t, "usage")
		s.Split.Draws = []settle.Draw{{AccountID: hostile.Draw(t, "account"), Paid: fen.Draw(t, "paid")}}
		steps := rapid.IntRange(0, 2).Draw(t, "steps")
		for range steps {
			s.Split.Lines = append(s.Split.Lines, settle.LineSplit{Name: hostile.Draw(t, "line")})
			s.Split.Steps = append(s.Split.Steps, settle.Step{Note: hostile.Draw(t, "note"), Source: hostile.Draw(t, "source")})
		}
		body := b.encode()
		less := skimmed(body)
		var want, got settled
		must(t, json.Unmarshal(body, &want))
		must(t, json.Unmarshal(less, &got))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\nof\n%s", diff, body)
		}
		if steps > 0 && len(less) > len(body)-100*steps {
			t.Errorf("%d bytes of %d are left", len(less), len(body))
		}
	})
}
