package counter

// slip is the last settlement of the window and what became of its paper.
type slip struct {
	receipt Receipt
	status  string
	copies  int // times it was sent to the printer
}

// What became of a slip.
const (
	slipPrinting  = "printing"
	slipOut       = "printed"
	slipBroken    = "failed"
	slipKept      = "kept" // by the printer: it comes out by itself
	slipNoPrinter = "no_printer"
)

func (p *slip) is(number string) bool { return p != nil && p.receipt.Settlement.Number == number }

func (p *slip) view() *SlipView {
	return &SlipView{
		Number: p.receipt.Settlement.Number, Status: p.status, Copies: p.copies,
		Figures: FiguresOf(p.receipt.Settlement),
	}
}

// Reprint prints a settlement's slip again, marked 重打 with its Copy, which the caller
// counts; of the window's last slip at least as often as it was printed here.
func (s *Session) Reprint(r Receipt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ports.Printer == nil {
		return s.refused(refuse(NoPrinter))
	}
	r.Copy = max(r.Copy, 1)
	if s.slip.is(r.Settlement.Number) {
		r.Copy = max(r.Copy, s.slip.copies)
	}
	if err := s.fire(event{kind: askReprint, receipt: &r}); err != nil {
		return s.refused(err)
	}
	return nil
}

// startPrint prints beside the session; the answer is an event.
func (s *Session) startPrint(r Receipt) {
	current := s.slip.is(r.Settlement.Number)
	if s.ports.Printer == nil {
		if current {
			s.slip.status = slipNoPrinter
		}
		return
	}
	if current {
		s.slip.status, s.slip.copies = slipPrinting, r.Copy+1
	}
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		s.print(r)
	}()
}

// aside takes an answer of the printer that is not about the window's last slip; the
// table is for that one.
func (s *Session) aside(e event) bool {
	if (e.kind != slipPrinted && e.kind != slipFailed) || s.slip.is(e.receipt.Settlement.Number) {
		return false
	}
	s.say(e.why)
	return true
}

// note keeps what the printer said of the last slip.
func (p *slip) note(e event) {
	switch {
	case e.kind == slipPrinted:
		p.status = slipOut
	case e.why.Code == SlipKept:
		p.status = slipKept
	default:
		p.status = slipBroken
	}
}
