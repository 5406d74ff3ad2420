// Package payment is a hospital's QR payment in memory: orders that are paid when a test
// or the demo says so, and that remember how often money moved.
package payment

import (
	"encoding/json"
	"net/http"
	"sync"
)

// Order is one order.
type Order struct {
	Ref     string `json:"ref"`
	Amount  string `json:"amount"` // yuan
	Subject string `json:"subject"`
	State   string `json:"state"` // waiting, paid, closed, refunded
	Code    string `json:"code"`
	Refunds int    `json:"-"` // times the money went back
}

// Till holds the orders.
type Till struct {
	mu     sync.Mutex
	orders map[string]*Order
	last   string
	down   bool
	mux    *http.ServeMux
}

// New makes an empty till.
func New() *Till {
	t := &Till{orders: map[string]*Order{}, mux: http.NewServeMux()}
	t.mux.HandleFunc("POST /orders", t.order)
	t.mux.HandleFunc("GET /orders/{ref}", t.change(nil))
	t.mux.HandleFunc("POST /orders/{ref}/close", t.change(func(o *Order) {
		if o.State == "waiting" {
			o.State = "closed"
		}
	}))
	t.mux.HandleFunc("POST /orders/{ref}/refund", t.change(func(o *Order) {
		if o.State == "paid" {
			o.State = "refunded"
			o.Refunds++
		}
	}))
	return t
}

// ServeHTTP answers as the daemon expects of a payment.
func (t *Till) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	down := t.down
	t.mu.Unlock()
	if down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	t.mux.ServeHTTP(w, r)
}

// Down has it answer nothing but errors; false ends that.
func (t *Till) Down(down bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.down = down
}

// PayLast pays the order that came last, as the patient's telephone does; ok is false if
// there is none that waits.
func (t *Till) PayLast() (ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.orders[t.last]
	if o == nil || o.State != "waiting" {
		return false
	}
	o.State = "paid"
	return true
}

// Last gives the order that came last.
func (t *Till) Last() Order {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o := t.orders[t.last]; o != nil {
		return *o
	}
	return Order{}
}

func (t *Till) order(w http.ResponseWriter, r *http.Request) {
	var o Order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&o); err != nil || o.Ref == "" {
		http.Error(w, "no order", http.StatusBadRequest)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.orders[o.Ref] == nil {
		o.State, o.Code = "waiting", "https://pay.invalid/"+o.Ref
		t.orders[o.Ref], t.last = &o, o.Ref
	}
	answer(w, t.orders[o.Ref])
}

// change does something to an order, and says how it is then.
func (t *Till) change(what func(*Order)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t.mu.Lock()
		defer t.mu.Unlock()
		o := t.orders[r.PathValue("ref")]
		if o == nil {
			http.NotFound(w, r)
			return
		}
		if what != nil {
			what(o)
		}
		answer(w, o)
	}
}

func answer(w http.ResponseWriter, o *Order) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(o) // the client may be gone
}
