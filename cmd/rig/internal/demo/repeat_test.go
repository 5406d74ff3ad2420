package demo

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestRefundAgain repeats a refund whose answer was lost, as a cashier would: nothing is
// given back again. Other lines of the same settlement are refused with the new number;
// under that one the refund goes on.
func TestRefundAgain(t *testing.T) {
	t.Parallel()
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

// TestReceiptVerb gives slips out again, of settlements and reversals: each copy is marked
// and counted, also over a restart; nothing is settled twice.
func TestReceiptVerb(t *testing.T) {
	t.Parallel()
	s := family(t)
	_, err := s.daemon.run(t.Context(), "shift", "open", "--float", "0")
	must(t, err)
	bill, err := s.bill("child-follow-up.json", 1)
	must(t, err)
	slip, err := s.daemon.run(t.Context(), "settle", bill, "--yes")
	must(t, err)
	number := after(t, slip, "单号 ")
	void, err := s.daemon.run(t.Context(), "void", number, "--reason", "试", "--yes")
	must(t, err)
	if strings.Contains(slip+void, "重打") || after(t, slip, "班次 ") != after(t, void, "班次 ") {
		t.Errorf("originals\n%s\n%s", slip, void)
	}
	for i, number := range []string{number, after(t, void, "单号 "), number, number} {
		if i == 3 {
			must(t, s.daemon.stop())
			must(t, s.daemon.start(t.Context()))
		}
		again, err := s.daemon.run(t.Context(), "receipt", number, "--columns", "32")
		must(t, err)
		if want := fmt.Sprintf("【重打 第%d次】", []int{1, 1, 2, 3}[i]); !strings.Contains(again, want) || after(t, again, "单号 ") != number || after(t, again, "班次 ") != after(t, slip, "班次 ") {
			t.Errorf("copy %d lacks %s:\n%s", i, want, again)
		}
	}
	if _, err := s.daemon.run(t.Context(), "receipt", "012026112299999"); err == nil || !strings.Contains(err.Error(), "没有这笔结算") {
		t.Errorf("of what never was: %v", err)
	}
	for _, name := range []string{number, number + "-1", number + "-2", number + "-3"} {
		if _, err := os.Stat(at(s.folder, "state/receipts/"+name+".txt")); err != nil {
			t.Errorf("not on paper: %v", err)
		}
	}
}

// TestLeft: what a demo leaves running can be tried at once.
func TestLeft(t *testing.T) {
	t.Parallel()
	s := open(t)
	must(t, s.leave(t.Context()))
	out, err := s.daemon.run(t.Context(), "quote", at(s.folder, fmt.Sprintf("bill-%d.json", next)))
	if err != nil || !strings.Contains(out, "总额 ￥258.94") {
		t.Errorf("%v\n%s", err, out)
	}
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
