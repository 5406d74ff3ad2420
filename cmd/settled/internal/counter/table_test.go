package counter

import (
	"testing"
	"unicode"

	"settled/settle"
)

// TestTableIsWhole enumerates every state with every event: each has a transition,
// is kept for later, or is refused by a name that has a Chinese sentence.
func TestTableIsWhole(t *testing.T) {
	forbidden := 0
	for s := range states {
		for k := range kinds {
			c := table[s][k]
			does := c.next != Idle || len(c.do) > 0
			if s == Idle && k == patientOut { // nothing to do, and that is right
				does = true
			}
			if n := truths(c.refuse != "", c.later, does); n != 1 {
				t.Errorf("%s × %s: %d of refuse, later, transition; want one", s, k, n)
			}
			if c.refuse != "" {
				forbidden++
				if !hasChinese(Sentence(c.refuse)) || hasChinese(refuse(c.refuse).Technician) {
					t.Errorf("%s × %s: %s has no sentences", s, k, c.refuse)
				}
			}
			if c.say != "" && !hasChinese(Sentence(c.say)) {
				t.Errorf("%s × %s says %s, which has no sentence", s, k, c.say)
			}
		}
	}
	if forbidden == 0 {
		t.Error("nothing is forbidden")
	}
}

// TestTableKeepsItsPromises checks what the table as a whole guarantees.
func TestTableKeepsItsPromises(t *testing.T) {
	for s := range states {
		if c := table[s][patientOut]; s != Committing && c.next != Idle {
			t.Errorf("%s: the patient's card is pulled, and the session goes to %s", s, c.next)
		}
		if c := table[s][guardianOut]; (s == Quoted || s == Checking) && (c.next != Identified || !has(c, dropQuote)) {
			t.Errorf("%s: the guardian's card is pulled, and the quote stays", s)
		}
		for k := range kinds {
			c := table[s][k]
			if c.refuse != "" || c.later {
				continue
			}
			quoteBefore := s == Quoted || s == Checking || s == Committing || s == Stopped
			quoteAfter := c.next == Quoted || c.next == Checking || c.next == Committing || c.next == Stopped
			if quoteBefore && !quoteAfter && !has(c, dropQuote) {
				t.Errorf("%s × %s leaves the quote behind in %s", s, k, c.next)
			}
			if !quoteBefore && quoteAfter && !has(c, keepQuote) {
				t.Errorf("%s × %s has no quote in %s", s, k, c.next)
			}
			checking := s == Checking || s == Committing
			if onward := c.next == Checking || c.next == Committing; checking && !onward && !has(c, stopChecks) {
				t.Errorf("%s × %s lets the confirmation run on in %s", s, k, c.next)
			}
			if c.next == Committing && s != Committing && k != checksPassed {
				t.Errorf("%s × %s writes without the cards checked", s, k)
			}
			if c.next == Committed && s != Committed && k != durable {
				t.Errorf("%s × %s is committed without being durable", s, k)
			}
		}
	}
}

// TestEverySentence checks that each code of this package speaks to both readers.
func TestEverySentence(t *testing.T) {
	for code, text := range sentences {
		if !hasChinese(text[0]) || text[1] == "" || hasChinese(text[1]) {
			t.Errorf("%s: %q", code, text)
		}
		for _, of := range settle.Codes() {
			if of == code {
				t.Errorf("%s has a text in package settle already", code)
			}
		}
	}
}

func has(c cell, want effect) bool {
	for _, e := range c.do {
		if e == want {
			return true
		}
	}
	return false
}

func truths(of ...bool) (n int) {
	for _, b := range of {
		if b {
			n++
		}
	}
	return n
}

func hasChinese(s string) bool {
	for _, r := range s {
		if unicode.Is(unicode.Han, r) {
			return true
		}
	}
	return false
}
