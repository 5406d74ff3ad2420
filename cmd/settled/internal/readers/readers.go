package readers

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/doctor"
	"settled/devices/pcsc"
	"settled/devices/psam"
	"settled/devices/sscard"
	"settled/settle"
)

// Driver reaches the readers; it is a [*pcsc.Watcher].
type Driver interface {
	Events() <-chan pcsc.Event
	Open(ctx context.Context, reader string) (*pcsc.Card, error)
}

// Options say what there is to be.
type Options struct {
	Roles  map[Role]string // which reader each role is for; no entry or "": none
	HSM    psam.Module     // asks the region's HSM; nil: none. A PSAM is a role
	Socket string          // of the card service, to name the cause of its absence; "": the system's
	Watch  *doctor.Watch   // is told of each change; nil: one of their own
	Log    *slog.Logger    // nil: none
}

// Readers are the counter's readers. It is the counter's [counter.Cards]. Its methods may
// be called from any goroutine.
type Readers struct {
	*doctor.Watch
	driver Driver
	wants  map[Role]want
	module string // what opens locked cards: "psam", "hsm", or ""
	auth   *psam.Authenticator
	slot   *psam.Slot // nil: no PSAM
	socket string
	log    *slog.Logger
	blind  bool // the cards were not looked at, see Look

	mu      sync.Mutex
	service *outage // nil: the card service answers
	readers map[string]*reader
	places  map[Role]place
	serving map[counter.Role]string // which reader stands for a role now
	told    map[counter.Role]bool   // the session knows of a card
	locked  error                   // why the last card stayed locked; nil: it did not
	first   chan struct{}           // closed when the patient's reader is there for the first time
	once    sync.Once
}

// reader is one that is there.
type reader struct {
	name  string
	card  bool
	mute  bool // the card does not answer to power
	stuck bool
	reads int           // under way
	fault *sscard.Fault // of the last read of the card that is in
	says  string        // what kind of card it is, once it was read; Chinese
}

// New makes the readers; they live by what [Readers.Follow] hears.
func New(d Driver, o Options) *Readers {
	r := &Readers{
		driver: d, wants: map[Role]want{}, socket: o.Socket, service: &outage{},
		readers: map[string]*reader{}, places: map[Role]place{},
		serving: map[counter.Role]string{}, told: map[counter.Role]bool{},
		Watch: o.Watch, first: make(chan struct{}),
	}
	if r.Watch == nil {
		r.Watch = &doctor.Watch{}
	}
	if r.log = o.Log; r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	for role, text := range o.Roles {
		if text != "" {
			r.wants[role] = parseWant(text)
		}
	}
	r.places = assign(r.wants, nil, nil)
	_, slot := r.wants[PSAM]
	switch {
	case o.HSM != nil:
		r.module, r.auth = "hsm", psam.New(o.HSM)
	case slot:
		r.slot = psam.NewSlot(r.openModule, psam.Keys{})
		r.module, r.auth = "psam", psam.New(r.slot)
	}
	return r
}

// Seen is closed when the patient's reader has been there for the first time.
func (r *Readers) Seen() <-chan struct{} { return r.first }

// Follow hears what happens until the driver ends: it tells the session of cards, and
// shows how the readers are. Neither may wait for a read.
func (r *Readers) Follow(tell func(counter.Event), show func([]counter.Reader)) {
	changes, leave := r.Changes()
	defer leave()
	for {
		select {
		case e, open := <-r.driver.Events():
			if !open {
				return
			}
			for _, event := range r.take(e) {
				tell(event)
			}
		case <-changes:
			show(r.Screen())
		}
	}
}

// take notes what happened and gives what the session should know.
func (r *Readers) take(e pcsc.Event) []counter.Event {
	var down *outage
	if e.Kind == pcsc.ServiceDown {
		down = diagnose(r.socket, e.Err) // looks at the socket: not under the lock
		r.log.Warn("card service away", "why", down.english, "do", down.mend)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.Changed()
	at := r.readers[e.Reader]
	switch {
	case e.Kind == pcsc.ServiceUp:
		r.service = nil
		r.log.Info("card service answers")
	case e.Kind == pcsc.ServiceDown:
		r.service = down
	case e.Kind == pcsc.ReaderAppeared:
		r.readers[e.Reader] = &reader{name: e.Reader}
	case at == nil: // nothing that is told of an unknown reader counts
	case e.Kind == pcsc.ReaderGone:
		delete(r.readers, e.Reader)
	case e.Kind == pcsc.CardInserted, e.Kind == pcsc.CardRemoved:
		at.card, at.mute, at.fault, at.says = e.Kind == pcsc.CardInserted, e.Mute, nil, ""
		if e.Reader == r.places[PSAM].reader && r.auth != nil {
			r.auth.Forget() // it may be another one
			r.locked = nil
		}
	case e.Kind == pcsc.ReaderStuck, e.Kind == pcsc.ReaderFree:
		at.stuck = e.Kind == pcsc.ReaderStuck
	}
	if e.Kind == pcsc.ReaderAppeared || e.Kind == pcsc.ReaderGone {
		r.places = assign(r.wants, slices.Sorted(maps.Keys(r.readers)), r.places)
	}
	return r.turn(e)
}

// turn sees which readers stand for the session's roles now, and what it is to know.
func (r *Readers) turn(e pcsc.Event) (events []counter.Event) {
	for _, role := range []counter.Role{counter.Patient, counter.Guardian} {
		before, now := r.serving[role], r.stands(role)
		r.serving[role] = now
		card := now != "" && r.readers[now].card
		switch {
		case before != now:
			if before != "" && (r.told[role] || r.readers[before] == nil) {
				events = append(events, counter.Event{Role: role, Why: r.why(before)})
			}
			if card {
				events = append(events, counter.Event{Role: role, Inserted: true})
			}
		case e.Reader == now && e.Kind == pcsc.CardInserted:
			events = append(events, counter.Event{Role: role, Inserted: true})
		case e.Reader == now && e.Kind == pcsc.CardRemoved && !e.Lost: // what is lost is told with its reader
			events = append(events, counter.Event{Role: role})
		}
		r.told[role] = card
	}
	if r.serving[counter.Patient] != "" {
		r.once.Do(func() { close(r.first) })
	}
	return events
}

// stands gives the reader of a role of the session. The spare stands in for the patient's
// while that is not there or stuck, and until its card is taken out; never for the
// guardian's, whose card in its own reader is the consent.
func (r *Readers) stands(role counter.Role) string {
	if role == counter.Guardian {
		return r.places[Guardian].reader
	}
	own, spare := r.places[Patient].reader, r.places[Spare].reader
	switch {
	case spare != "" && r.serving[role] == spare && r.readers[spare].card:
		return spare
	case own != "" && (!r.readers[own].stuck || spare == ""):
		return own
	case spare != "":
		return spare
	}
	return own
}

// why says for what reason a reader stands for its role no more; "": its card was taken
// out, and it was the spare.
func (r *Readers) why(reader string) settle.Code {
	switch at := r.readers[reader]; {
	case at == nil:
		return settle.ReaderMissing
	case at.stuck:
		return settle.Code(sscard.Stuck)
	}
	return ""
}

// Missing says why no patient's card can be read, or gives "".
func (r *Readers) Missing() settle.Code {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.service != nil || r.serving[counter.Patient] == "" {
		return settle.ReaderMissing
	}
	return ""
}
