package nhsa_test

import (
	"errors"
	"strings"
	"testing"

	"settled/queue/nhsa"
	"settled/settle"
)

// TestRepaired: wherever a chain stands when it is repaired, what the platform has is taken
// back first, and then it goes from the start; what cannot be taken back holds it.
func TestRepaired(t *testing.T) {
	const gone = "2601 no 冲正失败:未查询到原报文"
	for _, c := range []struct {
		name          string
		before, after []string
		step          nhsa.Step
	}{
		{"never begun", nil, upTo(""), nhsa.StepDone},
		{"refused at 2201, nothing there", upTo("2201", "2201 no 医师编码不存在"), upTo(""), nhsa.StepDone},
		{"refused at 2203, all taken back", upTo("2203", "2203 no 诊断编码不存在", "2202 ok"), upTo(""), nhsa.StepDone},
		{"visit stayed", upTo("2203", "2203 no 诊断编码不存在", "2202 no 系统繁忙"), append([]string{"2202 ok"}, upTo("")...), nhsa.StepDone},
		{"fees stayed", upTo("2206", "2206 no 目录编码不存在", "2205 no 系统繁忙", "2202 no 系统繁忙"), append([]string{"2205 ok", "2202 ok"}, upTo("")...), nhsa.StepDone},
		{"held on the way", upTo("2206"), append([]string{"2205 ok", "2202 ok"}, upTo("")...), nhsa.StepDone},
		{"2207 unclear", upTo("2207", "2207 lost", "2601 no 系统繁忙"), append([]string{"2601 ok", "2205 ok", "2202 ok"}, upTo("")...), nhsa.StepDone},
		{"2207 unclear, unknown there", upTo("2207", "2207 lost", "2601 no 系统繁忙"), append([]string{gone, "2205 ok", "2202 ok"}, upTo("")...), nhsa.StepDone},
		{"registration lost", upTo("2201", "2201 lost"), []string{"5201 yes " + found, "2202 ok", "1101 yes " + person}, nhsa.StepRegister},
		{"answers lost on the way back", upTo("2206"), append([]string{"2205 lost", "2205 ok", "2202 lost", "2202 no 未查询到就诊信息"}, upTo("")...), nhsa.StepDone},
		{"it can't be taken back", upTo("2206"), []string{"2205 ok", "2202 no 系统繁忙"}, nhsa.StepHeld},
		{"refused again", upTo("2203", "2203 no 诊断编码不存在", "2202 ok"), upTo("2203", "2203 no 诊断编码不存在", "2202 ok"), nhsa.StepHeld},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := visitOf(t, 1)
			chain, _ := script(t, v, c.before...)
			if !chain.Repaired(7) || chain.Repaired(7) || chain.Repaired(6) {
				t.Error("the same or an older repair changed something, or this one nothing")
			}
			chain, _ = play(t, chain, v, c.after...)
			if chain.Step != c.step || chain.Repair != 7 || chain.Step == nhsa.StepHeld && chain.Refusal == nil {
				t.Errorf("%+v", chain)
			}
			if chain.Step == nhsa.StepHeld && chain.Anew { // released without another repair, it goes on with the way back
				chain.Resume()
				chain, _ = play(t, chain, v, append([]string{"2205 ok", "2202 ok"}, upTo("")...)...)
				if chain.Step != nhsa.StepDone {
					t.Errorf("after the release: %+v", chain)
				}
			}
		})
	}
	done, _ := script(t, visitOf(t, 1), upTo("")...)
	if done.Repaired(7) || done.Step != nhsa.StepDone {
		t.Errorf("a chain that is done was repaired: %+v", done)
	}
}

// TestRepairedThenVoided: a settlement that is given up while it is on its way back ends
// undone, not anew.
func TestRepairedThenVoided(t *testing.T) {
	v := visitOf(t, 1)
	chain, _ := script(t, v, upTo("2206")...)
	chain.Repaired(7)
	chain, _ = play(t, chain, v, "2205 ok")
	chain.Abandon()
	chain, _ = play(t, chain, v, "2202 ok")
	if chain.Step != nhsa.StepUndone {
		t.Errorf("%+v", chain)
	}
}

// TestMended: each field that may be mended changes what the platform is told and nothing
// else, each other one is refused with the reason.
func TestMended(t *testing.T) {
	before := bought(2)
	old, err := nhsa.VisitOf(before, nhsa.Manner{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range nhsa.Mendable(&before) {
		after, err := nhsa.Mended(before, map[string]string{m.Name: "X9"})
		if err != nil || m.Why == "" || m.Wire == "" || m.Chinese == "" {
			t.Errorf("%s: %v, %+v", m.Name, err, m)
			continue
		}
		visit, err := nhsa.VisitOf(after, nhsa.Manner{})
		if err != nil || visit.Total != old.Total || visit.Who != old.Who || after.Split.Total != before.Split.Total {
			t.Errorf("%s: %v, %+v", m.Name, err, visit)
		}
		for i, l := range visit.Lines {
			if was := old.Lines[i]; l.Amount != was.Amount || !l.Price.Equal(was.Price) || !l.Quantity.Equal(was.Quantity) {
				t.Errorf("%s: line %+v, was %+v", m.Name, l, was)
			}
		}
		for _, now := range nhsa.Mendable(&after) {
			want := "X9"
			if now.Name != m.Name {
				continue
			}
			if now.Value != want {
				t.Errorf("%s is %q", m.Name, now.Value)
			}
		}
		for i, now := range nhsa.Mendable(&before) { // the original is not touched
			if now.Value != nhsa.Mendable(&before)[i].Value || now.Value == "X9" {
				t.Errorf("%s changed the original", m.Name)
			}
		}
	}
	special := bought(1)
	special.Bill.Visit.Kind = settle.SpecialDisease
	for name, want := range map[string]settle.Code{
		"items.1.unit_price": nhsa.NotMendable, "items.1.qty": nhsa.NotMendable, "began": nhsa.NotMendable, "patient.id_number": nhsa.NotMendable,
		"total": nhsa.NotMendable, "diagnoses.1.code": nhsa.NotMendable, "items.2.code": nhsa.UnknownMend, "phone": nhsa.UnknownMend, "": nhsa.UnknownMend,
	} {
		_, err := nhsa.Mended(special, map[string]string{name: "X9"})
		var no *settle.Refusal
		if !errors.As(err, &no) || no.Code != want || no.Cashier == "" || no.Field != name {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if _, err := nhsa.Mended(special, map[string]string{"doctor.code": "D1\n"}); err == nil || !strings.Contains(err.Error(), "control") {
		t.Errorf("a control character: %v", err)
	}
}
