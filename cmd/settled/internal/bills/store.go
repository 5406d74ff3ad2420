// Package bills keeps the bills that wait to be paid at a counter (待缴账单): the
// hospital's system sends them when they are made, and the cashier or the patient takes
// one when the card is there. They survive a restart, sealed; what was paid, or is too
// old, goes.
package bills

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"settled/settle"
)

// Bounds of what waits.
const (
	most   = 500
	oldest = 7 * 24 * time.Hour
)

// CodeTooMany refuses a bill when too many wait already.
const CodeTooMany settle.Code = "TOO_MANY_BILLS"

// CodeNone says that no such bill waits.
const CodeNone settle.Code = "NO_BILL"

// Bill is one that waits.
type Bill struct {
	Key        string         // the hospital's own number
	Patient    settle.Private // id number; "": not stated
	Total      settle.Fen
	Lines      int
	Day        settle.Date
	Department string
	Doctor     string
	At         time.Time // when it came
	Data       []byte    // as it came, see settle.DecodeBill
}

// Folder is where records are kept; *sealed.Folder is one.
type Folder interface {
	Put(name string, data []byte) error
	Remove(name string) error
	All() (records [][]byte, unread []string, err error)
}

// Store is what waits at a counter. Its methods may be called from any goroutine.
type Store struct {
	folder Folder
	now    func() time.Time

	mu    sync.Mutex
	bills map[string]Bill
}

// stampLayout heads a record: when the bill came. The bill follows.
const stampLayout = "20060102150405"

// Open reads what waited when the last run ended. What cannot be read is told to log
// and stays where it is.
func Open(folder Folder, now func() time.Time, log *slog.Logger) (*Store, error) {
	s := &Store{folder: folder, now: now, bills: map[string]Bill{}}
	records, unread, err := folder.All()
	if err != nil {
		return nil, fmt.Errorf("bills: %w", err)
	}
	for _, name := range unread {
		log.Warn("a waiting bill cannot be read", "file", name)
	}
	for _, record := range records {
		b, err := decode(record)
		if err != nil {
			log.Warn("a waiting bill is not one", "cause", err)
			continue
		}
		s.bills[b.Key] = b
	}
	return s, nil
}

func decode(record []byte) (Bill, error) {
	if len(record) < len(stampLayout) {
		return Bill{}, fmt.Errorf("bills: %d bytes", len(record))
	}
	at, err := time.Parse(stampLayout, string(record[:len(stampLayout)]))
	if err != nil {
		return Bill{}, fmt.Errorf("bills: %w", err)
	}
	return read(record[len(stampLayout):], at)
}

// read checks a bill's form and takes its head.
func read(data []byte, at time.Time) (Bill, error) {
	bill, chart, head, err := settle.DecodeBill(data)
	if err != nil {
		return Bill{}, fmt.Errorf("read the bill: %w", err)
	}
	return Bill{
		Key: head.Key, Patient: head.Patient, Total: head.Total, Lines: len(bill.Lines), Day: bill.Visit.Day,
		Department: chart.Department.Name, Doctor: chart.Doctor.Name, At: at, Data: data,
	}, nil
}

// Put keeps a bill; it returns when that is durable. One with the same key replaces the
// one before. The error is a *settle.Refusal if the bill is at fault.
func (s *Store) Put(data []byte) (Bill, error) {
	at := s.now().UTC().Truncate(time.Second)
	b, err := read(slices.Clone(data), at)
	if err != nil {
		return Bill{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	if _, there := s.bills[b.Key]; !there && len(s.bills) >= most {
		return Bill{}, &settle.Refusal{
			Code: CodeTooMany, Cashier: "待缴账单太多，未收下；请先处理或撤回不缴的账单。",
			Technician: fmt.Sprintf("%d bills wait already", len(s.bills)),
		}
	}
	if err := s.folder.Put(b.Key, append([]byte(at.Format(stampLayout)), data...)); err != nil {
		return Bill{}, err
	}
	s.bills[b.Key] = b
	return b, nil
}

// expire lets go what is too old. The store is locked.
func (s *Store) expire() {
	for key, b := range s.bills {
		if s.now().Sub(b.At) > oldest && s.folder.Remove(key) == nil {
			delete(s.bills, key)
		}
	}
}

// List gives all that wait, the oldest first.
func (s *Store) List() []Bill {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	list := make([]Bill, 0, len(s.bills))
	for _, b := range s.bills {
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b Bill) int {
		if d := a.At.Compare(b.At); d != 0 {
			return d
		}
		return strings.Compare(a.Key, b.Key)
	})
	return list
}

// Get gives one; the *settle.Refusal NO_BILL if it does not wait.
func (s *Store) Get(key string) (Bill, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.bills[key]
	if !ok {
		return Bill{}, &settle.Refusal{
			Code: CodeNone, Cashier: "没有这张待缴账单，可能已结算或已撤回；请刷新，或在医院系统重新发送。", Technician: "no bill of that key waits",
		}
	}
	return b, nil
}

// Drop lets a bill go, if it waits: it was paid, or withdrawn.
func (s *Store) Drop(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.bills[key]; !there {
		return nil
	}
	if err := s.folder.Remove(key); err != nil {
		return err
	}
	delete(s.bills, key)
	return nil
}
