package queue

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"settled/queue/internal/cutfs"
)

// cutter cuts the power in a trial and has the oracle judge what is left. The trial ran
// on FUSE, once; what the cuts leave is opened in memory, where it is the same.
type cutter struct {
	t      testing.TB
	trial  *trial
	oracle *oracle
	log    *cutfs.Log
	dir    string
	seen   map[string]bool

	cuts, images int
}

// cutting ends a trial, to be cut.
func cutting(l *trial) *cutter {
	l.t.Helper()
	o, err := newOracle(l)
	must(l.t, err)
	log, err := l.fs.Log()
	must(l.t, err)
	return &cutter{t: l.t, trial: l, oracle: o, log: log, dir: inMemory(l.t), seen: map[string]bool{}}
}

// inMemory makes a directory in memory if there is a place, where a sync costs nothing.
func inMemory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "settled-cut-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// judge has the oracle judge an image that a cut at a boundary of the trial left, unless
// it has judged the same one before.
func (c *cutter) judge(m *cutfs.Image, boundary int) error {
	c.cuts++
	for _, dir := range []string{"backups", "archives"} {
		m.Forget(dir, ".part") // which nothing reads
	}
	key := fmt.Sprint(m.Sum(), len(c.oracle.before(boundary)))
	if c.seen[key] {
		return nil
	}
	c.seen[key] = true
	if len(c.seen)%(thin*number(c.t, "SETTLED_THIN", 1)) != 0 {
		return nil
	}
	c.images++
	at := filepath.Join(c.dir, "image")
	if err := os.RemoveAll(at); err != nil {
		return err
	}
	if err := m.Save(at); err != nil {
		return err
	}
	return c.oracle.judge(filepath.Join(at, "state"), boundary)
}

// every cuts a log at every boundary in every enumerated way; where tells at which
// boundary of the trial that is.
func (c *cutter) every(what string, log *cutfs.Log, where func(boundary int) int) {
	bad := 0
	for boundary := range len(log.Ops) + 1 {
		for _, s := range cutfs.Strategies(log.Pending(boundary)) {
			if err := c.judge(log.Cut(boundary, s), where(boundary)); err != nil {
				c.t.Errorf("%s, cut in %q, behind operation %d, %s: %v", what, c.trial.during(where(boundary)), boundary, s.Name, err)
				bad++
				if bad > 5 {
					c.t.Fatal("and so on")
				}
			}
		}
	}
}

// TestEveryCut does every act of a counter once, and cuts the power behind every write,
// change of size or name, and sync of them, in every way that is enumerated.
func TestEveryCut(t *testing.T) {
	for name, list := range map[string][]act{"a day": acts(), "keeping": keeping()} {
		t.Run(name, func(t *testing.T) {
			l := newTrial(t, cutfs.NewImage())
			must(t, l.live(list))
			cutting(l).everywhere(name)
		})
	}
}

// everywhere cuts the whole trial, and tells how much that was.
func (c *cutter) everywhere(what string) {
	c.every(what, c.log, func(boundary int) int { return boundary })
	from := 0
	for _, a := range c.trial.acts {
		c.t.Logf("%-32s %3d boundaries", a.name, c.changes(from, a.end))
		from = a.end
	}
	c.t.Logf("%d boundaries, %d cuts, %d different images judged", c.changes(0, len(c.log.Ops)), c.cuts, c.images)
}

// changes counts the operations of the disk in a part of the log.
func (c *cutter) changes(from, to int) (n int) {
	for _, o := range c.log.Ops[from:to] {
		if o.Kind != cutfs.Note {
			n++
		}
	}
	return n
}

// recovery opens and closes a queue on what a cut at a boundary left, and gives the log
// of that.
func recovery(t testing.TB, m *cutfs.Image, o *oracle, boundary int) (*cutfs.Log, error) {
	t.Helper()
	again := newTrial(t, m)
	defer again.end()
	q, err := o.open(again.dir, boundary)
	if err != nil {
		return nil, fmt.Errorf("does not open: %w", err)
	}
	if err := q.Close(); err != nil {
		return nil, fmt.Errorf("close: %w", err)
	}
	return again.fs.Log()
}

// TestEveryCutOfRecovery cuts the power again at every boundary of what the next start
// does to the disk, after cuts that leave it most to do.
func TestEveryCutOfRecovery(t *testing.T) {
	l := newTrial(t, cutfs.NewImage())
	must(t, l.live(acts()))
	c := cutting(l)
	recoveries := 0
	for i, a := range l.acts {
		if recoveries > 0 && thin > 1 {
			break
		}
		switch a.name {
		case "open", "settle, several at once", "next day", "settle a large bill", "damage bbolt and build it again":
		default:
			continue
		}
		for _, boundary := range []int{(l.acts[max(0, i-1)].end + a.end) / 2, a.end - 2} {
			list := cutfs.Strategies(c.log.Pending(boundary))
			m := c.log.Cut(boundary, list[recoveries%len(list)])
			log, err := recovery(t, m, c.oracle, boundary)
			must(t, err)
			c.every("recovery", log, func(int) int { return boundary })
			recoveries++
		}
	}
	t.Logf("%d recoveries, %d cuts in them, %d different images judged", recoveries, c.cuts, c.images)
}

// number reads a setting of the soak.
func number(t testing.TB, name string, or int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return or
	}
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}

// cutsATrial is how many cuts with seeds in a row are made in the same trial.
const cutsATrial = 10

// TestRandomCuts cuts trials of random acts at random places and keeps random pieces of
// what was not synced; now and then the power fails again in the recovery, and in that
// one's. A cut is its seed's alone: SETTLED_SEED and SETTLED_CUTS (`make soak SEED= CUTS=`)
// say where to begin and how many to make.
func TestRandomCuts(t *testing.T) {
	seed, n := number(t, "SETTLED_SEED", 1), number(t, "SETTLED_CUTS", 200)
	if testing.Short() || thin > 1 {
		n = min(n, 20)
	}
	done, nested, told := 0, 0, 0
	for s := seed; s < seed+n; s++ {
		if s > seed && s%cutsATrial > 0 {
			continue // made with the first of its trial
		}
		t.Run(fmt.Sprint("trial", s/cutsATrial), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(s/cutsATrial), 0))
			l := newTrial(t, cutfs.NewImage())
			must(t, l.live(anyActs(r, 6+r.IntN(20))))
			must(t, l.q.Close())
			c := cutting(l)
			told += c.oracle.entries()
			for cut := s; cut < min(seed+n, (s/cutsATrial+1)*cutsATrial); cut++ {
				deep, err := c.random(cut)
				if err != nil {
					t.Errorf("seed %d (make soak SEED=%d CUTS=1): %v", cut, cut, err)
				}
				done++
				nested += deep
			}
		})
	}
	t.Logf("%d cuts from seed %d, %d of them nested, in trials of %d entries", done, seed, nested, told)
}

// random makes the cut of a seed, and tells how often the power failed again.
func (c *cutter) random(seed int) (deep int, err error) {
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	pick := func(log *cutfs.Log, boundary int) cutfs.Strategy {
		if r.IntN(3) == 0 {
			list := cutfs.Strategies(log.Pending(boundary))
			return list[r.IntN(len(list))]
		}
		return cutfs.Random(r)
	}
	boundary := r.IntN(len(c.log.Ops) + 1)
	s := pick(c.log, boundary)
	m := c.log.Cut(boundary, s)
	what := fmt.Sprintf("cut in %q, behind operation %d, %s", c.trial.during(boundary), boundary, s.Name)
	for deep < 2 && r.IntN(8) == 0 {
		deep++
		log, err := recovery(c.t, m, c.oracle, boundary)
		if err != nil {
			return deep, fmt.Errorf("%s: %w", what, err)
		}
		again := r.IntN(len(log.Ops) + 1)
		s := pick(log, again)
		m = log.Cut(again, s)
		what += fmt.Sprintf("; again behind operation %d of the recovery, %s", again, s.Name)
	}
	clear(c.seen) // the same image again would be another seed's
	if err := c.judge(m, boundary); err != nil {
		return deep, fmt.Errorf("%s: %w", what, err)
	}
	return deep, nil
}
