package settle_test

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"settled/settle"
)

// broken is how a law's end stops a worker.
type broken string

// setting reads a number from the environment, as `make properties` sets them.
func setting(tb testing.TB, name string, otherwise int) int {
	tb.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		tb.Fatalf("%s: %q is no number", name, text)
	}
	return n
}

// TestProperties holds the laws to the situations of many seeds, on all cores: so many
// checks, of one law each, as PROPERTY_CHECKS says, from the seed that PROPERTY_SEED
// says. Where it went on to is printed, so that the next run may start there.
func TestProperties(t *testing.T) {
	list := laws()
	checks, first := setting(t, "PROPERTY_CHECKS", 100_000), setting(t, "PROPERTY_SEED", 0)
	if testing.Short() {
		checks = min(checks, 10_000)
	}
	end := first + (checks+len(list)-1)/len(list)
	set := shipped(t)
	next, done, failed := atomic.Int64{}, atomic.Int64{}, atomic.Bool{}
	next.Store(int64(first))
	var running sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			g := rapid.Custom(anySituation)
			for !failed.Load() {
				seed := int(next.Add(1) - 1)
				if seed >= end {
					return
				}
				if text := brokenBy(func(end func(string)) { g.Example(seed).check(set, list, end) }); text != "" {
					failed.Store(true)
					t.Errorf("seed %d: %s\n(again with: make properties SEED=%d CHECKS=1)", seed, text, seed)
					return
				}
				if n := int(done.Add(1)); n%20_000 == 0 { // another core may be behind, by far less than 1000 seeds
					t.Logf("%d of %d checks; to go on from here, PROPERTY_SEED=%d", n*len(list), checks, max(first, seed-1000))
				}
			}
		})
	}
	running.Wait()
	t.Logf("%d laws × %d situations = %d checks; go on at PROPERTY_SEED=%d", len(list), done.Load(), done.Load()*int64(len(list)), end)
}

// brokenBy gives what a check says is broken, "" for nothing.
func brokenBy(check func(end func(string))) (text string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case broken:
			text = string(r)
		default:
			panic(r)
		}
	}()
	check(func(text string) { panic(broken(text)) })
	return ""
}

// TestGeneratorReaches: the random situations come to every code that a split can give,
// every kind of step, and every status and bucket.
func TestGeneratorReaches(t *testing.T) {
	want := map[string]bool{}
	add := func(kind string, names ...string) {
		for _, n := range names {
			want[kind+" "+n] = true
		}
	}
	for _, c := range []settle.Code{
		settle.SelectedDirect, settle.SelectedSettlementHospital, settle.SelectedAffiliated, settle.Referred,
		settle.RescueVisit, settle.NotSelected, settle.NoSelection, settle.SelectionInvalidAge14,
		settle.ReferralRequired, settle.InpatientVisit, settle.SpecialClass1, settle.Tier1AccountOnly, settle.Tier1Pool30,
		settle.OutOfTownTemporary, settle.OutOfTownInProvince, settle.OutOfTownEmergency, settle.FiledLongTerm, settle.FiledReferral,
		settle.LimitReached, settle.DuplicateEnrolment, settle.NotInBenefitPeriod, settle.PolicyRowMissing,
	} {
		add("reason", string(c))
	}
	for _, c := range []settle.Code{
		settle.NotMutualAidLink, settle.LinkNotActive, settle.DonorHasNoAccount, settle.RelationNotCovered,
		settle.MobileGuardianMismatch, settle.BeneficiaryBalanceNotZero, settle.DonorBalanceZero, settle.BelowThreshold,
	} {
		add("reason", settle.MutualPrefix+string(c))
		add("denied", string(c))
	}
	add("status", string(settle.Settled), string(settle.NoFund), string(settle.Refused))
	add("bucket", string(settle.BucketOrdinary), string(settle.BucketConsultation), string(settle.BucketLargeEquipment),
		string(settle.BucketInpatient), string(settle.BucketCommunityPool), string(settle.BucketSpecial1), string(settle.BucketNone))
	add("step", settle.StepVisit, settle.StepPlace, settle.StepOverCap, settle.StepFirstSelfPay, settle.StepSelfFunded,
		settle.StepVaccination, settle.StepDeductible, settle.StepFund, settle.StepBonus, settle.StepCap, settle.StepLine,
		settle.StepLimit, settle.StepLimitLeft, settle.StepNoFund, settle.StepEligible, settle.StepOwn, settle.StepDraw, settle.StepDenied,
		settle.StepCash, settle.StepRefused)
	set, g, got := shipped(t), rapid.Custom(anySituation), map[string]int{}
	const situations = 5000
	for seed := range situations {
		x := g.Example(seed)
		s := compute(t, set, x.person, x.bill, x.used)
		count(got, &s)
	}
	for name := range want {
		if got[name] == 0 {
			t.Errorf("%s: %d times in %d situations", name, got[name], situations)
		}
	}
	for name, n := range got {
		if !want[name] {
			t.Errorf("%s, %d times, is not expected", name, n)
		}
	}
}

// count counts what a split has, each once.
func count(got map[string]int, s *settle.Split) {
	has := map[string]bool{"status " + string(s.Status): true}
	for _, r := range s.Reasons {
		has["reason "+string(r)] = true
	}
	for _, d := range s.Draws {
		if d.Denied != "" {
			has["denied "+string(d.Denied)] = true
		}
	}
	for i := range s.Lines {
		has["bucket "+string(s.Lines[i].Bucket)] = true
	}
	for i := range s.Steps {
		has["step "+s.Steps[i].What] = true
	}
	for name := range has {
		got[name]++
	}
}
