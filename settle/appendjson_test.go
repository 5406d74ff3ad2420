package settle_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"settled/settle"
)

// TestAppendJSON: what is encoded by hand is what encoding/json makes of it, whatever
// stands in it; so a field that is new there is missed here.
func TestAppendJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s settle.Settlement
		var c settle.Chart
		var lines []settle.Line
		for _, v := range []any{&s, &c, &lines} {
			generated(t, v)
		}
		encoded(t, s, s.AppendJSON(nil))
		encoded(t, s.Split, s.Split.AppendJSON(nil))
		encoded(t, c, c.AppendJSON(nil))
		encoded(t, lines, settle.AppendLines(nil, lines))
	})
}

func encoded(t *rapid.T, v any, got []byte) {
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("encoded as\n%s\nencoding/json says\n%s", got, want)
	}
}

// generated fills what v points to, in depth.
func generated(t *rapid.T, v any) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a", "普通门诊诊查费", "<&>\u2028\"\\\x00\x7f", "\xff\xe2", "R-1"}))
	value := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1000, 1000000), rapid.Just(int64(0)))
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch {
		case v.Type() == reflect.TypeFor[decimal.Decimal]():
			v.Set(reflect.ValueOf(decimal.New(value.Draw(t, "coefficient"), rapid.Int32Range(-10, 10).Draw(t, "exponent"))))
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		case v.Kind() == reflect.Slice:
			if rapid.Bool().Draw(t, "some") {
				v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 2).Draw(t, "long"), 2))
			}
			for i := range v.Len() {
				fill(v.Index(i))
			}
		case v.Kind() == reflect.Pointer:
			if rapid.Bool().Draw(t, "some") {
				v.Set(reflect.New(v.Type().Elem()))
				fill(v.Elem())
			}
		case v.Kind() == reflect.String:
			v.SetString(text.Draw(t, "text"))
		case v.Kind() == reflect.Bool:
			v.SetBool(rapid.Bool().Draw(t, "bool"))
		case v.Kind() == reflect.Int32: // a day
			v.SetInt(rapid.SampledFrom([]int64{0, 20240229, 20261122}).Draw(t, "day"))
		case v.CanInt():
			v.SetInt(value.Draw(t, "int"))
		default:
			t.Fatalf("nothing is known of %s: encode it and fill it", v.Type())
		}
	}
	fill(reflect.ValueOf(v).Elem())
}
