package readers

import (
	"context"
	"fmt"
	"strings"

	"settled/cmd/settled/internal/counter"
	"settled/devices/psam"
	"settled/devices/sscard"
	"settled/settle"
)

// Read implements counter.Cards.
func (r *Readers) Read(ctx context.Context, role counter.Role) (counter.Card, error) {
	var record sscard.Record
	err := r.with(ctx, role, func(card psam.Card) (err error) {
		record, err = sscard.Read(ctx, card, r.authenticator())
		return err
	})
	if err != nil {
		return counter.Card{}, err
	}
	r.learn(role, record)
	return cardOf(record), nil
}

// Check implements counter.Cards.
func (r *Readers) Check(ctx context.Context, role counter.Role, cardCode settle.Private) error {
	var code sscard.Personal
	err := r.with(ctx, role, func(card psam.Card) (err error) {
		code, err = sscard.Code(ctx, card)
		return err
	})
	if err == nil && settle.Private(code.ClearPersonalData()) != cardCode {
		return refuse(settle.CardChanged, "the card in the reader is another one than was read")
	}
	return err
}

// with opens the card in the reader of a role for one use of it.
func (r *Readers) with(ctx context.Context, role counter.Role, use func(psam.Card) error) error {
	name, done := r.begin(role)
	if name == "" {
		return refuse(settle.ReaderMissing, "no reader has the role "+role.String())
	}
	card, err := r.driver.Open(ctx, name)
	if err == nil {
		err = use(card)
		if closing := card.Close(); err == nil && closing != nil {
			err = fmt.Errorf("close the card: %w", closing)
		}
	}
	fault := sscard.Explain(err)
	done(fault)
	if fault != nil {
		return Refusal(fault)
	}
	return nil
}

// begin notes a use of the reader of a role; done notes how it ended.
func (r *Readers) begin(role counter.Role) (name string, done func(*sscard.Fault)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name = r.serving[role]
	at := r.readers[name]
	if at == nil {
		return "", nil
	}
	at.reads++
	r.Changed()
	return name, func(f *sscard.Fault) {
		r.mu.Lock()
		defer r.mu.Unlock()
		at.reads--
		at.fault = f
		r.Changed()
	}
}

// authenticator is the interface, nil if there is none.
func (r *Readers) authenticator() sscard.Authenticator {
	if r.auth == nil {
		return nil
	}
	return r.auth
}

// learn remembers what kind of card it is, and how the authentication of one of version
// 3.00 went.
func (r *Readers) learn(role counter.Role, record sscard.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := r.readers[r.serving[role]]; at != nil && at.card {
		at.says = says(record)
	}
	if record.Version >= "3" {
		r.locked = record.Unopened
	}
	r.Changed()
}

// says names a card without a word on its holder.
func says(r sscard.Record) string {
	switch {
	case r.Version == "":
		return ""
	case r.Locked:
		return "社保卡 " + r.Version + "，个人信息受卡保护，按卡号查询"
	}
	return "社保卡 " + r.Version
}

// openModule connects with the PSAM.
func (r *Readers) openModule(ctx context.Context) (psam.Card, error) {
	r.mu.Lock()
	name := r.places[PSAM].reader
	r.mu.Unlock()
	if name == "" {
		return nil, refuse(settle.ReaderMissing, "no reader has the PSAM's slot")
	}
	return r.driver.Open(ctx, name)
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

// Refusal turns what a card or a reader did into a refusal, in the devices' own words.
func Refusal(err error) error {
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
