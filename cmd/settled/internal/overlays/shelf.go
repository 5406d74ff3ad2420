package overlays

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"settled/cmd/settled/internal/backtest"
	"settled/queue/journal"
	"settled/settle"
	"settled/settle/policy"
)

// Bounds of the shelf.
const (
	mostText   = 1 << 20 // as a file of rules
	mostStaged = 20
	mostKept   = 200 // decided ones, the last of which are shown
)

// Rules are the rules in force.
type Rules interface {
	Loaded() *policy.Set
	// Activate reads the directory of rules again and puts them into force; the journal says
	// who staged and who approved them. On an error what was in force stays so, here and in
	// the journal, or the journal takes nothing more until a restart.
	Activate(ctx context.Context, staged, approved string) error
}

// Folder is where records are kept; *sealed.Folder is one.
type Folder interface {
	// Put returns when the record is durable; on an error it is as it was, or as it was to be.
	Put(name string, data []byte) error
	Remove(name string) error
	All() (records [][]byte, unread []string, err error)
}

// Options of a shelf. All are needed.
type Options struct {
	Folder    Folder
	Directory string // of the rules
	Rules     Rules
	// Past gives the settlements of the past, the oldest first, until fn fails.
	Past  func(ctx context.Context, fn func(*backtest.Past) error) error
	Now   func() time.Time
	Today func() settle.Date
	Log   *slog.Logger
}

// Shelf holds what was staged. Its methods may be called from any goroutine.
type Shelf struct {
	options Options
	wake    chan struct{} // the backtests have something to do

	mu   sync.Mutex // of all below, and of every change on disk
	list []*Overlay // the oldest first
}

// Open reads what was staged, and writes files that were approved into the directory of
// rules, before these are loaded: a power cut may have come in between. What cannot be
// read is told to the log and stays where it is.
func Open(o Options) (*Shelf, error) {
	s := &Shelf{options: o, wake: make(chan struct{}, 1)}
	records, unread, err := o.Folder.All()
	if err != nil {
		return nil, fmt.Errorf("staged rules: %w", err)
	}
	for _, name := range unread {
		o.Log.Warn("a staged file of rules cannot be read", "file", name)
	}
	for _, record := range records {
		ov := &Overlay{}
		if err := json.Unmarshal(record, ov); err != nil || ov.ID == "" {
			o.Log.Warn("a staged file of rules is not one", "cause", err)
			continue
		}
		s.list = append(s.list, ov)
	}
	slices.SortFunc(s.list, func(a, b *Overlay) int { return strings.Compare(a.ID, b.ID) })
	for _, ov := range s.list {
		if ov.State != Approved {
			continue
		}
		if err := s.write(ov); err != nil {
			return nil, fmt.Errorf("approved rules: %w", err)
		}
	}
	s.kick()
	return s, nil
}

// Finish marks what was approved as in force, after the rules were loaded and the journal
// has them; it gives who staged and approved the last of them, "" for none, for that entry
// of the journal.
func (s *Shelf) Finish(activate func(staged, approved string) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	staged, approved := "", ""
	for _, o := range s.list {
		if o.State == Approved {
			staged, approved = o.By.ID, o.Decided.ID
		}
	}
	if err := activate(staged, approved); err != nil {
		return err
	}
	for _, o := range s.list {
		if o.State == Approved {
			if err := s.put(o, func(o *Overlay) { o.State = InForce }); err != nil {
				return fmt.Errorf("approved rules: %w", err)
			}
		}
	}
	return nil
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.toml$`)

// Stage keeps a file that loads beside the rules in force and changes them; it returns when
// that is durable. The same text under the same name waits once. The error is a
// *settle.Refusal.
func (s *Shelf) Stage(file, text string, by Signer) (Overlay, error) {
	if !nameForm.MatchString(file) || len(text) > mostText {
		r := refuse(CodeName, "文件名只能用字母、数字、点、横线，以 .toml 结尾；文件不超过 1 MB。", "the name must match "+nameForm.String())
		r.Field = "file"
		return Overlay{}, r
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	sum := sm3.Sum([]byte(file + "\x00" + text))
	o := &Overlay{
		File: file, Text: text, Digest: hex.EncodeToString(sum[:]), By: by, At: now, State: Staged,
		ID: now.UTC().Format("20060102150405") + "-" + hex.EncodeToString(sum[:3]),
	}
	tried, err := s.try(o)
	if err != nil {
		return Overlay{}, err
	}
	if tried.Digest() == s.options.Rules.Loaded().Digest() {
		return Overlay{}, same()
	}
	waits := 0
	for _, other := range s.list {
		if other.State != Staged {
			continue
		}
		waits++
		if other.Digest == o.Digest {
			return *other, nil
		}
	}
	if waits >= mostStaged {
		return Overlay{}, refuse(CodeMany, "待批准的规则文件太多；请先批准或退回。", fmt.Sprintf("%d are staged", waits))
	}
	if err := s.put(o, nil); err != nil {
		return Overlay{}, notKept(err)
	}
	s.list = append(s.list, o)
	s.forget()
	s.kick()
	s.options.Log.Info("rules staged", "file", file, "id", o.ID, "operator", by.ID)
	return *o, nil
}

// put keeps a record, changed or new. On an error what is known here is what was before.
func (s *Shelf) put(o *Overlay, change func(*Overlay)) error {
	next := *o
	if change != nil {
		change(&next)
	}
	data, err := json.Marshal(&next)
	if err != nil {
		return err
	}
	if err := s.options.Folder.Put(o.ID, data); err != nil {
		return err
	}
	*o = next
	return nil
}

// forget lets the oldest go of what was decided.
func (s *Shelf) forget() {
	for over := len(s.list) - mostKept; over > 0; over-- {
		i := slices.IndexFunc(s.list, func(o *Overlay) bool { return o.State == InForce || o.State == Rejected })
		if i < 0 || s.options.Folder.Remove(s.list[i].ID) != nil {
			return
		}
		s.list = slices.Delete(s.list, i, i+1)
	}
}

// path is where the file comes into force.
func (s *Shelf) path(o *Overlay) string { return filepath.Join(s.options.Directory, o.File) }

// write puts a file into the directory of rules, whole and durable.
func (s *Shelf) write(o *Overlay) error { return journal.WriteFile(s.path(o), []byte(o.Text)) }

// kick tells the backtests to look.
func (s *Shelf) kick() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// List gives what waits and what was decided, the newest first.
func (s *Shelf) List() []Overlay {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Overlay{}
	for _, o := range slices.Backward(s.list) {
		list = append(list, *o)
	}
	return list
}

// Show gives one with what it changes now; why is set instead if it does not load beside
// the rules of now. The error is a *settle.Refusal.
func (s *Shelf) Show(id string) (o Overlay, c Change, why *settle.Refusal, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := s.find(id)
	if err != nil {
		return o, c, nil, err
	}
	tried, err := s.try(at)
	if err != nil {
		return *at, c, refusalOf(err), nil
	}
	return *at, s.change(at, tried), nil, nil
}

func (s *Shelf) find(id string) (*Overlay, error) {
	for _, o := range s.list {
		if o.ID == id {
			return o, nil
		}
	}
	return nil, refuse(CodeNone, "没有这个规则文件。", "nothing was staged under that id")
}
