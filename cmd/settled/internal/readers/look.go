package readers

import (
	"context"
	"errors"
	"sync"

	"settled/cmd/settled/internal/doctor"
	"settled/devices/apdu"
	"settled/devices/pcsc"
	"settled/devices/sscard"
)

// alone is the readers in a process without a watcher.
type alone struct{}

// Events implements Driver.
func (alone) Events() <-chan pcsc.Event { return nil }

// Open implements Driver.
func (alone) Open(ctx context.Context, reader string) (*pcsc.Card, error) {
	return pcsc.Open(ctx, reader)
}

// Look sees once how the readers are, without a watcher: for a program beside the daemon.
// With open it reads what lies in them, which a daemon that runs would notice. It ends
// soon after ctx does.
func Look(ctx context.Context, o Options, open bool) []doctor.Check {
	r := New(alone{}, o)
	r.blind = !open
	names, err := pcsc.Readers(ctx)
	if err != nil {
		r.take(pcsc.Event{Kind: pcsc.ServiceDown, Err: err})
		return r.Checks(ctx)
	}
	r.take(pcsc.Event{Kind: pcsc.ServiceUp})
	for _, name := range names {
		r.take(pcsc.Event{Kind: pcsc.ReaderAppeared, Reader: name})
	}
	if open {
		var looks sync.WaitGroup
		for _, name := range names {
			looks.Go(func() { r.look(ctx, name) })
		}
		looks.Wait()
	}
	return r.Checks(ctx)
}

// look reads the card in one reader.
func (r *Readers) look(ctx context.Context, name string) {
	record, err := r.lookAt(ctx, name)
	fault := sscard.Explain(err)
	if errors.Is(err, apdu.ErrGone) && !errors.Is(err, apdu.ErrShort) {
		return // no card
	}
	r.take(pcsc.Event{Kind: pcsc.CardInserted, Reader: name, Mute: errors.Is(err, apdu.ErrMute)})
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.readers[name]
	at.fault, at.says = fault, says(record)
	at.stuck = fault != nil && fault.Kind == sscard.Stuck
	if record.Version >= "3" {
		r.locked = record.Unopened
	}
}

func (r *Readers) lookAt(ctx context.Context, name string) (record sscard.Record, err error) {
	if name == r.places[PSAM].reader && r.slot != nil {
		return record, r.slot.Probe(ctx)
	}
	card, err := r.driver.Open(ctx, name)
	if err != nil {
		return record, err
	}
	defer func() { err = errors.Join(err, card.Close()) }()
	return sscard.Read(ctx, card, r.authenticator())
}
