package pages_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/family"
	"settled/cmd/settled/internal/kiosk"
	"settled/queue"
	"settled/settle"
)

// TestEnglishRefusals: each refusal that has a sentence of its own in English is one that
// the daemon gives by that code, and so are those that anybody meets with a wrong card.
func TestEnglishRefusals(t *testing.T) {
	text, err := os.ReadFile("assets/kiosk-words.js")
	must(t, err)
	_, list, _ := strings.Cut(string(text), "const refusals = {")
	list, _, _ = strings.Cut(list, "\n};")
	known := append(settle.Codes(),
		kiosk.Busy, kiosk.NoPayment, kiosk.TooLate, kiosk.CodeLeft, kiosk.CodeExpired, kiosk.CodeNoCode, kiosk.CodeElsewhere, kiosk.CodeChanged,
		family.Offline, family.Moved, queue.CodeNoLink, queue.CodeNoChoice)
	var told []settle.Code
	for _, m := range regexp.MustCompile(`(?m)^ {2}([A-Z_0-9]+): '`).FindAllStringSubmatch(list, -1) {
		code := settle.Code(m[1])
		told = append(told, code)
		if !slices.Contains(known, code) && counter.Sentence(code) == code.Cashier() {
			t.Errorf("nothing is refused by %s", code)
		}
	}
	for _, code := range []settle.Code{settle.NoCard, settle.NotSSCCard, settle.CardRemoved, settle.PersonUnknown, settle.NotInBenefitPeriod, counter.ReadFailed, counter.WrongReader, counter.ReadersCrossed} {
		if !slices.Contains(told, code) {
			t.Errorf("%s is not told in English", code)
		}
	}
}
