package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"settled/cmd/settled/internal/counter"
	"settled/devices/pcsc"
	"settled/devices/sscard"
	"settled/settle"
)

// readers are the seat's card readers: it tells the session of cards that come and
// go, and reads the card in the reader of a role. It is the counter's [counter.Cards].
type readers struct {
	watcher *pcsc.Watcher
	want    map[counter.Role]string // part of the reader's name

	mu    sync.Mutex
	names map[counter.Role]string // readers that are there
	up    bool                    // the card service answers
	seen  chan struct{}           // closed when the patient's reader is there for the first time
	once  sync.Once
}

func newReaders(w *pcsc.Watcher, patient, guardian string) *readers {
	return &readers{
		watcher: w,
		want:    map[counter.Role]string{counter.Patient: patient, counter.Guardian: guardian},
		names:   map[counter.Role]string{},
		seen:    make(chan struct{}),
	}
}

// follow tells of card events until the watcher ends.
func (r *readers) follow(tell func(counter.Event)) {
	for e := range r.watcher.Events() {
		if event, ok := r.take(e); ok {
			tell(event)
		}
	}
}

// take notes what happened and gives the session's event, if it is one.
func (r *readers) take(e pcsc.Event) (counter.Event, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Kind {
	case pcsc.ServiceUp, pcsc.ServiceDown:
		r.up = e.Kind == pcsc.ServiceUp
		return counter.Event{}, false
	case pcsc.ReaderAppeared:
		r.assign(e.Reader)
		return counter.Event{}, false
	}
	role, ok := r.roleOf(e.Reader)
	if !ok {
		return counter.Event{}, false
	}
	switch e.Kind {
	case pcsc.CardInserted:
		return counter.Event{Role: role, Inserted: true}, true
	case pcsc.CardRemoved:
		return counter.Event{Role: role}, true
	case pcsc.ReaderGone:
		delete(r.names, role)
		return counter.Event{Role: role, Why: settle.ReaderMissing}, true
	}
	return counter.Event{}, false
}

// assign gives a reader its role by its name; the first that fits keeps it.
func (r *readers) assign(reader string) {
	for _, role := range []counter.Role{counter.Patient, counter.Guardian} {
		part := r.want[role]
		if _, taken := r.names[role]; !taken && part != "" && strings.Contains(reader, part) {
			r.names[role] = reader
			if role == counter.Patient {
				r.once.Do(func() { close(r.seen) })
			}
			return
		}
	}
}

func (r *readers) roleOf(reader string) (counter.Role, bool) {
	for role, name := range r.names {
		if name == reader {
			return role, true
		}
	}
	return 0, false
}

// missing says why no card can be read, or gives "".
func (r *readers) missing() settle.Code {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, there := r.names[counter.Patient]; !r.up || !there {
		return settle.ReaderMissing
	}
	return ""
}

func (r *readers) open(ctx context.Context, role counter.Role) (*pcsc.Card, error) {
	r.mu.Lock()
	name, there := r.names[role]
	r.mu.Unlock()
	if !there {
		return nil, refuse(settle.ReaderMissing, "no reader has the role "+role.String())
	}
	card, err := r.watcher.Open(ctx, name)
	if err != nil {
		return nil, cardRefusal(err)
	}
	return card, nil
}

// Read implements counter.Cards.
func (r *readers) Read(ctx context.Context, role counter.Role) (counter.Card, error) {
	card, err := r.open(ctx, role)
	if err != nil {
		return counter.Card{}, err
	}
	record, err := sscard.Read(ctx, card, nil)
	if closing := card.Close(); err == nil && closing != nil {
		err = fmt.Errorf("close the card: %w", closing)
	}
	if err != nil {
		return counter.Card{}, cardRefusal(err)
	}
	return cardOf(record), nil
}

// Check implements counter.Cards.
func (r *readers) Check(ctx context.Context, role counter.Role, cardCode settle.Private) error {
	card, err := r.open(ctx, role)
	if err != nil {
		return err
	}
	code, err := sscard.Code(ctx, card)
	if closing := card.Close(); err == nil && closing != nil {
		err = fmt.Errorf("close the card: %w", closing)
	}
	switch {
	case err != nil:
		return cardRefusal(err)
	case settle.Private(code.ClearPersonalData()) != cardCode:
		return refuse(settle.CardChanged, "the card in the reader is another one than was read")
	}
	return nil
}

func cardOf(r sscard.Record) counter.Card {
	return counter.Card{
		Who: settle.Identity{
			IDNumber:   settle.Private(r.IDNumber.ClearPersonalData()),
			Name:       settle.Private(r.Name.ClearPersonalData()),
			CardNumber: settle.Private(r.Number.ClearPersonalData()),
			CardCode:   settle.Private(r.Code.ClearPersonalData()),
		},
		Locked: r.Locked,
	}
}

// cardRefusal turns what a card or a reader did into a refusal, in the devices' own
// words.
func cardRefusal(err error) error {
	f := sscard.Explain(err)
	return &settle.Refusal{Code: codeOf(f.Kind), Cashier: f.Chinese(), Technician: strings.TrimPrefix(f.English(), string(f.Kind)+": ")}
}

func codeOf(k sscard.Kind) settle.Code {
	switch k {
	case sscard.BankCard, sscard.OtherCard:
		return settle.NotSSCCard
	case sscard.Swapped:
		return settle.CardChanged
	case sscard.Pulled:
		return settle.CardRemoved
	case sscard.NoReader, sscard.NoService:
		return settle.ReaderMissing
	default:
		return settle.Code(k)
	}
}

// refuse makes a refusal with the code's own sentence for the cashier.
func refuse(code settle.Code, technician string) *settle.Refusal {
	return &settle.Refusal{Code: code, Cashier: code.Cashier(), Technician: technician}
}
