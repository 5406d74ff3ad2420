package platform

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// weathered answers a request as the weather has it.
func (s *Simulator) weathered(w http.ResponseWriter, infno string, body []byte, f fate) {
	w.Header().Set(HeaderTakes, strconv.FormatInt(f.takes.Milliseconds(), 10))
	switch f.Kind {
	case "":
		answer := s.Books.Transact(infno, body)
		s.weather.mixed(infno, answer)
		_, _ = w.Write(answer)
		return
	case NoDial:
		w.Header().Set(HeaderNever, "dial")
		return
	case Refuse:
		_, _ = w.Write(s.Books.Refuse(f.Text))
		return
	case Late:
		s.Books.delay(infno, body, f.late)
		panic(http.ErrAbortHandler)
	case Twice:
		s.Books.double(infno, body)
		_, _ = w.Write(s.Books.Transact(infno, body))
		return
	case Restart:
		s.Books.forget()
		panic(http.ErrAbortHandler)
	}
	var answer []byte
	if f.Booked && f.Kind != Away {
		answer = s.Books.Transact(infno, body)
	}
	switch f.Kind {
	case Silent:
		w.Header().Set(HeaderNever, "answer")
	case Rubbish:
		_, _ = w.Write(rubbish(infno, answer, f.shape))
	case Mixed:
		_, _ = w.Write(s.weather.mixed(infno, answer)) // nothing, if there was none before
	default:
		spoil(w, f.Fault, answer)
	}
}

// rubbish is what is no answer. Where an answer has content, a yes without it is none
// either.
func rubbish(infno string, answer []byte, shape uint64) []byte {
	shapes := []string{
		"<html><body>系统维护中</body></html>", "", "{}", "[]", "null", `{"infcode":"x"}`, "\xcf\xb5\xcd\xb3\xb7\xb1\xc3\xa6", // GBK
	}
	if slices.Contains([]string{"1101", "2201", "2206", "2207", "2208"}, infno) { // without a list, 5201 says that there is none
		shapes = append(shapes, `{"infcode":0}`, `{"infcode":0,"output":null}`, `{"infcode":"0","output":{}}`,
			`{"infcode":0,"output":{"setlinfo":null,"data":[],"mdtrtinfo":"","baseinfo":{}}}`)
	}
	if len(answer) > 0 && shape%3 == 0 {
		return answer[:len(answer)/2]
	}
	return []byte(shapes[shape%uint64(len(shapes))])
}

// delay has a request arrive later than whoever sent it knows.
func (b *Books) delay(infno string, body []byte, by time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := arriving{at: b.now().Add(by), infno: infno, body: body}
	at, _ := slices.BinarySearchFunc(b.late, r, func(o, r arriving) int {
		if o.at.After(r.at) {
			return 1
		}
		return -1
	})
	b.late = slices.Insert(b.late, at, r)
}

// double does a request once more than it was sent.
func (b *Books) double(infno string, body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n, ok := parse(body); ok {
		b.twice[n.get("msgid")] = true
	}
	_ = b.transact(infno, body)
}

// forget forgets who is signed in.
func (b *Books) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.signs)
}

// follow moves the simulator's clock to what a request was signed at.
func (s *Simulator) follow(h http.Header) {
	seconds, err := strconv.ParseInt(h.Get("X-Tif-Timestamp"), 10, 64)
	if err != nil {
		return
	}
	for {
		now := s.clock.Load()
		if seconds <= now || s.clock.CompareAndSwap(now, seconds) {
			return
		}
	}
}

// SetWeather has everything from now on be drawn from a seed; the faults that were ordered
// go before it.
func (s *Simulator) SetWeather(w Weather) error {
	if err := s.weather.set(w); err != nil {
		return fmt.Errorf("weather: %w", err)
	}
	s.Books.mu.Lock()
	defer s.Books.mu.Unlock()
	s.Books.differ = s.weather.differs
	return nil
}
