package pcsc

import "slices"

// Kind says what happened.
type Kind string

// Kinds of events. When the service goes, cards and readers go first, each with an
// event of its own; when it is back, they come again.
const (
	ServiceUp      Kind = "service-up"
	ServiceDown    Kind = "service-down"
	ReaderAppeared Kind = "reader-appeared"
	ReaderGone     Kind = "reader-gone"
	CardInserted   Kind = "card-inserted" // also for a card that was there before
	CardRemoved    Kind = "card-removed"
	ReaderStuck    Kind = "reader-stuck" // a call for a card has not returned in time
	ReaderFree     Kind = "reader-free"  // it has
)

// Event is one thing that happened.
type Event struct {
	Kind   Kind
	Reader string // name in PC/SC; empty for the service
	ATR    []byte // of CardInserted
	Mute   bool   // of CardInserted: the card did not answer to power
	Lost   bool   // of CardRemoved: its reader went, and maybe the card still lies in it
	Err    error  // of ServiceDown
}

// scene is what has been told: events are the difference between it and what is.
type scene struct {
	service Kind // ServiceUp, ServiceDown, or nothing told yet
	readers []*seen
	stuck   []string
}

// seen is one reader of the scene.
type seen struct {
	name  string
	flags uint32 // as the service last gave them, without "changed"
	card  bool
}

func (s *scene) find(name string) *seen {
	for _, r := range s.readers {
		if r.name == name {
			return r
		}
	}
	return nil
}

// list takes a fresh list of readers.
func (s *scene) list(names []string) (events []Event) {
	var kept []*seen
	for _, r := range s.readers {
		if slices.Contains(names, r.name) {
			kept = append(kept, r)
			continue
		}
		events = append(events, r.gone()...)
	}
	s.readers = kept
	for _, name := range names {
		if name != "" && s.find(name) == nil {
			s.readers = append(s.readers, &seen{name: name})
			events = append(events, Event{Kind: ReaderAppeared, Reader: name})
		}
	}
	return events
}

func (r *seen) gone() (events []Event) {
	if r.card {
		events = append(events, Event{Kind: CardRemoved, Reader: r.name, Lost: true})
	}
	return append(events, Event{Kind: ReaderGone, Reader: r.name})
}

// states are the readers as Wait wants them, and the sign for new readers. They are
// a copy, since a Wait that hangs keeps them.
func (s *scene) states(arrival uint32) []State {
	states := []State{{Reader: plugAndPlay, Flags: arrival}}
	for _, r := range s.readers {
		states = append(states, State{Reader: r.name, Flags: r.flags})
	}
	return states
}

// update takes what Wait said of a reader. Unknown or unavailable is no news: the
// reader is listed again before anything is told of it.
func (s *scene) update(st State) (events []Event) {
	r := s.find(st.Reader)
	if r == nil {
		return nil
	}
	if st.Flags&(stateUnknown|stateUnavailable|stateIgnore) != 0 {
		r.flags = 0
		return nil
	}
	present := st.Flags&statePresent != 0
	// The count of card events tells of a card that was exchanged between two waits.
	exchanged := r.card && present && st.Flags>>counterShift != r.flags>>counterShift
	if r.card && (!present || exchanged) {
		events = append(events, Event{Kind: CardRemoved, Reader: r.name})
	}
	if present && (!r.card || exchanged) {
		events = append(events, Event{Kind: CardInserted, Reader: r.name, ATR: st.ATR, Mute: st.Flags&stateMute != 0})
	}
	r.card, r.flags = present, st.Flags&^stateChanged
	return events
}

// up and down are the service's coming and going.
func (s *scene) up() []Event {
	if s.service == ServiceUp {
		return nil
	}
	s.service = ServiceUp
	return []Event{{Kind: ServiceUp}}
}

func (s *scene) down(err error) (events []Event) {
	if s.service == ServiceDown {
		return nil
	}
	s.service = ServiceDown
	for _, r := range s.readers {
		events = append(events, r.gone()...)
	}
	s.readers = nil
	return append(events, Event{Kind: ServiceDown, Err: err})
}

// jam takes the sorted list of readers that are stuck.
func (s *scene) jam(names []string) (events []Event) {
	for _, name := range s.stuck {
		if !slices.Contains(names, name) {
			events = append(events, Event{Kind: ReaderFree, Reader: name})
		}
	}
	for _, name := range names {
		if !slices.Contains(s.stuck, name) {
			events = append(events, Event{Kind: ReaderStuck, Reader: name})
		}
	}
	s.stuck = names
	return events
}
