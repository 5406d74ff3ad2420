package demo

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSecondPerson: what is over the amount, and all that was held, goes on only with
// another operator who may do it, by number and password; both are in the journal.
func TestSecondPerson(t *testing.T) {
	s := open(t)
	text, err := os.ReadFile(s.daemon.config)
	must(t, err)
	must(t, os.WriteFile(s.daemon.config, bytes.Replace(text, []byte("[counter]\n"), []byte("[second_person]\nover = \"50.00\"\nrelease = true\n[counter]\n"), 1), 0o600))
	must(t, s.daemon.stop())
	must(t, s.daemon.start(t.Context()))
	must(t, s.bothCards(t.Context()))
	a := s.settled(t, 1)
	s.platform.Down()
	b := s.settled(t, 2)
	void := func(typed, number string, more ...string) (string, error) {
		return s.daemon.told(t.Context(), typed, append([]string{"void", number, "--reason", "试"}, more...)...)
	}
	for _, c := range []struct{ typed, second, want string }{
		{"y\n", "", "SECOND_NEEDED"},
		{"y\ndemo-1234\n", "0001", "SECOND_SAME"},
		{"y\nguess\n", "0002", "SIGN_IN_REFUSED"},
		{"y\ndemo-1234\n", "0003", "SECOND_REFUSED"}, // the insurance office reverses nothing
	} {
		var more []string
		if c.second != "" {
			more = []string{"--second", c.second}
		}
		if _, err := void(c.typed, a.Number, more...); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "demo-1234") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	slip, err := void("y\ndemo-1234\n", a.Number, "--second", "0002")
	must(t, err)
	if after(t, slip, "复核 ") != "0002" || !strings.Contains(slip, "收费员 0001") {
		t.Errorf("slip\n%s", slip)
	}
	keeper := s.operate(t)
	queue := func(typed, verb string, more ...string) error {
		_, err := keeper.told(t.Context(), typed, append([]string{"queue", verb, b.Number, "--why", "试"}, more...)...)
		return err
	}
	must(t, queue("", "hold"))
	if err := queue("", "release"); err == nil || !strings.Contains(err.Error(), "SECOND_NEEDED") || !strings.Contains(err.Error(), "--second") {
		t.Errorf("released alone: %v", err)
	}
	if err := queue("demo-1234\n", "release", "--second", "0001"); err == nil || !strings.Contains(err.Error(), "SECOND_REFUSED") {
		t.Errorf("released with a cashier: %v", err)
	}
	must(t, queue("demo-1234\n", "release", "--second", "0003"))
	must(t, s.daemon.stop())
	files, err := filepath.Glob(filepath.Join(s.folder, "state/journal/*.jsonl"))
	must(t, err)
	found := map[string]int{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		must(t, err)
		for line := range strings.Lines(string(data)) {
			for entry, marks := range map[string][]string{
				"void":    {`"kind":"void","op":"0001"`, `"second":"0002"`},
				"release": {`"kind":"release","op":"operations"`, `"second":"0003"`},
			} {
				if strings.Contains(line, marks[0]) && strings.Contains(line, marks[1]) {
					found[entry]++
				}
			}
		}
	}
	if found["void"] != 1 || found["release"] != 1 {
		t.Errorf("the journal has %v", found)
	}
}

// TestWhoSawThePatient: who had a patient shown unmasked stands in the list of who did what,
// the patient masked, beside what was settled; nobody else sees the list.
func TestWhoSawThePatient(t *testing.T) {
	s := open(t)
	must(t, s.bothCards(t.Context()))
	number := s.settled(t, 1).Number
	status, _, err := s.post(t, "/v1/session/patient", []byte("{}"))
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %v", status, err)
	}
	if out, err := s.daemon.run(t.Context(), "acts"); err == nil {
		t.Errorf("the cashier sees\n%s", out)
	}
	out, err := s.operate(t).run(t.Context(), "acts")
	must(t, err)
	for _, want := range []string{"查看未遮盖信息", "张** 440****23", "结算", number, "新增操作员", "工号 0100，自助机，自助机"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}
