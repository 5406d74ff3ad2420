package api

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
)

// TestEncode: an answer that encodes itself says what encoding/json makes of it, with
// every field set and with none.
func TestEncode(t *testing.T) {
	for _, depth := range []int{0, 9} {
		s, q := settlementAnswer{}, quoteAnswer{}
		fill(reflect.ValueOf(&s).Elem(), depth)
		fill(reflect.ValueOf(&q).Elem(), depth)
		for _, a := range []appender{s, q} {
			text, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(a.appendJSON(nil), &got); err != nil {
				t.Fatalf("%v in %s", err, a.appendJSON(nil))
			}
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%T, to a depth of %d, is encoded with this difference:\n%s", a, depth, diff)
			}
		}
	}
}

// fill sets every field to something that is not empty, to a depth.
func fill(v reflect.Value, depth int) {
	switch {
	case depth == 0:
	case v.Type() == reflect.TypeFor[decimal.Decimal]():
		v.Set(reflect.ValueOf(decimal.New(75, -2)))
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 11, 22, 8, 0, 0, 5e6, time.FixedZone("", 8*60*60))))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), depth-1)
			}
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth-1)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), depth-1)
		}
	case v.Kind() == reflect.String:
		v.SetString("a \"<" + v.Type().Name())
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(20261122)
	}
}
