package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
)

// event is one server-sent event.
type event struct{ id, name, data string }

// listen opens the event stream; a heartbeat comes as an event with no name.
func (d *daemon) listen(t *testing.T) (events <-chan event, hangUp func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+"/v1/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+cashierToken)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || got != "text/event-stream" {
		t.Fatalf("%d %s", res.StatusCode, got)
	}
	out := make(chan event, 1000)
	go func() {
		defer close(out)
		readEvents(res.Body, out)
		_ = res.Body.Close() // the stream is over
	}()
	return out, cancel
}

func readEvents(body io.Reader, out chan<- event) {
	var e event
	for lines := bufio.NewScanner(body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case lines.Text() == "":
			out <- e
			e = event{}
		case name == "id":
			e.id = value
		case name == "event":
			e.name = value
		case name == "data":
			e.data = value
		}
	}
}

func await(t *testing.T, events <-chan event, wanted func(event) bool) event {
	t.Helper()
	for e := range events {
		if wanted(e) {
			return e
		}
	}
	t.Fatal("the stream ended before the event came")
	return event{}
}

func screenIn(state string) func(event) bool {
	return func(e event) bool {
		var s counter.Screen
		return e.name == "screen" && json.Unmarshal([]byte(e.data), &s) == nil && s.State == state
	}
}

// TestEvents follows a settlement by a real client: the present screen first, then
// every change, uploads, heartbeats; with ids that count.
func TestEvents(t *testing.T) {
	d := start(t, nil)
	events, hangUp := d.listen(t)
	first := await(t, events, func(e event) bool { return e != event{} }) // a heartbeat may come before
	if !screenIn("idle")(first) || first.id != "1" {
		t.Fatalf("first event %+v", first)
	}
	d.Insert(t, counter.Patient, countertest.Child())
	await(t, events, screenIn("reading"))
	await(t, events, screenIn("identified"))
	q := d.json(t, http.MethodPost, "/v1/quotes", countertest.Bill(t, countertest.Child(), nil), http.StatusOK)
	await(t, events, screenIn("quoted"))
	d.json(t, http.MethodPost, "/v1/settlements", confirmation(q.ID, q.Key), http.StatusCreated)
	for _, state := range []string{"checking", "committing", "committed", "printed"} {
		await(t, events, screenIn(state))
	}
	d.moves.changes <- api.UploadChange{Number: "S01-0001", State: api.Acknowledged}
	if e := await(t, events, func(e event) bool { return e.name == "upload" }); e.data != `{"number":"S01-0001","state":"acknowledged"}` {
		t.Errorf("upload %+v", e)
	}
	await(t, events, func(e event) bool { return e == event{} })
	d.Pull(counter.Patient)
	await(t, events, screenIn("idle"))
	hangUp()
	for range events { // ends
	}
}

// TestEventsEndWithTheServer: a graceful shutdown ends the streams and does not wait
// for their readers to go.
func TestEventsEndWithTheServer(t *testing.T) {
	d := start(t, nil)
	events, _ := d.listen(t)
	<-events
	if err := d.stop(); err != nil {
		t.Fatal(err)
	}
	for range events { // ends
	}
}
