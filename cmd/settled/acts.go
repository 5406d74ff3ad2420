package main

import (
	"context"

	"settled/cmd/settled/internal/api"
	"settled/queue"
	"settled/settle"
)

// acts is who did what in the journal, as the API wants it: [api.Acts].
type acts struct{ queue *queue.Queue }

// Keep implements api.Acts.
func (a acts) Keep(ctx context.Context, act api.Act) error {
	return told(a.queue.Act(ctx, queue.Act{
		About: act.Kind, Of: act.Of, Role: string(act.Role), Person: act.Person, Refused: act.Refused, What: act.What, Text: act.Text,
		By: queue.By{Operator: act.Operator, Device: act.Seat},
	}))
}

// Each implements api.Acts.
func (a acts) Each(ctx context.Context, day settle.Date, fn func(api.Act) error) error {
	return told(a.queue.Did(day, func(d queue.Did) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(api.Act{
			Entry: d.Entry, At: d.At, Seat: d.By.Device, Operator: d.By.Operator, Second: d.By.Second, Kind: d.Kind, Number: d.Number,
			Of: d.Of, Role: api.Role(d.Role), Patient: a.patient(d.Person), Refused: d.Refused, What: d.What, Text: d.Text, Person: d.Person,
		})
	}))
}

// patient is a person masked; "" if nobody is known by the keyed hash.
func (a acts) patient(person string) string {
	if person == "" {
		return ""
	}
	known, ok, err := a.queue.Known(person)
	if err != nil || !ok {
		return ""
	}
	return known.Who.Name.String() + " " + known.Who.IDNumber.String()
}
