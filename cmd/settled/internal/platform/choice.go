package platform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// Filer brings what families selected to the platform (2505), and takes back what they
// want back (2506). Each try begins with what is on file there (5302): so a request whose
// answer was lost is never made twice, and nothing is stored for a line that is down.
type Filer struct {
	line  *Line
	log   *slog.Logger
	nudge chan struct{}
}

// mostChoices is how many waiting choices are looked at in one pass.
const mostChoices = 100

// NewFiler makes a filer over a line.
func NewFiler(line *Line, log *slog.Logger) *Filer {
	return &Filer{line: line, log: log, nudge: make(chan struct{}, 1)}
}

// Nudge says that something was selected, or is wanted back.
func (f *Filer) Nudge() {
	select {
	case f.nudge <- struct{}{}:
	default:
	}
}

// Run files until ctx ends, which is not an error, or until the queue stops.
func (f *Filer) Run(ctx context.Context) error {
	pause := firstPause
	for {
		left, err := f.pass(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // to be told to end is no failure
		case err != nil && !lineTrouble(err):
			return fmt.Errorf("file selections: %w", err)
		case err != nil:
			f.log.Info("a selection waits for the line", "why", plain(err), "again in", pause)
		}
		if !left {
			pause = firstPause
		}
		f.await(ctx, left, jitter(pause))
		if left {
			pause = min(2*pause, mostPause)
		}
	}
}

// await returns at a nudge or, where something is left, after a pause.
func (f *Filer) await(ctx context.Context, left bool, pause time.Duration) {
	var again <-chan time.Time
	if left {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		again = timer.C
	}
	select {
	case <-ctx.Done():
	case <-f.nudge:
	case <-again:
	}
}

// pass tries all that wait once; left tells whether some still do. Trouble with the line
// ends it: the next would go the same way.
func (f *Filer) pass(ctx context.Context) (left bool, err error) {
	list, err := f.line.options.Queue.Choices(mostChoices)
	if err != nil {
		return true, err
	}
	left = len(list) == mostChoices
	for _, c := range list {
		switch err := f.one(ctx, c); {
		case errors.Is(err, errOpen):
			left = true
			f.log.Info("a selection stays open", "entry", c.Entry, "why", plain(err))
		case err != nil:
			return true, err
		}
	}
	return left, nil
}

// errOpen says that the platform will not tell what became of a request, and it may have
// been done: this one is asked about again, and others go on.
var errOpen = errors.New("the platform does not say what is on file")

// one brings a choice to its end, or gives the trouble that stands against it.
func (f *Filer) one(ctx context.Context, c queue.Choice) error {
	there, err := f.onFile(ctx, c)
	var refused *nhsa.BusinessRefusal
	switch {
	case errors.As(err, &refused) && !refused.StaleSignIn() && c.Asked:
		return fmt.Errorf("%w: %w", errOpen, err)
	case errors.As(err, &refused) && !refused.StaleSignIn():
		return f.refused(ctx, c, refused)
	case err != nil:
		return err
	case c.Undo && !there:
		return f.end(ctx, c, queue.ChoiceUndone, "", "")
	case c.Undo && c.No == "":
		return f.end(ctx, c, queue.ChoiceFiled, "", "平台没有给出申报流水号，本机不能撤销。")
	case !c.Undo && there:
		return f.end(ctx, c, queue.ChoiceFiled, "", "")
	}
	infno, input := f.message(c)
	as, err := f.line.signIn(ctx, c.By.Operator)
	if err != nil {
		return err
	}
	o := f.line.options
	body, err := o.Queue.ChoiceRequest(ctx, c.Entry, infno, func(msgid string) ([]byte, error) {
		return nhsa.Encode(as.head, infno, msgid, o.Now(), as.no, input)
	}, o.By)
	if err != nil {
		return f.left(c, err)
	}
	reply, err := f.line.post(ctx, infno, body)
	f.line.noteRefusal(as, err)
	return f.answered(ctx, c, reply, err)
}

// onFile asks whether the institution is among the person's selections, now or from a day
// to come.
func (f *Filer) onFile(ctx context.Context, c queue.Choice) (bool, error) {
	if f.line.resting() {
		return false, &nhsa.Unknown{Infno: nhsa.InfoSelections, NotSent: true, Err: errResting}
	}
	var query nhsa.SelectionQuery
	query.Data.PersonNo, query.Data.Apply = nhsa.Told(c.Who.PersonNo.ClearPersonalData()), f.apply()
	reply, err := f.line.ask(ctx, nhsa.InfoSelections, query)
	if err != nil {
		return false, err
	}
	rows, err := nhsa.ReadSelections(reply)
	if err != nil {
		return false, err
	}
	y, m, d := f.line.options.Now().In(nhsa.Zone()).Date()
	today, _ := settle.NewDate(y, int(m), d) // a day of the calendar
	for _, r := range rows {
		if to := nhsa.DayOf(string(r.To)); string(r.Institution) == c.Place.ID && (to == 0 || to >= today) {
			return true, nil
		}
	}
	return false, nil
}

func (f *Filer) apply() string {
	if apply := f.line.options.Codes.Apply; apply != "" {
		return apply
	}
	return "03"
}

// message makes the request that brings a choice on.
func (f *Filer) message(c queue.Choice) (infno string, input any) {
	person := nhsa.Told(c.Who.PersonNo.ClearPersonalData())
	if c.Undo {
		var undo nhsa.Unfiling
		undo.Data.No, undo.Data.PersonNo, undo.Data.Reason = c.No, person, "参保人在定点医院撤销"
		return nhsa.InfoUnfile, undo
	}
	var file nhsa.Filing
	d := &file.Data
	d.PersonNo, d.Apply, d.From, d.No = person, f.apply(), c.From.String(), "1"
	d.Institution, d.InstitutionName, d.Memo = c.Place.ID, c.Place.Name, "参保人在定点医院办理"
	return nhsa.InfoFile, file
}

// answered keeps what the platform said. Whatever is not clear is asked at the next try.
func (f *Filer) answered(ctx context.Context, c queue.Choice, reply nhsa.Reply, err error) error {
	var refused *nhsa.BusinessRefusal
	switch {
	case errors.As(err, &refused) && refused.StaleSignIn():
		return err
	case errors.As(err, &refused) && c.Asked:
		return f.doubted(ctx, c, refused)
	case errors.As(err, &refused):
		return f.refused(ctx, c, refused)
	case err != nil:
		return err
	case c.Undo:
		return f.end(ctx, c, queue.ChoiceUndone, "", "")
	}
	filed, err := nhsa.ReadFiled(reply)
	if err != nil {
		return err
	}
	return f.end(ctx, c, queue.ChoiceFiled, string(filed.No), "")
}

// doubted takes a no to a request whose forerunner was lost: that may have arrived since, and
// be the reason.
func (f *Filer) doubted(ctx context.Context, c queue.Choice, why *nhsa.BusinessRefusal) error {
	there, err := f.onFile(ctx, c)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errOpen, err)
	case c.Undo && !there:
		return f.end(ctx, c, queue.ChoiceUndone, "", "")
	case !c.Undo && there:
		return f.end(ctx, c, queue.ChoiceFiled, "", "")
	}
	return f.refused(ctx, c, why)
}

// refused keeps the platform's no: what it will not take back stays filed.
func (f *Filer) refused(ctx context.Context, c queue.Choice, why *nhsa.BusinessRefusal) error {
	state := queue.ChoiceRefused
	if c.Undo {
		state = queue.ChoiceFiled
	}
	return f.end(ctx, c, state, "", why.Refusal().Cashier)
}

// end keeps how a choice ended; the platform's words may name people.
func (f *Filer) end(ctx context.Context, c queue.Choice, state queue.ChoiceState, no, words string) error {
	err := f.line.options.Queue.EndChoice(ctx, c.Entry, state, no, c.Who.Mask(words), f.line.options.By)
	if err == nil {
		f.log.Info("selection", "entry", c.Entry, "state", state)
	}
	return f.left(c, err)
}

// left passes over a choice that was taken back meanwhile.
func (f *Filer) left(c queue.Choice, err error) error {
	var no *settle.Refusal
	if errors.As(err, &no) && no.Code == queue.CodeNoChoice {
		f.log.Info("selection left", "entry", c.Entry, "why", no.Technician)
		return nil
	}
	return err
}
