package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/sheet"
	"settled/settle"
)

// Acts keeps who did what beside money in the journal, and reads back all that people did.
// Errors are *settle.Refusal.
type Acts interface {
	// Keep returns when the act is durable.
	Keep(ctx context.Context, a Act) error
	// Each gives what people did on a day, settling included, oldest first, until fn fails.
	// CodeArchived refuses days that are archived.
	Each(ctx context.Context, day settle.Date, fn func(Act) error) error
}

// Kinds of acts that are kept from here.
const (
	SignedIn   = "sign_in"
	SignedOut  = "sign_out"
	WrongTry   = "sign_in_refused" // the first of a streak
	LockedOut  = "lock_out"
	Unmasked   = "unmasked"
	Exported   = "exported"
	AttendedTo = "attended"

	RulesStaged   = "rules_staged" // put up for another one to approve, which is an entry of its own
	RulesRejected = "rules_rejected"
)

// Act is something that somebody did.
type Act struct {
	Entry    uint64    `json:"entry"` // of the journal
	At       time.Time `json:"at"`
	Seat     string    `json:"seat"`
	Operator string    `json:"operator" doc:"empty: the daemon saw it, or nobody has proved to be it"`
	Second   string    `json:"second,omitempty" doc:"who stood for it as well (二人复核)"`
	Kind     string    `json:"kind" doc:"kind of the journal's entry; of a note what it is about"`
	Number   string    `json:"number,omitempty" doc:"of the settlement or reversal"`
	Of       string    `json:"of,omitempty" doc:"operator, or settlement, that it is about"`
	Role     Role      `json:"role,omitempty"`
	Patient  string    `json:"patient,omitempty" doc:"masked"`
	Refused  int       `json:"refused,omitempty" doc:"tries to sign in that were refused before"`
	What     string    `json:"what,omitempty"`
	Text     string    `json:"text,omitempty"`

	Person string `json:"-"` // keyed hash of the patient
}

// concerns tells whether an act is an operator's, or is about him.
func (a *Act) concerns(operator string) bool {
	return operator == "" || slices.Contains([]string{a.Operator, a.Second, a.Of}, operator)
}

// patience is how long a sign-in waits for the journal.
const patience = 500 * time.Millisecond

// record returns when an act is durable. Without a journal to keep it in it must not be done.
func (s *Server) record(ctx context.Context, a Act) error {
	if s.options.Acts == nil {
		return nil
	}
	return s.options.Acts.Keep(ctx, a)
}

// jots are acts on their way to the journal, one behind the other.
type jots struct {
	mu   sync.Mutex
	last <-chan struct{} // closed when the last one is decided; nil: there was none
}

// jot has an act kept that the journal must not hinder: what it does not take the log says.
// The channel is closed when that is decided.
func (s *Server) jot(a Act) <-chan struct{} {
	done := make(chan struct{})
	s.jots.mu.Lock()
	before := s.jots.last
	s.jots.last = done
	s.jots.mu.Unlock()
	go func() {
		defer close(done)
		if before != nil {
			<-before
		}
		if err := s.record(context.Background(), a); err != nil {
			s.options.Log.Error("not in the journal", "act", a.Kind, "operator", a.Operator, "of", a.Of, "refused", a.Refused, "cause", err)
		}
	}()
	return done
}

// jotted waits for the journal a little, so that who came stands before what he does.
func (s *Server) jotted(a Act) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-s.jot(a):
	case <-timer.C:
	}
}

type actsInput struct {
	Day      string `query:"day" format:"date" doc:"default: today"`
	Operator string `query:"operator" maxLength:"32" doc:"what this one did, or what is about him; default: everybody"`
	Limit    int    `query:"limit" default:"500" minimum:"1" maximum:"5000"`
}

// actRow is an act in words.
type actRow struct {
	Act
	Words  string `json:"words"`
	Detail string `json:"detail"`
}

type actsOutput struct {
	Body struct {
		Day  settle.Date `json:"day"`
		Acts []actRow    `json:"acts" doc:"newest first"`
		More int         `json:"more" doc:"older ones of the day that limit left out"`
	}
}

// acts registers who did what.
func (s *Server) acts(api huma.API) {
	if s.options.Acts == nil {
		return
	}
	register(api, operation{
		id: "acts", method: http.MethodGet, path: "/v1/acts", roles: keepers, status: http.StatusOK,
		summary: "Who did what on a day, as the journal has it: money, sign-ins, what was looked at unmasked, changes of operators. As a table: /v1/exports/acts.",
	}, func(ctx context.Context, _ Grant, in *actsInput) (*actsOutput, error) {
		day, _, _, err := s.span(Within{Day: in.Day})
		if err != nil {
			return nil, err
		}
		out := &actsOutput{}
		out.Body.Day, out.Body.Acts = day, []actRow{}
		err = s.options.Acts.Each(ctx, day, func(a Act) error {
			if a.concerns(in.Operator) {
				out.Body.Acts = append(out.Body.Acts, rowOfAct(a))
			}
			return nil
		})
		slices.Reverse(out.Body.Acts)
		if out.Body.More = len(out.Body.Acts) - in.Limit; out.Body.More < 0 {
			out.Body.More = 0
		}
		out.Body.Acts = out.Body.Acts[:len(out.Body.Acts)-out.Body.More]
		return out, err
	})
}

// actTable is what people did on days, oldest first.
func (s *Server) actTable(ctx context.Context, g Grant, from, to settle.Date, operator string) (*sheet.Table, error) {
	t := &sheet.Table{Name: "操作记录", Columns: []sheet.Column{
		{Head: "时间"}, {Head: "窗口"}, {Head: "工号"}, {Head: "复核"}, {Head: "操作"}, {Head: "单号"}, {Head: "说明"}, {Head: "账本条目", Kind: sheet.Count},
	}}
	if !slices.Contains(keepers, g.Role) || s.options.Acts == nil {
		return nil, refusal(settle.NotAllowed, "role "+string(g.Role)+" may not see who did what, or nothing is kept of it")
	}
	for day := from; day <= to; day = day.Next() {
		err := s.options.Acts.Each(ctx, day, func(a Act) error {
			if a.concerns(operator) {
				r := rowOfAct(a)
				t.Add(instant(a.At), a.Seat, cmp.Or(a.Operator, "—"), a.Second, r.Words, a.Number, r.Detail, strconv.FormatUint(a.Entry, 10))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}
