package nhsa_test

import (
	"testing"

	"settled/queue/nhsa"
)

// TestRestored: a chain from a backup asks what the platform has before it settles, and
// settles only when nothing is left there.
func TestRestored(t *testing.T) {
	const none, found2 = `{"mdtrtinfo":[]}`, `{"mdtrtinfo":[{"mdtrt_id":"V9","ipt_otp_no":"MZ0017"},{"mdtrt_id":"V8","ipt_otp_no":"MZ0017"}]}`
	anew := upTo("")[1:] // from 2201 on
	asked := func(lines ...string) []string { return append([]string{"1101 yes " + person}, lines...) }
	for _, c := range []struct {
		name   string
		before []string // in the backup
		then   []string
		step   nhsa.Step
	}{
		{"nothing sent, nothing there", nil, asked(append([]string{"5201 yes " + none}, anew...)...), nhsa.StepDone},
		{"nothing sent, a visit there", nil, asked(append([]string{"5201 yes " + found, "2205 no 没有明细", "2202 ok", "5201 yes " + none}, anew...)...), nhsa.StepDone},
		{"two visits, one settled", nil, asked("5201 yes "+found2, "2205 ok", "2202 ok", "5201 yes "+found2, "2205 no 已结算", "2202 no 已结算"), nhsa.StepHeld},
		{"a cancelled visit is listed again", nil, asked(append([]string{"5201 yes " + found, "2205 ok", "2202 ok", "5201 yes " + found}, anew...)...), nhsa.StepDone},
		{"settled elsewhere", nil, asked("5201 yes "+found, "2205 no 已结算", "2202 no 已结算"), nhsa.StepHeld},
		{"answers lost", nil, []string{
			"1101 lost", "1101 yes " + person, "5201 lost", "5201 yes " + found, "2205 lost", "2205 ok",
			"2202 lost", "2202 no 就诊信息不存在", "5201 yes " + none, anew[0],
		}, nhsa.StepVisit},
		{"taken back elsewhere meanwhile", nil, asked("5201 yes "+found, "2205 ok", "2202 no 就诊信息不存在", "5201 yes "+none, anew[0]), nhsa.StepVisit},
		{"5201 refused", nil, asked("5201 no x"), nhsa.StepHeld},
		{"fees were up", upTo("2206"), append([]string{"2205 ok", "2202 ok", "5201 yes " + none}, anew...), nhsa.StepDone},
		{"fees were up, settled since", upTo("2206"), []string{"2205 no 已结算", "2202 no 已结算"}, nhsa.StepHeld},
		{"a lost 2207 is reversed first", upTo("2207", "2207 lost"), append([]string{"2601 ok", "2205 ok", "2202 ok", "5201 yes " + none}, anew...), nhsa.StepDone},
		{"held for a refusal", upTo("2206", "2206 no x", "2205 ok", "2202 ok"), append([]string{"5201 yes " + none}, anew...), nhsa.StepDone},
	} {
		v := visitOf(t, 1)
		chain, _ := script(t, v, c.before...)
		chain.Restored()
		chain.Restored()
		chain, _ = play(t, chain, v, c.then...)
		if chain.Step != c.step {
			t.Errorf("%s: ends at %q, want %q", c.name, chain.Step, c.step)
		}
		if chain.Step == nhsa.StepHeld && chain.Refusal == nil {
			t.Errorf("%s: held without a reason", c.name)
		}
	}
}

// TestRestoredHeld: what was held because it is settled elsewhere is asked again when
// released, not settled; what is done stays done.
func TestRestoredHeld(t *testing.T) {
	v := visitOf(t, 1)
	var c nhsa.Chain
	c.Restored()
	c, _ = play(t, c, v, "1101 yes "+person, "5201 yes "+found, "2205 no 已结算", "2202 no 已结算")
	if c.Refusal.Code != nhsa.RestoredSettled {
		t.Errorf("held for %v", c.Refusal)
	}
	c.Resume()
	if infno, _, _ := c.Next(v); infno != nhsa.InfoDropFees {
		t.Errorf("goes on with %s", infno)
	}
	done, _ := script(t, v, upTo("")...)
	done.Restored()
	if done.Step != nhsa.StepDone || done.Doubt {
		t.Errorf("what was done is %q", done.Step)
	}
}

// TestRestoredVoid: a reversal in a restored copy asks what the platform has before it
// says that nothing is there.
func TestRestoredVoid(t *testing.T) {
	const none = `{"mdtrtinfo":[]}`
	for _, c := range []struct {
		name   string
		before []string // in the backup
		then   []string
		undone bool
	}{
		{"nothing there", nil, []string{"1101 yes " + person, "5201 yes " + none}, true},
		{"a visit there", nil, []string{"1101 yes " + person, "5201 yes " + found, "2205 ok", "2202 ok", "5201 yes " + none}, true},
		{"settled elsewhere", nil, []string{"1101 yes " + person, "5201 yes " + found, "2205 no 已结算", "2202 no 已结算"}, false},
		{"fees were up", upTo("2206"), []string{"2205 ok", "2202 ok", "5201 yes " + none}, true},
		{"a lost 2207 is reversed first", upTo("2207", "2207 lost"), []string{"2601 ok", "2205 ok", "2202 ok", "5201 yes " + none}, true},
	} {
		v := visitOf(t, 1)
		chain, _ := script(t, v, c.before...)
		chain.Restored()
		w := withdraw(t, nhsa.NewWithdrawal(chain, nil), v, c.then...)
		if _, _, done := w.Next(v); !done || w.Undone() != c.undone {
			t.Errorf("%s: %+v", c.name, w)
		}
		if !c.undone && (w.Why() == nil || w.Why().Code != nhsa.RestoredSettled) {
			t.Errorf("%s: held for %v", c.name, w.Why())
		}
	}
}
