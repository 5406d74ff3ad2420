package cutfs

import (
	"fmt"
	"math/rand/v2"
)

// effect is a piece of an operation that a disk keeps or loses by itself.
type effect struct {
	op   int  // index of its operation in the log
	part int  // which sector of the write
	of   int  // how many sectors the write has
	meta bool // a size or a name, not data
	do   Op
}

// Strategy chooses what survives of what was not synced.
type Strategy struct {
	Name   string
	Sector int // bytes that are written wholly or not at all
	keeps  func(e effect, pending []effect) bool
}

// Strategies are the enumerated ones for a cut with n operations pending: nothing
// survives, everything does, each single one is lost, only the last survives, the last
// is torn in halves (of sectors of 512 and of 4096 bytes), all but the last whole
// sector is lost, metadata before data, data before metadata.
func Strategies(n int) []Strategy {
	last := func(p []effect) int { return p[len(p)-1].op }
	list := []Strategy{
		{"nothing survives", 4096, func(effect, []effect) bool { return false }},
		{"everything survives", 4096, func(effect, []effect) bool { return true }},
		{"only the last survives", 4096, func(e effect, p []effect) bool { return e.op == last(p) }},
		{"metadata before data", 4096, func(e effect, _ []effect) bool { return e.meta }},
		{"data before metadata", 4096, func(e effect, _ []effect) bool { return !e.meta }},
		{"names before sizes", 512, func(e effect, _ []effect) bool { return e.do.Kind != Resize && e.do.Kind != grow }},
		{"every second sector", 512, func(e effect, _ []effect) bool { return e.meta || e.part%2 == 1 }},
	}
	for _, sector := range []int{512, 4096} {
		list = append(list,
			Strategy{fmt.Sprintf("first half of the last, sectors of %d", sector), sector, func(e effect, p []effect) bool {
				return e.op != last(p) || e.meta || e.part < (e.of+1)/2
			}},
			Strategy{fmt.Sprintf("second half of the last, sectors of %d", sector), sector, func(e effect, p []effect) bool {
				return e.op != last(p) || e.meta || e.part >= e.of/2
			}},
			Strategy{fmt.Sprintf("first half of the last and no size, sectors of %d", sector), sector, func(e effect, p []effect) bool {
				return e.op != last(p) || !e.meta && e.part < (e.of+1)/2
			}})
	}
	for i := range n - 1 { // of one alone it is "nothing survives"
		list = append(list, Strategy{fmt.Sprintf("all but pending %d", i), 4096, func(e effect, p []effect) bool {
			return e.op != nth(p, i)
		}})
	}
	return list
}

// nth is the operation that is the i-th with an effect pending, -1 if there are fewer.
func nth(pending []effect, i int) int {
	seen, last := -1, -1
	for _, e := range pending {
		if e.op != last {
			seen, last = seen+1, e.op
		}
		if seen == i {
			return e.op
		}
	}
	return -1
}

// Random keeps each piece with a chance of its own choice.
func Random(r *rand.Rand) Strategy {
	chance := []float64{.1, .5, .9}[r.IntN(3)]
	sector := []int{512, 4096}[r.IntN(2)]
	return Strategy{
		fmt.Sprintf("%.0f%% of the pieces survive, sectors of %d", 100*chance, sector), sector,
		func(effect, []effect) bool { return r.Float64() < chance },
	}
}

// Pending tells how many operations before the boundary are not synced.
func (l *Log) Pending(boundary int) int {
	_, pending := l.durable(boundary, 4096)
	n, last := 0, -1
	for _, e := range pending {
		if e.op != last {
			n, last = n+1, e.op
		}
	}
	return n
}

// Cut gives what is on the disk after a power cut behind the first boundary operations.
func (l *Log) Cut(boundary int, s Strategy) *Image {
	m, pending := l.durable(boundary, s.Sector)
	for _, e := range pending {
		if s.keeps(e, pending) {
			m.keep(e.do)
		}
	}
	return m
}

// Now gives what a program sees behind the first boundary operations.
func (l *Log) Now(boundary int) *Image {
	m := l.From.clone()
	for _, o := range l.Ops[:boundary] {
		m.do(o)
	}
	return m
}

// durable gives what certainly is on the disk behind the first boundary operations, and
// what may be, in order.
func (l *Log) durable(boundary, sector int) (*Image, []effect) {
	m := l.From.clone()
	size := map[int]int64{}
	for id, f := range m.Files {
		size[id] = f.Size
	}
	var pending []effect
	for i, o := range l.Ops[:boundary] {
		switch o.Kind {
		case Note:
		case Sync, SyncDir, SyncLost:
			pending = m.sync(o, pending)
		default:
			m.room(o)
			pending = append(pending, effects(i, o, size, sector)...)
		}
	}
	return m, pending
}

// room makes room for what is new; it has no name and no data yet.
func (m *Image) room(o Op) {
	switch o.Kind {
	case Create:
		m.Files[o.File] = newContent()
	case Mkdir:
		m.Dirs[o.File] = map[string]int{}
	}
	m.Next = max(m.Next, o.File+1)
}

// sync keeps what the operation makes durable and gives the rest.
func (m *Image) sync(o Op, pending []effect) (rest []effect) {
	for _, e := range pending {
		names := e.do.Kind != Write && e.do.Kind != Resize && e.do.Kind != grow
		switch {
		case o.Kind == SyncLost && e.do.Kind == Write && e.do.File == o.File: // gone
		case o.Kind == Sync && !names && e.do.File == o.File,
			o.Kind == SyncDir && names && (e.do.Dir == o.Dir || e.do.Kind == Rename && e.do.ToDir == o.Dir):
			m.keep(e.do)
		default:
			rest = append(rest, e)
		}
	}
	return rest
}

// effects takes an operation apart. size is how long the program sees each file.
func effects(i int, o Op, size map[int]int64, sector int) []effect {
	switch o.Kind {
	case Write:
		end := o.Off + int64(len(o.Data))
		list := sectors(i, o, int64(sector))
		if end > size[o.File] {
			size[o.File] = end
			list = append(list, effect{op: i, meta: true, do: Op{Kind: grow, File: o.File, Off: end}})
		}
		return list
	case Resize:
		size[o.File] = o.Off
	}
	return []effect{{op: i, meta: true, do: o}}
}

// sectors cuts a write where sectors of the disk begin.
func sectors(i int, o Op, sector int64) (list []effect) {
	for from := o.Off; from < o.Off+int64(len(o.Data)); {
		to := min((from/sector+1)*sector, o.Off+int64(len(o.Data)))
		part := Op{Kind: Write, File: o.File, Off: from, Data: o.Data[from-o.Off : to-o.Off]}
		list = append(list, effect{op: i, part: len(list), do: part})
		from = to
	}
	for k := range list {
		list[k].of = len(list)
	}
	return list
}

// keep brings an effect to the disk. One that needs another which was lost does nothing.
func (m *Image) keep(o Op) {
	switch o.Kind {
	case Write: // without the size: beyond the end it is not seen
		m.Files[o.File].write(o.Off, o.Data)
	case Resize:
		m.Files[o.File].resize(o.Off)
	case grow: // data that came to the disk before the size are seen now
		m.Files[o.File].Size = o.Off
	case Create, Mkdir:
		m.Dirs[o.Dir][o.Name] = o.File
	case Remove:
		delete(m.Dirs[o.Dir], o.Name)
	case Rename:
		if id, ok := m.Dirs[o.Dir][o.Name]; ok {
			m.Dirs[o.ToDir][o.To] = id
			delete(m.Dirs[o.Dir], o.Name)
		}
	}
}
