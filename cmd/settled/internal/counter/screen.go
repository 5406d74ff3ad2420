package counter

import (
	"slices"

	"settled/settle"
)

// Screen is what a window shows. It holds no unmasked personal data and may be sent
// to any page of the seat.
type Screen struct {
	Seq      uint64    `json:"seq"` // counts the changes of this session
	Seat     string    `json:"seat"`
	State    string    `json:"state" enum:"idle,reading,identified,quoted,checking,committing,committed,printed,stopped"`
	Patient  *Person   `json:"patient,omitempty"`
	Guardian *Person   `json:"guardian,omitempty"`
	Quote    *Figures  `json:"quote,omitempty"`
	Tender   *Tender   `json:"tender,omitempty"`  // what the patient gave, until the next patient
	Slip     *SlipView `json:"slip,omitempty"`    // the last settlement of this window
	Scanned  *Scanned  `json:"scanned,omitempty"` // the last bill number or slip that the seat's scanner read
	Messages []Message `json:"messages"`          // newest last
	Readers  []Reader  `json:"readers"`           // of the patient and the guardian, as far as they are configured
}

// Reader is a card reader as a screen shows it.
type Reader struct {
	Role  string `json:"role" enum:"patient,guardian"`
	State string `json:"state" enum:"ready,card,reading,unread,stuck,missing,ambiguous,down"`
	Text  string `json:"text,omitempty"` // Chinese: what is wrong; empty: nothing is
}

// Person is a card's holder as a screen may show it.
type Person struct {
	Name     string          `json:"name"`      // masked
	IDNumber string          `json:"id_number"` // masked
	Category settle.Category `json:"category"`
	Offline  settle.Code     `json:"offline,omitempty"` // why the platform was not asked; empty: it was
	AsOf     string          `json:"as_of"`             // RFC 3339: when the platform said what is known
	ByCode   bool            `json:"by_code,omitempty"` // known by a 医保码: there is no card to take
}

// Figures are the amounts of a quote or a settlement, with the reasons in Chinese.
type Figures struct {
	ID           string                `json:"id,omitempty"` // of a quote
	Status       settle.Status         `json:"status"`
	Total        settle.Fen            `json:"total"`
	Fund         settle.Fen            `json:"fund"`                  // 统筹基金
	Own          settle.Fen            `json:"own"`                   // 个人账户
	Family       settle.Fen            `json:"mutual"`                // 家庭共济
	Cash         settle.Fen            `json:"cash"`                  // 现金
	LimitAfter   *settle.Fen           `json:"limit_after,omitempty"` // of the yearly limit
	Reasons      []Notice              `json:"reasons"`
	Notices      []Notice              `json:"notices"`
	Provisional  bool                  `json:"provisional"`
	Illustrative bool                  `json:"illustrative"`
	SelfPaid     *settle.Reimbursement `json:"self_paid,omitempty"` // the patient pays all and claims it later
}

// SlipView says what became of the last slip.
type SlipView struct {
	Number  string  `json:"number"` // 结算单号
	Figures Figures `json:"figures"`
	Status  string  `json:"status" enum:"printing,printed,kept,failed,no_printer"`
	Copies  int     `json:"copies"` // times it was sent to the printer
}

// Tender is the cash that the patient gave (实收), for screen and customer display. It is
// kept nowhere: the drawer is counted by shifts.
type Tender struct {
	Received settle.Fen `json:"received"` // 实收
	Change   settle.Fen `json:"change"`   // 找零
}

// Tender shows what the patient gave and what goes back, of the quote on the screen or,
// right after it was confirmed, of that settlement. The error is a *settle.Refusal.
func (s *Session) Tender(received settle.Fen) (Tender, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var cash settle.Fen
	switch {
	case s.quote != nil:
		cash = s.quote.Settlement.Split.Cash
	case s.slip != nil && (s.state == Committed || s.state == Printed):
		cash = s.slip.receipt.Settlement.Split.Cash
	default:
		return Tender{}, s.refused(refuse(NoQuote))
	}
	if received < cash || received > mostTender {
		return Tender{}, s.refused(refuseField(BadTender, "received", "%s given, %s to pay", received, cash))
	}
	s.tender = &Tender{Received: received, Change: received - cash}
	s.say(nil)
	return *s.tender, nil
}

// mostTender is the most cash that is given at a counter: 100,000.00 yuan.
const mostTender settle.Fen = 10_000_000

// Scanned is a code that is no secret: a page that shows it asks for what it stands for.
type Scanned struct {
	Kind string `json:"kind" enum:"bill,slip"`
	Text string `json:"text"`
	Seq  uint64 `json:"seq"` // tells one scan from the next of the same code
}

// Show shows a code that was scanned and is no 医保码. It changes nothing else.
func (s *Session) Show(kind, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base.Err() == nil {
		s.scanned = &Scanned{Kind: kind, Text: text, Seq: s.seq + 1}
		s.say(nil)
	}
}

// ShowUnknown says that a code was scanned which nobody can do anything with. It changes
// nothing else.
func (s *Session) ShowUnknown() {
	_ = s.showRefusal(refuse(UnknownScan)) // there is nobody to give it to
}

// Message is a line for the cashier.
type Message struct {
	Code  settle.Code `json:"code"`
	Text  string      `json:"text"` // Chinese
	Field string      `json:"field,omitempty"`
	Line  int         `json:"line,omitempty"`
}

// mostMessages bounds the lines that a screen keeps within one state.
const mostMessages = 5

// watcherBuffer is how many screens a watcher may lag behind.
const watcherBuffer = 32

type watcher struct{ screens chan Screen }

// Screen gives what the window shows now.
func (s *Session) Screen() Screen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen()
}

// ShowReaders shows how the readers are.
func (s *Session) ShowReaders(list []Reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.readers, list) {
		s.readers = list
		if !slices.ContainsFunc(list, func(r Reader) bool { return r.Text != "" }) {
			s.unsay(settle.ReaderMissing)
		}
		s.say(nil)
	}
}

// Subscribe gives every screen from now on, the present one first. A reader that
// falls behind is dropped: its channel is closed, as it is when the session ends.
// leave ends the subscription and may be called twice.
func (s *Session) Subscribe() (screens <-chan Screen, leave func()) {
	w := &watcher{screens: make(chan Screen, watcherBuffer)}
	s.mu.Lock()
	defer s.mu.Unlock()
	w.screens <- s.screen()
	s.watchers[w] = struct{}{}
	if s.base.Err() != nil {
		s.unwatch(w)
	}
	return w.screens, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unwatch(w)
	}
}

func (s *Session) unwatch(w *watcher) {
	if _, there := s.watchers[w]; there {
		delete(s.watchers, w)
		close(w.screens)
	}
}

// say puts a reason on the screen, if there is one, and shows the screen.
func (s *Session) say(r *settle.Refusal) {
	if r != nil {
		m := Message{Code: r.Code, Text: r.Cashier, Field: r.Field, Line: r.Line}
		s.messages = append(slices.DeleteFunc(s.messages, func(before Message) bool { return before == m }), m)
		if over := len(s.messages) - mostMessages; over > 0 {
			s.messages = s.messages[over:]
		}
	}
	s.seq++
	if len(s.watchers) == 0 {
		return
	}
	now := s.screen()
	for w := range s.watchers {
		select {
		case w.screens <- now:
		default:
			s.unwatch(w)
		}
	}
}

// unsay takes back what holds no more. The session is locked.
func (s *Session) unsay(c settle.Code) {
	s.messages = slices.DeleteFunc(s.messages, func(m Message) bool { return m.Code == c })
}

// screen builds what is shown. The session is locked.
func (s *Session) screen() Screen {
	sc := Screen{Seq: s.seq, Seat: s.options.Seat, State: s.state.String(), Tender: s.tender, Scanned: s.scanned, Messages: append([]Message{}, s.messages...)}
	sc.Readers = append([]Reader{}, s.readers...)
	sc.Patient, sc.Guardian = s.holders[Patient].view(), s.holders[Guardian].view()
	if s.quote != nil {
		f := s.quote.Figures()
		sc.Quote = &f
	}
	if s.slip != nil {
		sc.Slip = s.slip.view()
	}
	return sc
}

func (h *holder) view() *Person {
	if h == nil {
		return nil
	}
	who := h.known.Who
	return &Person{
		Name: who.Name.String(), IDNumber: who.IDNumber.String(),
		Category: h.known.Insured.Category, Offline: h.offline, AsOf: h.known.AsOf, ByCode: h.scanned,
	}
}

// Figures gives the quote's amounts and reasons.
func (q *Quote) Figures() Figures {
	f := FiguresOf(q.Settlement)
	f.ID = q.ID
	f.Notices = append(f.Notices, q.Notices...)
	return f
}

// FiguresOf gives a settlement's amounts and reasons.
func FiguresOf(st settle.Settlement) Figures {
	sp := st.Split
	f := Figures{
		Status: sp.Status, Total: sp.Total, Fund: sp.Fund, Own: sp.Own, Family: sp.Family, Cash: sp.Cash,
		LimitAfter: sp.LimitAfter, Reasons: []Notice{}, Notices: []Notice{},
		Provisional: st.Provisional, Illustrative: st.Illustrative, SelfPaid: st.SelfPaid,
	}
	for _, code := range sp.Reasons {
		f.Reasons = append(f.Reasons, notice(code))
	}
	return f
}
