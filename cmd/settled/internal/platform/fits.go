package platform

import (
	"errors"
	"strings"

	"settled/queue/nhsa"
	"settled/settle"
)

// trialNumber and trialID stand for the numbers that a settlement does not have yet.
const (
	trialNumber = "000000000000000"
	trialID     = "0"
)

// Fits refuses a settlement that could not be put into the platform's messages. It is
// the counter's [counter.Form]: better at the quote than after the patient has gone.
func (l *Line) Fits(s settle.Settlement) error {
	s.Number = trialNumber
	visit, err := nhsa.VisitOf(s, l.options.Manner)
	if err != nil {
		return err
	}
	for infno, input := range nhsa.Requests(visit) {
		_, err := nhsa.Encode(l.options.Head, infno, strings.Repeat(trialID, 30), l.options.Now(), trialID, input)
		var unfit *nhsa.FieldError
		if errors.As(err, &unfit) {
			return unfit.Refusal()
		}
		if err != nil {
			return err
		}
	}
	return nil
}
