package platform

import (
	"slices"

	"settled/queue"
)

// lanes keeps what waits in the order of the journal for each person and for each
// account that pays: an item goes when it is the first of all its lanes, and the next
// ones when it is done. Whatever rests holds up nobody but those behind it.
type lanes struct {
	of      map[string][]*item // by lane: by entry, but for the first if it is under way
	known   map[string]*item   // by settlement or void
	ready   []*item            // those that may go, in the order in which they came to
	resting map[*item]struct{} // those that were tried and are to be tried again
}

// item is a settlement or void that waits.
type item struct {
	queue.Waiting
	lanes []string
	state itemState
	batch int64 // that brought it on last
}

type itemState int

const (
	behind   itemState = iota // in its lanes
	ready                     // and in the list of those that may go
	underWay                  //
	resting                   // until it is woken
)

func newLanes() *lanes {
	return &lanes{of: map[string][]*item{}, known: map[string]*item{}, resting: map[*item]struct{}{}}
}

// add puts what waits into its lanes.
func (l *lanes) add(w queue.Waiting, of []string) {
	i := &item{Waiting: w, lanes: of}
	l.known[w.Number] = i
	l.insert(i)
	l.offer(i)
}

// insert keeps each lane in the order of the journal; what is under way is not put back.
func (l *lanes) insert(i *item) {
	for _, name := range i.lanes {
		lane := l.of[name]
		at := len(lane)
		for at > 0 && lane[at-1].Seq > i.Seq && lane[at-1].state != underWay {
			at--
		}
		l.of[name] = slices.Insert(lane, at, i)
	}
}

func (l *lanes) remove(i *item) {
	for _, name := range i.lanes {
		lane := l.of[name]
		if at := slices.Index(lane, i); at >= 0 {
			lane = slices.Delete(lane, at, at+1)
		}
		if l.of[name] = lane; len(lane) == 0 {
			delete(l.of, name)
		}
	}
}

// offer lists an item as ready if it may go.
func (l *lanes) offer(i *item) {
	if i.state == behind && l.first(i) {
		i.state = ready
		l.ready = append(l.ready, i)
	}
}

func (l *lanes) first(i *item) bool {
	return !slices.ContainsFunc(i.lanes, func(name string) bool { return l.of[name][0] != i })
}

// offerFirst lists the first ones of lanes.
func (l *lanes) offerFirst(names []string) {
	for _, name := range names {
		if lane := l.of[name]; len(lane) > 0 {
			l.offer(lane[0])
		}
	}
}

// take gives an item to bring on, nil if none may go.
func (l *lanes) take() *item {
	for len(l.ready) > 0 {
		i := l.ready[0]
		l.ready = l.ready[1:]
		i.state = behind
		if l.first(i) { // else an earlier one was released since
			i.state = underWay
			return i
		}
	}
	return nil
}

// done takes an item out.
func (l *lanes) done(i *item) {
	l.remove(i)
	delete(l.known, i.Number)
	l.offerFirst(i.lanes)
}

// rest keeps an item, and those behind it, until it is woken.
func (l *lanes) rest(i *item) {
	l.remove(i)
	i.state = resting
	l.resting[i] = struct{}{}
	l.insert(i) // behind earlier ones that were released since
	l.offerFirst(i.lanes)
}

// wake lets those go of the resting that are due.
func (l *lanes) wake(due func(*item) bool) {
	for i := range l.resting {
		if due(i) {
			delete(l.resting, i)
			i.state = behind
			l.offer(i)
		}
	}
}
