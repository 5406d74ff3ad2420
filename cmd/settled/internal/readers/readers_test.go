package readers

import (
	"fmt"
	"strings"
	"testing"

	"settled/devices/pcsc"
)

// What the session is told while readers are plugged in and out and cards come and go.
func TestWhatTheSessionIsTold(t *testing.T) {
	tests := []struct {
		name, config string
		steps        string // event reader>what is told; …
	}{
		{
			"plugged in elsewhere", "patient=ACR38U",
			"+ACR38U 00 00> card ACR38U 00 00>patient in; -ACR38U 00 00>patient out READER_MISSING; +ACR38U 03 00> card ACR38U 03 00>patient in; none ACR38U 03 00>patient out",
		},
		{
			"a card that was in before the reader had its role", "patient=ACR38U 01 00",
			"+ACR38U 00 00>; +ACR38U 01 00> card ACR38U 01 00> card ACR38U 00 00>patient in; -ACR38U 00 00>patient out READER_MISSING,patient in",
		},
		{
			"a card that goes with its reader was taken by nobody", "patient=ACR38U",
			"+ACR38U 00 00> card ACR38U 00 00>patient in; lost ACR38U 00 00> -ACR38U 00 00>patient out READER_MISSING",
		},
		{
			"a reader beside is nobody's", "patient=ACR38U;guardian=Twin (7)",
			"+ACR38U 00 00> +Twin (9) 00 00> card Twin (9) 00 00> none Twin (9) 00 00> +Twin (7) 01 00> card Twin (7) 01 00>guardian in; card ACR38U 00 00>patient in",
		},
		{
			"the spare stands in, and until its card is out", "patient=ACR38U;spare=Twin",
			"+Twin 00 00> card Twin 00 00>patient in; +ACR38U 00 00> card ACR38U 00 00> none Twin 00 00>patient out,patient in; card Twin 00 00> none ACR38U 00 00>patient out",
		},
		{
			"the spare for a stuck reader", "patient=ACR38U;spare=Twin",
			"+Twin 00 00> +ACR38U 00 00> card ACR38U 00 00>patient in; stuck ACR38U 00 00>patient out READER_STUCK; card Twin 00 00>patient in; free ACR38U 00 00> none Twin 00 00>patient out,patient in",
		},
		{
			"stuck, and no spare", "patient=ACR38U",
			"+ACR38U 00 00> card ACR38U 00 00>patient in; stuck ACR38U 00 00> none ACR38U 00 00>patient out; free ACR38U 00 00>",
		},
		{
			"the spare is nothing to the guardian", "patient=ACR38U;guardian=Twin (7);spare=Twin (9)",
			"+ACR38U 00 00> +Twin (9) 01 00> card Twin (9) 01 00> +Twin (7) 00 00> card Twin (7) 00 00>guardian in; -Twin (7) 00 00>guardian out READER_MISSING",
		},
	}
	kinds := map[string]pcsc.Kind{"card": pcsc.CardInserted, "none": pcsc.CardRemoved, "lost": pcsc.CardRemoved, "stuck": pcsc.ReaderStuck, "free": pcsc.ReaderFree}
	for _, tt := range tests {
		o := Options{Roles: map[Role]string{}}
		for _, one := range strings.Split(tt.config, ";") {
			role, text, _ := strings.Cut(one, "=")
			o.Roles[Role(role)] = text
		}
		r := New(alone{}, o)
		r.take(pcsc.Event{Kind: pcsc.ServiceUp})
		for i, step := range stepsOf(tt.steps) {
			e := pcsc.Event{}
			switch what := step[0]; {
			case strings.HasPrefix(what, "+"):
				e.Kind, e.Reader = pcsc.ReaderAppeared, what[1:]
			case strings.HasPrefix(what, "-"):
				e.Kind, e.Reader = pcsc.ReaderGone, what[1:]
			default:
				kind, reader, _ := strings.Cut(what, " ")
				e.Kind, e.Reader, e.Lost = kinds[kind], reader, kind == "lost"
			}
			var told []string
			for _, ev := range r.take(e) {
				word := map[bool]string{true: "in", false: "out"}[ev.Inserted]
				told = append(told, strings.TrimSpace(fmt.Sprintf("%s %s %s", ev.Role, word, ev.Why)))
			}
			if got := strings.Join(told, ","); got != step[1] {
				t.Errorf("%s, step %d, %s: told %q, want %q", tt.name, i+1, step[0], got, step[1])
			}
		}
	}
}

// stepsOf reads "event>told; event>told", where an event with nothing told may go without
// the semicolon.
func stepsOf(text string) (steps [][2]string) {
	for _, part := range strings.Split(text, ";") {
		for {
			event, told, more := strings.Cut(strings.TrimSpace(part), ">")
			if !more {
				break
			}
			told = strings.TrimSpace(told)
			if strings.Contains(told, ">") { // nothing was told: the next event follows
				steps, part = append(steps, [2]string{event, ""}), told
				continue
			}
			steps = append(steps, [2]string{event, told})
			break
		}
	}
	return steps
}
