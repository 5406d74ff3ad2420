package nhsa_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"settled/queue/nhsa"
	"settled/settle"
)

func seat() nhsa.Head {
	return nhsa.Head{
		Institution: "H44030500001", InstitutionName: "鹏湾医院", Operator: "0601", OperatorName: "收费员甲",
	}
}

const msgID = "H44030500001202611210930000101"

func at() time.Time { return time.Date(2026, 11, 21, 1, 30, 0, 0, time.UTC) }

func TestEncodeIsExact(t *testing.T) {
	q, err := nhsa.NewPersonQuery(settle.Identity{CardNumber: "F18060102", CardCode: "440300D1560000050000018A6F3C27E1", Name: `"小"<满>&`})
	if err != nil {
		t.Fatal(err)
	}
	got, err := nhsa.Encode(seat(), "1101", msgID, at(), "S1", q)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"infno":"1101","msgid":"H44030500001202611210930000101","mdtrtarea_admvs":"440300","insuplc_admdvs":"440300",` +
		`"recer_sys_code":"SY","dev_no":"","dev_safe_info":"","cainfo":"","signtype":"","infver":"V1.0","opter_type":"1",` +
		`"opter":"0601","opter_name":"收费员甲","inf_time":"2026-11-21 09:30:00","fixmedins_code":"H44030500001",` +
		`"fixmedins_name":"鹏湾医院","sign_no":"S1","input":{"data":{"mdtrt_cert_type":"03","mdtrt_cert_no":"F18060102",` +
		`"card_sn":"440300D1560000050000018A6F3C27E1","begntime":"","psn_cert_type":"","certno":"","psn_name":"\"小\"<满>&"}}}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Every field that Shenzhen's client sends must be in our messages, and the head's in
// the same order.
func TestRequestsHaveTheFieldsOfTheSamples(t *testing.T) {
	requests := map[string]any{
		"1101": nhsa.PersonQuery{}, "2001": nhsa.BenefitCheck{}, "2201": nhsa.Register{}, "2202": nhsa.Unregister{},
		"2203": nhsa.VisitUpload{Diagnoses: []nhsa.Diagnosed{{}}}, "2204": nhsa.FeeUpload{Fees: []nhsa.Fee{{}}},
		"2205": nhsa.DropFees{}, "2206": nhsa.Trial{}, "2207": nhsa.Final{}, "2208": nhsa.Cancel{}, "2601": nhsa.Reverse{},
		"9001": nhsa.SignIn{},
	}
	head, err := nhsa.Encode(seat(), "9001", msgID, at(), "", nhsa.NewSignIn("0601", "m", "i"))
	if err != nil {
		t.Fatal(err)
	}
	for infno, request := range requests {
		sample := read(t, "shenzhen-"+infno+"-req-shape.json")
		if got, want := keys(t, head), keys(t, sample); !slices.Equal(got, want) {
			t.Errorf("%s: head %v, want %v", infno, got, want)
		}
		ours, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		var env struct{ Input map[string]json.RawMessage }
		if err := json.Unmarshal(sample, &env); err != nil {
			t.Fatal(err)
		}
		var own map[string]json.RawMessage
		if err := json.Unmarshal(ours, &own); err != nil {
			t.Fatal(err)
		}
		for node, fields := range env.Input {
			have := keys(t, row(own[node]))
			for _, field := range keys(t, row(fields)) {
				if !slices.Contains(have, field) {
					t.Errorf("%s: our %s lacks %s", infno, node, field)
				}
			}
		}
	}
}

func row(data json.RawMessage) []byte { return bytes.Trim(data, "[] \n") }

// keys lists an object's keys in order.
func keys(t *testing.T, object []byte) []string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		t.Fatalf("no object in %q: %v", object, err)
	}
	var out []string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, as[string](t, key))
		var skip json.RawMessage
		if err := dec.Decode(&skip); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "samples", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEncodeNamesTheField(t *testing.T) {
	fee := func(change func(*nhsa.Fee)) nhsa.FeeUpload {
		f := nhsa.Fee{
			LineNo: "1", Code: "XA01", VisitID: "v", PersonNo: "p", Batch: "b", Prescription: "b", Outside: "0", Time: "2026-11-21 09:00:00",
			HospitalCode: "h", Quantity: decimal.RequireFromString("1.5"), Price: decimal.RequireFromString("12.345678"),
			DeptCode: "d", DeptName: "d", DoctorCode: "d", DoctorName: "d", Approved: "1",
		}
		change(&f)
		return nhsa.FeeUpload{Fees: []nhsa.Fee{f, f}}
	}
	for _, c := range []struct {
		field string
		head  func(*nhsa.Head)
		msgid string
		input any
	}{
		{"fixmedins_code", func(h *nhsa.Head) { h.Institution = "" }, msgID, nil},
		{"fixmedins_code", func(h *nhsa.Head) { h.Institution = "H440305000012" }, msgID, nil},
		{"opter_name", func(h *nhsa.Head) { h.OperatorName = "" }, msgID, nil},
		{"opter", func(h *nhsa.Head) { h.Operator = strings.Repeat("长", 31) }, msgID, nil},
		{"msgid", nil, msgID + "0", nil},
		{"msgid", nil, "", nil},
		{"input.signIn.mac", nil, msgID, nhsa.NewSignIn("1", "", "i")},
		{"input.signIn.opter_no", nil, msgID, nhsa.NewSignIn("1\xff", "m", "i")},
		{"input.feedetail", nil, msgID, nhsa.FeeUpload{}},
		{"input.feedetail[0].pric", nil, msgID, fee(func(f *nhsa.Fee) { f.Price = decimal.RequireFromString("0.0000001") })},
		{"input.feedetail[0].cnt", nil, msgID, fee(func(f *nhsa.Fee) { f.Quantity = decimal.RequireFromString("-1") })},
		{"input.feedetail[0].cnt", nil, msgID, fee(func(f *nhsa.Fee) { f.Quantity = decimal.New(1, 1_000_000_000) })},
		{"input.x", nil, msgID, struct {
			X decimal.Decimal `json:"x" wire:"N16"`
		}{}},
		{"input.feedetail[0].fee_ocur_time", nil, msgID, fee(func(f *nhsa.Fee) { f.Time = "21.11.2026" })},
		{"input.feedetail[0].mdtrt_id", nil, msgID, fee(func(f *nhsa.Fee) { f.VisitID = "" })},
	} {
		head, input := seat(), c.input
		if c.head != nil {
			c.head(&head)
		}
		if input == nil {
			input = nhsa.NewSignIn("0601", "m", "i")
		}
		_, err := nhsa.Encode(head, "9001", c.msgid, at(), "", input)
		var fe *nhsa.FieldError
		if !errors.As(err, &fe) || fe.Field != c.field || fe.Refusal().Cashier == "" {
			t.Errorf("error %v, want one of field %s", err, c.field)
		}
	}
	if _, err := nhsa.Encode(seat(), "2204", msgID, at(), "", fee(func(*nhsa.Fee) {})); err != nil {
		t.Errorf("a good fee: %v", err)
	}
	var none *nhsa.FieldError
	if _, err := nhsa.Encode(seat(), "9001", msgID, at(), "", nil); !errors.As(err, &none) {
		t.Errorf("no input: %v", err)
	}
}
