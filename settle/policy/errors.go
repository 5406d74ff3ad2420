package policy

import (
	"errors"
	"fmt"
	"strings"

	"settled/settle"
)

var (
	errNegative = errors.New("the amount is negative")
	errRatio    = errors.New("the ratio is over 1")
	errPeriod   = errors.New("a period's id is 4 to 10 digits and hyphens")
)

// wordError is a word that is not in its list.
type wordError struct {
	word  string
	words []string
}

func (e *wordError) Error() string {
	return fmt.Sprintf("%q is not one of %s", settle.Clip(e.word), strings.Join(e.words, ", "))
}

// countError is not a whole number in its bounds.
type countError struct {
	text string
	most int
}

func (e *countError) Error() string {
	return fmt.Sprintf("%q is not a whole number from 1 to %d", settle.Clip(e.text), e.most)
}
