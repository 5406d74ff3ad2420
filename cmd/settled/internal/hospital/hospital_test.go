package hospital

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"settled/queue"
	"settled/settle"
)

// Variables of the environment.
const (
	rigVariable  = "SETTLED_TEST_RIG"
	manyVariable = "SETTLED_HOSPITAL" // settlements at least; "": one short day
	seedVariable = "SETTLED_SEED"     // of the first hospital
)

// TestMain builds the platform simulator.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "settled-rig-")
	if err == nil {
		program := filepath.Join(dir, "rig")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", program, "settled/cmd/rig").CombinedOutput(); err != nil {
			err = fmt.Errorf("build rig: %w: %s", err, out)
		}
		err = errors.Join(err, os.Setenv(rigVariable, program))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hospital is counters of one institution, and its platform.
type hospital struct {
	t        testing.TB
	seed     uint64
	base     string // of the platform
	network  *network
	key      []byte
	dir      string
	days     int
	people   int // a day at a desk
	children int // of a desk
	desks    []*desk
	end      hash.Hash // of what became of each settlement
}

// weather is the simulator's.
type weather struct {
	Seed    uint64         `json:"seed"`
	Kinds   map[string]int `json:"kinds"`
	Rule    int            `json:"rule"`
	Differ  int            `json:"differ"`
	Storms  []storm        `json:"storms"`
	Takes   int            `json:"takes"`
	LateFor int            `json:"late_for"`
}

type storm struct {
	From int64  `json:"from"`
	To   int64  `json:"to"`
	Kind string `json:"kind"`
}

// forecast draws how bad it gets: from calm to a platform that fails one request in ten.
func (h *hospital) forecast(rnd *rand.Rand) weather {
	bad := []int{1, 4, 4, 10}[rnd.IntN(4)]
	w := weather{Seed: h.seed, Rule: 2000, Differ: 20_000, Takes: 200, LateFor: []int{5, 90, 900}[rnd.IntN(3)], Kinds: map[string]int{
		"cut": 1500 * bad, "500": 1200 * bad, "rubbish": 1500 * bad, "half": 800 * bad, "silent": 600 * bad,
		"late": 1200 * bad, "twice": 600 * bad, "mixed": 400 * bad, "away": 800 * bad, "dial": 500 * bad, "restart": 20 * bad,
	}}
	kinds := []string{"dial", "away", "500", "silent", "cut"}
	for day := range h.days {
		for range rnd.IntN(4) {
			from := now().Add(time.Duration(day)*24*time.Hour + time.Duration(rnd.Int64N(int64(10*time.Hour))))
			to := from.Add(time.Duration(1+rnd.Int64N(40)) * time.Minute)
			w.Storms = append(w.Storms, storm{from.Unix(), to.Unix(), kinds[rnd.IntN(len(kinds))]})
		}
	}
	return w
}

// open starts the platform. It is a process outside of virtual time.
func open(t testing.TB, seed uint64, s size) *hospital {
	t.Helper()
	h := &hospital{
		t: t, seed: seed, key: bytes.Repeat([]byte{7}, queue.KeySize), days: s.days, people: s.people, children: max(20, s.people),
		desks: make([]*desk, 0, s.desks), end: sha256.New(),
	}
	cmd := exec.Command(os.Getenv(rigVariable), "platform", "--listen", "127.0.0.1:0", "--follow", "--data", peopled(t, s.desks, h.children))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	h.base = strings.TrimSpace(strings.TrimPrefix(line, "platform at "))
	host, _, _ := strings.Cut(strings.TrimPrefix(h.base, "http://"), "/")
	h.network = &network{addr: host}
	h.dir, err = os.MkdirTemp("/dev/shm", "settled-hospital-")
	must(t, err)
	t.Cleanup(func() { h.network.close(); _ = os.RemoveAll(h.dir) })
	return h
}

// control asks the simulator, or commands it if there is a body.
func (h *hospital) control(name string, body, answer any) {
	h.t.Helper()
	method, data := http.MethodGet, []byte(nil)
	if body != nil {
		var err error
		method = http.MethodPost
		data, err = json.Marshal(body)
		must(h.t, err)
	}
	host, _, _ := strings.Cut(h.base, "/ebus/")
	req, err := http.NewRequest(method, host+"/control/"+name, bytes.NewReader(data))
	must(h.t, err)
	res, err := h.network.RoundTrip(req)
	must(h.t, err)
	if res.StatusCode/100 != 2 {
		h.t.Fatalf("%s: %s", name, res.Status)
	}
	if answer != nil {
		must(h.t, json.NewDecoder(res.Body).Decode(answer))
	}
}

// run is the hospital's life, in virtual time.
func (h *hospital) run() (settled int) {
	rnd := rand.New(rand.NewPCG(h.seed, 0))
	h.control("weather", h.forecast(rnd), nil)
	for n := 1; n <= cap(h.desks); n++ {
		d := &desk{h: h, number: n, rnd: rand.New(rand.NewPCG(h.seed, uint64(n))), visits: map[int]settle.Chart{}, batches: n == 2}
		d.dir = filepath.Join(h.dir, strconv.Itoa(n))
		h.desks = append(h.desks, d)
		d.open()
	}
	h.each(func(d *desk) {
		for day := range h.days {
			d.day(h.people)
			if d.batches {
				d.drained(6 * time.Hour)
			}
			sleep(30 * time.Minute) // past midnight
			if d.number == 1+day%len(h.desks) {
				d.reconcile(now().Add(-time.Hour), early)
			}
			sleep(8 * time.Hour)
		}
		d.drained(12 * time.Hour)
		for _, at := range d.odd {
			d.reconcile(at, last)
		}
		d.reconcile(now().Add(-12*time.Hour), last)
	})
	h.each(func(d *desk) { d.reconcile(now().Add(-24*time.Hour), whole) })
	h.judge()
	for _, d := range h.desks {
		d.close()
		settled += d.settled
	}
	return settled
}

// each has every desk do something at the same time.
func (h *hospital) each(do func(*desk)) {
	var all sync.WaitGroup
	for _, d := range h.desks {
		all.Go(func() { do(d) })
	}
	all.Wait()
}

// size is a hospital's.
type size struct{ desks, days, people int }

// live runs a hospital, and gives how many settlements it made, and what was the end.
func live(t *testing.T, seed uint64, s size) (settled int, end string) {
	h := open(t, seed, s)
	synctest.Test(t, func(t *testing.T) {
		h.t = t
		settled = h.run()
	})
	if t.Failed() {
		t.Errorf("to see it again: make soak SEED=%d HOSPITAL=1", seed)
	}
	return settled, hex.EncodeToString(h.end.Sum(nil))
}

// TestHospital runs hospitals, from a seed on, for as many settlements as are wanted.
func TestHospital(t *testing.T) {
	seed, _ := strconv.ParseUint(os.Getenv(seedVariable), 10, 64)
	if seed == 0 {
		seed = uint64(time.Now().Unix())
	}
	s := size{desks: 2, days: 1, people: 20}
	want, err := strconv.Atoi(os.Getenv(manyVariable))
	if err == nil {
		s = size{desks: 5, days: 4, people: 300}
	}
	t.Logf("hospitals from seed %d on", seed)
	var settled atomic.Int64
	began, each := time.Now(), s.desks*s.days*s.people // at least: what is kept of a refund counts as well
	for n := range (max(1, want) + each - 1) / each {
		t.Run(fmt.Sprint("seed ", seed+uint64(n)), func(t *testing.T) {
			t.Parallel()
			made, _ := live(t, seed+uint64(n), s)
			t.Logf("%d settlements in %s", settled.Add(int64(made)), time.Since(began).Round(time.Second))
		})
	}
}

// TestAgain runs a hospital twice: the same seed has the same end for each settlement.
func TestAgain(t *testing.T) {
	s := size{desks: 3, days: 1, people: 20}
	_, first := live(t, 104, s)
	if _, again := live(t, 104, s); first != again {
		t.Errorf("the same seed ended as %s and as %s", first, again)
	}
}

// log is a desk's log.
func (h *hospital) log(d *desk) *slog.Logger {
	if os.Getenv("SETTLED_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil)).With("desk", d.number)
}
