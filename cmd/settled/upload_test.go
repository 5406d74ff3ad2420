package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"settled/cmd/settled/internal/counter"
)

// TestWindow has windows within a day and over midnight, at their edges.
func TestWindow(t *testing.T) {
	at := func(clock string) time.Time {
		now, err := time.ParseInLocation(time.DateTime, "2026-11-22 "+clock+":00", counter.Shanghai())
		must(t, err)
		return now
	}
	for _, c := range []struct{ window, now, closes string }{ // closes: "" outside, "?" a mistake
		{"22:00-06:00", "22:00", "2026-11-23 06:00"},
		{"22:00-06:00", "23:59", "2026-11-23 06:00"},
		{"22:00-06:00", "00:00", "2026-11-22 06:00"},
		{"22:00-06:00", "05:59", "2026-11-22 06:00"},
		{"22:00-06:00", "06:00", ""},
		{"22:00-06:00", "21:59", ""},
		{"12:00-13:30", "13:29", "2026-11-22 13:30"},
		{"12:00-13:30", "13:30", ""},
		{"12:00-12:00", "12:00", "?"},
		{"22-6", "23:00", "?"},
		{"22:00", "23:00", "?"},
		{"24:00-06:00", "23:00", "?"},
	} {
		got, err := closes(c.window, at(c.now))
		var mistake usageError
		switch {
		case c.closes == "?":
			if !errors.As(err, &mistake) {
				t.Errorf("%s: %v, want a mistake of usage", c.window, err)
			}
		case c.closes == "":
			if err == nil || errors.As(err, &mistake) {
				t.Errorf("%s at %s: %v, want outside", c.window, c.now, err)
			}
		case err != nil || got.Format("2006-01-02 15:04") != c.closes:
			t.Errorf("%s at %s closes %s, %v", c.window, c.now, got, err)
		}
	}
}

func TestRate(t *testing.T) {
	for rate, want := range map[string]int{"": 0, "600/min": 600, "10/s": 600, "6000/h": 100, "59/h": -1, "0/min": -1, "10": -1, "x/min": -1, "-1/s": -1, "70000/min": -1, "1/day": -1, "3600000/h": 60000, "307445734561825861/s": -1} {
		if got, err := perMinute(rate); (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q is %d, %v", rate, got, err)
		}
	}
}

// TestFollowing: who asks for a batch while another one runs is told that it goes on as it
// was; the summary on standard output is nothing but that.
func TestFollowing(t *testing.T) {
	const ended = `{"id":5,"began":"2026-11-22T14:00:00Z","ended":"2026-11-22T14:01:00Z","why":"done"}`
	for running, told := range map[string]bool{`{"id":5,"began":"2026-11-22T14:00:00Z"}`: true, `{"id":4,"began":"2026-11-22T13:00:00Z","ended":"2026-11-22T13:01:00Z"}`: false} {
		k := newKept(t)
		k.write(t, k.dir+"/token", "t")
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/v1/events":
				_, _ = io.WriteString(w, "event: batch\ndata: "+ended+"\n\n")
			case r.Method == http.MethodGet:
				_, _ = io.WriteString(w, running)
			default:
				_, _ = io.WriteString(w, `{"id":5,"began":"2026-11-22T14:00:00Z"}`)
			}
		}))
		t.Cleanup(web.Close)
		out, errOut := k.verb(t, 0, "upload", "--json", "--rate", "1/min", "--token-file", k.dir+"/token", "--api", web.URL)
		if strings.Contains(errOut, "已有批量上传在运行（22:00:00 开始）") != told || !json.Valid([]byte(out)) {
			t.Errorf("%s: %s\n%s", running, out, errOut)
		}
	}
}
