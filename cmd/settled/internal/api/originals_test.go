package api

import (
	"fmt"
	"testing"
)

// TestOriginals: a slip is given out unmarked once, if this daemon made it; what it cannot
// remember is a copy.
func TestOriginals(t *testing.T) {
	var o originals
	o.made("a")
	for i, c := range []struct {
		name                string
		asked, copies, want int
	}{
		{"a", 1, 0, 1}, // who asks for a copy leaves the original
		{"a", 0, 3, 0},
		{"a", 0, 0, 1},
		{"a", 0, 3, 3},
		{"a", 5, 3, 5},
		{"b", 0, 0, 1},
	} {
		if got := o.copyNo(c.name, c.asked, c.copies); got != c.want {
			t.Errorf("%d: %+v: %d", i, c, got)
		}
	}
	for i := range mostOriginals + 1 {
		o.made(fmt.Sprint(i))
	}
	if len(o.names) != mostOriginals || o.copyNo("0", 0, 0) != 1 || o.copyNo("1", 0, 0) != 0 {
		t.Errorf("%d are remembered", len(o.names))
	}
}
