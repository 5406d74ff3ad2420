package queue

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"settled/settle"
)

// TestEncode: what is encoded by hand is what encoding/json makes of it, whatever stands
// in it; so a field that is new there is missed here.
func TestEncode(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a", "普通门诊诊查费", "<&>\u2028\"\\\x00\x7f", "\xff\xe2", "R-1"}))
	number := rapid.Custom(func(t *rapid.T) decimal.Decimal {
		return decimal.New(rapid.Int64().Draw(t, "value"), rapid.Int32Range(-6, 6).Draw(t, "exponent"))
	})
	rapid.Check(t, func(t *rapid.T) {
		b, p := settlementBody{Digest: "d"}, settlementSeal{}
		if rapid.Bool().Draw(t, "some") {
			b.Settlement.Split.Lines = make([]settle.LineSplit, rapid.IntRange(0, 3).Draw(t, "lines"))
			b.Settlement.Split.Steps = make([]settle.Step, rapid.IntRange(0, 3).Draw(t, "steps"))
			p.Lines, p.Names = make([]settle.Line, rapid.IntRange(0, 3).Draw(t, "bill")), make([]string, rapid.IntRange(0, 3).Draw(t, "names"))
		}
		for _, list := range []any{&b.Settlement.Split.Lines, &b.Settlement.Split.Steps, &p.Lines, &p.Names} {
			generated(t, list, text, number)
		}
		b.Settlement.Person = text.Draw(t, "person")
		encoded(t, b, b.encode)
		encoded(t, p, p.encode)
	})
}

func encoded(t *rapid.T, v any, encode func() ([]byte, error)) {
	want, err := json.Marshal(v)
	must(t, err)
	got, err := encode()
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("encoded as\n%s\nencoding/json says\n%s", got, want)
	}
}

// generated fills what v points to, in depth.
func generated(t *rapid.T, v any, text *rapid.Generator[string], number *rapid.Generator[decimal.Decimal]) {
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch {
		case v.Type() == reflect.TypeFor[decimal.Decimal]():
			v.Set(reflect.ValueOf(number.Draw(t, "decimal")))
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		case v.Kind() == reflect.Slice:
			for i := range v.Len() {
				fill(v.Index(i))
			}
		case v.Kind() == reflect.String:
			v.SetString(text.Draw(t, "text"))
		case v.Kind() == reflect.Bool:
			v.SetBool(rapid.Bool().Draw(t, "bool"))
		case v.CanInt():
			v.SetInt(rapid.OneOf(rapid.Int64(), rapid.Just(int64(0))).Draw(t, "int"))
		default:
			t.Fatalf("nothing is known of %s: encode it and fill it", v.Type())
		}
	}
	fill(reflect.ValueOf(v).Elem())
}
