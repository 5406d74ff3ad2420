package platform

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

func body(person, msgid string) []byte {
	return []byte(`{"msgid":"` + msgid + `","input":{"data":{"psn_no":"` + person + `"}}}`)
}

// fates draws so many requests of each person, in an order of the persons, and gives what
// each met.
func fates(t *testing.T, w Weather, people []string, n int) map[string]string {
	t.Helper()
	var drawn weather
	if err := drawn.set(w); err != nil {
		t.Fatal(err)
	}
	met := map[string]string{}
	for i := range n {
		for _, p := range people {
			f, ok := drawn.draw("2207", body(p, fmt.Sprint(i)), time.Unix(int64(i), 0))
			if !ok {
				t.Fatal("no weather")
			}
			met[fmt.Sprint(p, i)] = fmt.Sprint(f.Kind, f.Booked, f.takes, f.late, f.shape)
		}
	}
	return met
}

// TestWeatherOfASeed: the same seed gives each person the same, whoever asks first; another
// seed gives something else.
func TestWeatherOfASeed(t *testing.T) {
	w := Weather{Seed: 1, Kinds: map[string]int{Cut: 200_000, Late: 200_000, Rubbish: 200_000}, Rule: 100_000, Takes: 100, LateFor: 10}
	one := fates(t, w, []string{"P1", "P2", "P3"}, 50)
	if other := fates(t, w, []string{"P3", "P1", "P2"}, 50); !maps.Equal(one, other) {
		t.Error("the order of the people changed what they met")
	}
	w.Seed = 2
	if other := fates(t, w, []string{"P1", "P2", "P3"}, 50); maps.Equal(one, other) {
		t.Error("another seed, the same weather")
	}
	if err := new(weather).set(Weather{Kinds: map[string]int{"hail": 1}}); err == nil {
		t.Error("hail was taken")
	}
}

// TestStorm: while it lasts everybody meets it.
func TestStorm(t *testing.T) {
	met := fates(t, Weather{Storms: []Storm{{From: 3, To: 5, Kind: Away}}}, []string{"P1"}, 7)
	for i := range 7 {
		if in := met[fmt.Sprint("P1", i)][:4] == Away; in != (i == 3 || i == 4) {
			t.Errorf("at %d: %s", i, met[fmt.Sprint("P1", i)])
		}
	}
}

// TestRule: a rule refuses a person's transaction always, and nobody else's.
func TestRule(t *testing.T) {
	w := Weather{Seed: 3, Rule: 300_000}
	refused := map[string]bool{}
	for i := range 100 {
		p := fmt.Sprint("P", i)
		first := w.refused("2207", p)
		refused[fmt.Sprint(first)] = true
		if w.refused("2207", p) != first || first && w.refused("2206", p) {
			t.Errorf("%s is refused now and then", p)
		}
	}
	if len(refused) != 2 {
		t.Errorf("refused %v", slices.Collect(maps.Keys(refused)))
	}
}

// TestLateAndTwice: what is late arrives when its time has come, in the order of the
// times; what arrives twice has a message id that does not count as the sender's fault.
func TestLateAndTwice(t *testing.T) {
	now := time.Unix(1000, 0)
	b := NewBooks(load(t), func() time.Time { return now })
	b.delay("2207", body("P1", "m2"), 20*time.Second)
	b.delay("2207", body("P1", "m1"), 10*time.Second)
	b.delay("2207", body("P1", "m3"), 30*time.Second)
	now = now.Add(20 * time.Second)
	_ = b.Page()
	if len(b.late) != 1 || !bytes.Equal(b.late[0].body, body("P1", "m3")) {
		t.Errorf("%d are late still", len(b.late))
	}
	message := []byte(`{"infno":"9001","msgid":"m4","mdtrtarea_admvs":"440300","insuplc_admdvs":"440300","recer_sys_code":"F","infver":"V1.0","opter_type":"1",` +
		`"opter":"0601","opter_name":"x","inf_time":"2026-03-02 08:00:00","fixmedins_code":"H44030500001","fixmedins_name":"x","input":{"signIn":{"opter_no":"0601","mac":"m","ip":"i"}}}`)
	b.double("9001", message)
	_ = b.Transact("9001", message)
	if p := b.Page(); p.MsgIDs != 1 || len(p.Duplicates) != 0 || len(b.signs) != 1 {
		t.Errorf("%d message ids, twice %v, %d signed in", p.MsgIDs, p.Duplicates, len(b.signs))
	}
}
