package platform

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// Control serves the commands:
//
//	GET    /control/books    what the platform holds, as [Page]
//	POST   /control/fault    order a [Fault]
//	POST   /control/mood     change the [Mood]
//	POST   /control/admit    admit a patient, as [Admission]; gives {"mdtrt_id": …}
//	POST   /control/ecode    {"psn_no": "…"}: the 医保码 that this person's app shows now
//	POST   /control/release  let held requests go on
//	POST   /control/weather  have everything be drawn from a seed, as [Weather]
//	GET    /control/weather  how many requests met which kind of it
//	POST   /control/clear    end all faults, the mood and the weather
//	POST   /control/down     close the listener; {"ms": n} opens it again by itself
//	POST   /control/up       open it again (needs a control address of its own)
func (s *Simulator) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /control/books", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetIndent("", " ")
		_ = enc.Encode(s.Books.Page())
	})
	mux.HandleFunc("POST /control/fault", command(func(f Fault) error { return s.Add(f) }))
	mux.HandleFunc("POST /control/mood", command(func(m Mood) error { s.Books.SetMood(m); return nil }))
	mux.HandleFunc("POST /control/admit", s.admitCommand)
	mux.HandleFunc("POST /control/weather", command(func(w Weather) error { return s.SetWeather(w) }))
	mux.HandleFunc("GET /control/weather", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(mustJSON(s.weather.counted()))
	})
	mux.HandleFunc("POST /control/release", command(func(struct{}) error { s.Release(); return nil }))
	mux.HandleFunc("POST /control/clear", command(func(struct{}) error {
		s.Clear()
		s.weather.clear()
		s.Books.SetMood(Mood{})
		return nil
	}))
	mux.HandleFunc("POST /control/up", command(func(struct{}) error { return s.Up() }))
	mux.HandleFunc("POST /control/ecode", s.ecodeCommand)
	mux.HandleFunc("POST /control/down", s.downCommand)
	return mux
}

func (s *Simulator) admitCommand(w http.ResponseWriter, r *http.Request) {
	var a Admission
	err := strict(r.Body, &a)
	id := ""
	if err == nil {
		id, err = s.Books.Admit(a)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(mustJSON(node{"mdtrt_id": id}))
}

// downCommand answers first, since its own connection may be among those it closes.
func (s *Simulator) downCommand(w http.ResponseWriter, r *http.Request) {
	var d struct {
		MS int `json:"ms"`
	}
	if err := strict(r.Body, &d); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	_ = http.NewResponseController(w).Flush()
	s.goDown(time.Duration(d.MS) * time.Millisecond)
}

// goDown closes the listener and, after a while if there is one, opens it again.
func (s *Simulator) goDown(again time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.finished.Add(1)
	go func() {
		defer s.finished.Done()
		s.Down()
		if again <= 0 {
			return
		}
		timer := time.NewTimer(again)
		defer timer.Stop()
		select {
		case <-timer.C:
			_ = s.Up()
		case <-s.quit:
		}
	}()
}

// strict reads a JSON body, if there is one.
func strict(body io.Reader, v any) error {
	dec := json.NewDecoder(io.LimitReader(body, 1<<16))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// command does something with a body.
func command[T any](do func(T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var v T
		err := strict(r.Body, &v)
		if err == nil {
			err = do(v)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}
