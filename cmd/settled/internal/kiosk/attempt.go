// Package kiosk lets a patient pay at a self-service terminal (自助机): what the quote
// leaves for cash is paid by the hospital's QR payment, then the quote is confirmed, and
// if that can't be done the money goes back.
//
// Every step is on disk, sealed, before it is taken. After a power cut the attempt is
// brought to its end by what book and payment say, and stays for the staff to see what
// happened to whom; the terminal serves nobody until they did.
package kiosk

import (
	"context"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Step is how far an attempt is.
type Step string

// Steps. The last five are ends.
const (
	Paying    Step = "paying"    // the patient scans the code
	Settling  Step = "settling"  // paid, or nothing is left for cash: the quote is being confirmed
	Refunding Step = "refunding" // paid, but not settled: the money goes back
	Settled   Step = "settled"   // durable, the slip is being printed
	Refunded  Step = "refunded"  // nothing was settled, the money went back
	Cancelled Step = "cancelled" // nothing was settled and nothing paid
	Refused   Step = "refused"   // likewise, and Why says why
	Unclear   Step = "unclear"   // nothing here tells whether it was paid: the staff asks the payment's own books
)

// ended tells whether nothing more happens by itself.
func (s Step) ended() bool {
	switch s {
	case Paying, Settling, Refunding:
		return false
	}
	return true
}

// Attempt is one patient's try to pay a bill.
type Attempt struct {
	Ref         string      `json:"ref"`       // of the payment
	Bill        string      `json:"bill"`      // the bill's own number
	Quote       string      `json:"quote"`     // that was shown
	Name        string      `json:"name"`      // masked
	IDNumber    string      `json:"id_number"` // masked
	Total       settle.Fen  `json:"total"`
	Cash        settle.Fen  `json:"cash"` // paid by the QR payment
	By          string      `json:"by"`   // operator: the terminal
	Began       time.Time   `json:"began"`
	Step        Step        `json:"step"`
	Ordered     bool        `json:"ordered,omitempty"` // the code was shown, or is about to be
	Number      string      `json:"number,omitempty"`  // of the settlement
	Why         string      `json:"why,omitempty"`     // Chinese
	Reason      settle.Code `json:"reason,omitempty"`  // code of Why, for other languages
	Interrupted bool        `json:"interrupted"`       // the staff has to look at it
	ByCode      bool        `json:"by_code,omitempty"` // known by a 医保码: no card tells when the patient leaves
}

// State is where an order of the QR payment stands.
type State string

// States of an order.
const (
	Waiting State = "waiting" // nobody has paid it yet
	Paid    State = "paid"
	Closed  State = "closed" // it can't be paid any more, and was not
	Back    State = "refunded"
	None    State = "none" // the payment knows no such order
)

// Payments is the hospital's QR payment (聚合支付). After an error nothing is known: the
// same call may be repeated under the same ref without paying twice or giving back twice.
type Payments interface {
	// Order gives what the QR code says, with which the amount can be paid.
	Order(ctx context.Context, ref string, amount settle.Fen, subject string) (code string, err error)
	// State gives where an order stands.
	State(ctx context.Context, ref string) (State, error)
	// Close sees to it that an order can't be paid any more, unless it is paid, and gives
	// where it then stands; Waiting if it can't say yet.
	Close(ctx context.Context, ref string) (State, error)
	// Refund gives a paid order back, whole, and gives where it then stands: Back when the
	// money is on its way, Paid if it can't say yet.
	Refund(ctx context.Context, ref string) (State, error)
}

// Window is what the terminal needs of its window; *counter.Session is one.
type Window interface {
	Shown() (counter.Quote, bool)
	Holder(counter.Role) (settle.Entitlement, bool)
	Confirm(ctx context.Context, c counter.Confirmation) (counter.Settled, error)
}

// Folder keeps attempts; *sealed.Folder does.
type Folder interface {
	Put(name string, data []byte) error
	Remove(name string) error
	All() (records [][]byte, unread []string, err error)
}
