package counter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"settled/settle"
)

// Paper is a slip as data: a [Receipt], a [VoidSlip], a [ShiftSlip] or a [LookSlip].
type Paper interface {
	// Name tells it from all others and is made for a file's name: the number, with the
	// count of the reprint behind it.
	Name() string
	// Rows lays it out for paper of that many columns, at least 32.
	Rows(columns int) []Row
}

// Text gives a slip as plain lines for paper of that many columns, at least 32.
func Text(p Paper, columns int) string {
	var b strings.Builder
	for _, row := range p.Rows(columns) {
		if row.Code != "" {
			continue
		}
		b.WriteString(strings.TrimRight(row.Text, " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// copied is the name of the n-th reprint.
func copied(name string, n int) string {
	if n > 0 {
		return fmt.Sprintf("%s-%d", name, n)
	}
	return name
}

// Print prints a slip that is not the window's last settlement's, and returns at once;
// a failure shows on the screen. The error is a *settle.Refusal.
func (s *Session) Print(p Paper) error {
	if s.ports.Printer == nil {
		return s.showRefusal(refuse(NoPrinter))
	}
	s.printBeside(p)
	return nil
}

// printBeside prints slips one after another, beside the session.
func (s *Session) printBeside(papers ...Paper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ports.Printer == nil || s.base.Err() != nil {
		return
	}
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		for _, p := range papers {
			if err := s.printOne(p); err != nil {
				_ = s.showRefusal(unprinted(SlipFailed, p.Name(), err))
			}
		}
	}()
}

func (s *Session) printOne(p Paper) error {
	s.printing.Lock()
	defer s.printing.Unlock()
	ctx, cancel := context.WithTimeout(s.base, s.options.PrintTimeout)
	defer cancel()
	return s.ports.Printer.Print(ctx, p)
}

// unprinted says that a slip is not out: that it failed, in the code's words, or that the
// printer keeps it, and why.
func unprinted(code settle.Code, name string, err error) *settle.Refusal {
	var kept *Kept
	if !errors.As(err, &kept) {
		return refuseBecause(code, "slip %s: %v", name, err)
	}
	r := refuseBecause(SlipKept, "slip %s: %v", name, err)
	if kept.Why != "" {
		r.Cashier += Sentence(kept.Why)
	}
	return r
}

// Printed takes note that a slip came out that nobody waited for any more.
func (s *Session) Printed(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slip == nil || s.slip.status != slipKept {
		return
	}
	if number := s.slip.receipt.Settlement.Number; name == number || strings.HasPrefix(name, number+"-") {
		_ = s.fire(event{kind: slipPrinted, receipt: &s.slip.receipt}) // every state takes note of a slip
	}
}

// page collects rows.
type page struct {
	columns int
	rows    []Row
}

func (p *page) add(lines ...string) {
	for _, line := range lines {
		p.rows = append(p.rows, Row{Text: line})
	}
}

func (p *page) tall(lines ...string) {
	for _, line := range lines {
		p.rows = append(p.rows, Row{Text: line, Tall: true})
	}
}

// code adds a QR code.
func (p *page) code(text string) { p.rows = append(p.rows, Row{Code: text}) }

func (p *page) rule() { p.add(strings.Repeat("-", p.columns)) }

func (p *page) field(name, value string) {
	p.add(wrap(name+" "+printable(value), p.columns, 5)...)
}

// shift names the shift, if there was one.
func (p *page) shift(number uint64) {
	if number > 0 {
		p.field("班次", fmt.Sprint(number))
	}
}

func (p *page) amount(name string, f settle.Fen) {
	p.tall(spread(name, "￥"+f.String(), p.columns)...)
}

// small is an amount in a row of single height.
func (p *page) small(name string, f settle.Fen) {
	p.add(spread(name, "￥"+f.String(), p.columns)...)
}

func (p *page) time(name string, t time.Time) {
	p.field(name, t.In(Shanghai()).Format(time.DateTime))
}
