package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"settled/queue/nhsa"
	"settled/settle"
)

// TestSignIn: whoever gives up waiting for a sign-in is let go, and a refusal of an
// older sign-in does not end the new one.
func TestSignIn(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	w.faults(fault{Infno: "9001", Kind: "hold", Times: 1})
	line := w.upload.line
	first := make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := line.signIn(ctx, "")
		first <- err
	}()
	for w.books().Requests["9001"] == 0 {
		must(t, t.Context().Err())
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	var unknown *nhsa.Unknown
	if _, err := line.signIn(gone, ""); !errors.As(err, &unknown) || !unknown.NotSent || !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v", err)
	}
	cancel() // broken off: the next one tries for itself
	if err := <-first; err == nil {
		t.Error("signed in without an answer")
	}
	w.command("release", struct{}{})
	no, err := line.signIn(t.Context(), "")
	must(t, err)
	signed := w.books().Requests["9001"]
	line.noteRefusal(signedIn{head: no.head, no: "an older one"}, &nhsa.BusinessRefusal{Infno: "2201", Infcode: "-1", Message: "请重新签到"})
	if again, err := line.signIn(t.Context(), ""); err != nil || again != no || w.books().Requests["9001"] != signed {
		t.Errorf("%+v after %+v, %v", again, no, err)
	}
}

// TestSignInTogether has many wait for a sign-in that is never answered: its failure is
// that of all of them.
func TestSignInTogether(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	w.faults(fault{Infno: "9001", Kind: "hold"})
	o := w.upload.line.options
	client, err := nhsa.New(nhsa.Options{BaseURL: w.base, Gateway: nhsa.TIF{PaasID: "rig-paas", Secret: "rig-secret"}, Total: 500 * time.Millisecond})
	must(t, err)
	o.Client = client
	line := NewLine(o)
	signing := line.operator("").signing
	signing <- struct{}{} // nobody begins before all wait
	var wait, all sync.WaitGroup
	for range 8 {
		wait.Add(1)
		ctx := waited{t.Context(), sync.OnceFunc(wait.Done)}
		all.Go(func() {
			if _, err := line.signIn(ctx, ""); err == nil {
				t.Error("signed in without an answer")
			}
		})
	}
	wait.Wait()
	<-signing
	all.Wait()
	if n := w.books().Requests["9001"]; n != 1 {
		t.Errorf("%d sign-ins for 8 that waited together", n)
	}
	w.command("release", struct{}{})
}

// waited is a context that tells when somebody begins to wait.
type waited struct {
	context.Context
	begins func()
}

func (w waited) Done() <-chan struct{} {
	w.begins()
	return w.Context.Done()
}

// TestOperators: a message goes in the name of whoever settled, signed in once a day; one
// whom the platform would not have is stood for by the counter's operator that day.
func TestOperators(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	line := w.upload.line
	line.options.Names = func(id string) (Operator, bool) { return Operator{Name: "收费员" + id, Type: "1"}, id != "0603" }
	w.faults(fault{Infno: "9001", Kind: "refuse", Text: "经办人不存在", Times: 1})
	for _, test := range []struct {
		id, as string
		signed int // requests 9001 so far
	}{
		{"0604", "0601", 2}, // refused, and then the counter's
		{"0604", "0601", 2},
		{"0602", "0602", 3},
		{"0602", "0602", 3},
		{"0603", "0601", 3}, // nobody that the roster knows
		{"", "0601", 3},
	} {
		as, err := line.signIn(t.Context(), test.id)
		must(t, err)
		if as.head.Operator != test.as || as.no == "" || w.books().Requests["9001"] != test.signed {
			t.Errorf("%q goes as %s after %d sign-ins, want %+v", test.id, as.head.Operator, w.books().Requests["9001"], test)
		}
		if again, ok := line.signedIn(test.id); !ok || again != as {
			t.Errorf("%q: %+v after %+v", test.id, again, as)
		}
	}
	stale := &nhsa.BusinessRefusal{Infno: "2201", Infcode: "-1", Message: "请重新签到"}
	as, _ := line.signedIn("0602")
	line.noteRefusal(as, stale)
	if _, ok := line.signedIn("0602"); ok {
		t.Error("still signed in")
	}
	if _, ok := line.signedIn("0604"); !ok {
		t.Error("who stands for another was signed out with him")
	}
	s := w.settle("MZ1", 4) // by the clerk of the test
	w.passes()
	if r, err := w.queue.Get(s.Number); err != nil || r.Ack == nil {
		t.Fatalf("%+v, %v", r, err)
	}
	w.agree()
	w.reverse(s, 1)
	w.passes()
	w.agree()
}

// TestTurnedAway: what the gateway is known to say is told with what to look at, in the log
// too; other words of it are not, and nothing is once it answers again.
func TestTurnedAway(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{"签名不一致!": "医保接入网关拒绝了请求（签名不一致!），请通知信息科核对接入密钥。", "张小满未授权": settle.PlatformAccess.Cashier()} {
		w := openWindow(t)
		w.settle("MZ1", 1)
		var log bytes.Buffer
		w.upload.log = slog.New(slog.NewTextHandler(&log, nil))
		w.faults(fault{Kind: "away", Text: words})
		_ = w.pass()
		away := w.upload.line.TurnedAway()
		if away == nil || away.Code != settle.PlatformAccess || away.Cashier != want {
			t.Errorf("%s: %+v", words, away)
		}
		if told := strings.Contains(log.String(), "look at the gateway's secret"); told != (words == "签名不一致!") || strings.Contains(log.String()+fmt.Sprint(away), "张小满") {
			t.Errorf("%s: %+v\n%s", words, away, &log)
		}
		w.command("clear", struct{}{})
		w.passes()
		if away := w.upload.line.TurnedAway(); away != nil {
			t.Errorf("it answers, yet %+v", away)
		}
	}
}

// TestSignInDay: a day of signing in is one of Shanghai's, wherever the machine's clock is.
func TestSignInDay(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	line, now := w.upload.line, time.Date(2026, 11, 22, 15, 59, 0, 0, time.UTC)
	line.options.Now = func() time.Time { return now }
	for _, want := range []int{1, 1, 2, 2} {
		_, err := line.signIn(t.Context(), "")
		must(t, err)
		if got := w.books().Requests["9001"]; got != want {
			t.Errorf("at %s: %d sign-ins, want %d", now, got, want)
		}
		now = now.Add(40 * time.Second)
	}
}
