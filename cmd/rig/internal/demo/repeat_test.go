package demo

import (
	"strings"
	"testing"
)

// TestRefundAgain repeats a refund whose answer was lost, as a cashier would: nothing is
// given back again. Other lines of the same settlement are refused with the new number;
// under that one the refund goes on.
func TestRefundAgain(t *testing.T) {
	s := family(t)
	a := s.settled(t, 1)
	refund := func(number, keep string) (string, error) {
		return s.daemon.run(t.Context(), "refund", number, "--keep", keep, "--reason", "未取药", "--yes")
	}
	slip, err := refund(a.Number, "1,2")
	must(t, err)
	kept := after(t, slip, "新单 ")
	again, err := refund(a.Number, "2,1")
	must(t, err)
	if after(t, again, "单号 ") != after(t, slip, "单号 ") || after(t, again, "新单 ") != kept || !strings.Contains(again, "重打") || strings.Contains(slip, "重打") {
		t.Errorf("first\n%s\nthen\n%s", slip, again)
	}
	if _, err := refund(a.Number, "1"); err == nil || !strings.Contains(err.Error(), "保留的项目是新单 "+kept) {
		t.Errorf("other lines of the same: %v", err)
	}
	if _, err := s.daemon.run(t.Context(), "void", a.Number, "--reason", "x", "--yes"); err == nil || !strings.Contains(err.Error(), "保留的项目是新单 "+kept) {
		t.Errorf("voided after the refund: %v", err)
	}
	number := after(t, slip, "单号 ")
	for _, verb := range [][]string{{"explain", number}, {"void", number, "--reason", "x", "--yes"}} {
		if _, err := s.daemon.run(t.Context(), verb...); err == nil || !strings.Contains(err.Error(), number+" 是撤销（退费）单号") || !strings.Contains(err.Error(), "原结算单是 "+a.Number) {
			t.Errorf("%q: %v", verb, err)
		}
	}
	second, err := refund(kept, "1")
	must(t, err)
	if after(t, second, "原单 ") != kept || !strings.Contains(second, "退 第2行") {
		t.Errorf("refund of what was kept\n%s", second)
	}
	if again, err := refund(kept, "1"); err != nil || after(t, again, "单号 ") != after(t, second, "单号 ") {
		t.Errorf("%v\n%s", err, again)
	}
	s.awaitUpload(t, after(t, second, "新单 "), "acknowledged")
	s.sameBooks(t)
}

// after gives the rest of the line behind a name.
func after(t *testing.T, slip, name string) string {
	t.Helper()
	_, rest, found := strings.Cut(slip, name)
	value, _, _ := strings.Cut(rest, "\n")
	if !found {
		t.Fatalf("no %s on\n%s", name, slip)
	}
	return value
}
