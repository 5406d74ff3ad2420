package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"settled/cmd/settled/internal/reconcile"
	"settled/queue/nhsa"
	"settled/settle"
)

// Bounds of a statement's result: bytes of text, and lines, many times a day's of the
// largest hospital.
const (
	mostResult = 64 << 20
	mostLines  = 200_000
)

// totals asks whether a group's total is the platform's (3201).
func (l *Line) totals(ctx context.Context, t reconcile.Total, from, to settle.Date) (nhsa.TotalsResult, error) {
	var ask nhsa.Totals
	d, net := &ask.Data, t.Net()
	d.Type, d.Clearing, d.Office, d.From, d.To = t.Type, t.Clearing, t.Office, from.String(), to.String()
	d.Total, d.Fund, d.Account, d.Count = net.Total, net.Fund, net.Account, nhsa.Number(strconv.Itoa(net.Count))
	reply, err := l.ask(ctx, nhsa.InfoTotals, ask)
	if err != nil {
		return nhsa.TotalsResult{}, fmt.Errorf("3201: %w", err)
	}
	return nhsa.ReadTotals(reply)
}

// stated is the answer to a statement.
type stated struct {
	lines  []nhsa.StatementResult
	unread int    // lines that could not be read
	late   string // the platform's words, if its file is not there yet
}

// state sends a statement (9101, 3202) and reads what the platform found (9102). The
// platform keeps nothing of it, so that it may be sent again.
func (l *Line) state(ctx context.Context, ask nhsa.Details, rows []nhsa.StatementRow) (stated, error) {
	d := &ask.Data
	name := fmt.Sprintf("stmt-%s-%s-%s", d.From, d.Clearing, d.Office)
	var file bytes.Buffer
	sum, err := nhsa.WriteStatement(&file, name+".txt", slices.Values(rows))
	if err != nil {
		return stated{}, err
	}
	institution := l.options.Head.Institution
	reply, err := l.ask(ctx, nhsa.InfoUpload, nhsa.NewFileUpload(file.Bytes(), name+".zip", institution))
	if err != nil {
		return stated{}, fmt.Errorf("9101: %w", err)
	}
	up, err := nhsa.ReadUploaded(reply)
	if err != nil {
		return stated{}, err
	}
	d.File, d.Total, d.Fund, d.Count = string(up.No), sum.Total, sum.Fund, nhsa.Number(strconv.Itoa(sum.Count))
	if reply, err = l.ask(ctx, nhsa.InfoDetails, ask); err != nil {
		return stated{}, fmt.Errorf("3202: %w", err)
	}
	note, err := nhsa.ReadDetails(reply)
	if err != nil {
		return stated{}, err
	}
	return l.result(ctx, nhsa.NewFileDownload(string(note.No), string(note.Name), institution))
}

// result fetches and reads a statement's result. That the platform refuses to give it
// means that it is still being made.
func (l *Line) result(ctx context.Context, which nhsa.FileDownload) (stated, error) {
	file, err := l.fetch(ctx, which)
	var refused *nhsa.BusinessRefusal
	if errors.As(err, &refused) {
		return stated{late: refused.Refusal().Cashier}, nil
	}
	if err != nil {
		return stated{}, err
	}
	s, err := read(file)
	if err != nil {
		return stated{}, &nhsa.Unknown{Infno: nhsa.InfoDownload, Err: fmt.Errorf("result of 3202: %w", err)}
	}
	return s, nil
}

// read reads a statement's result.
func read(file []byte) (s stated, err error) {
	text, err := nhsa.OpenText(bytes.NewReader(file), int64(len(file)), mostResult)
	if err != nil {
		return s, err
	}
	defer func() { _ = text.Close() }() // only read
	for line, err := range nhsa.ReadStatement(text) {
		var bad *nhsa.LineError
		switch {
		case errors.As(err, &bad):
			s.unread++
		case err != nil:
			return s, err
		case len(s.lines) == mostLines:
			return s, fmt.Errorf("more than %d lines: %w", mostLines, nhsa.ErrTooBig)
		default:
			s.lines = append(s.lines, line)
		}
	}
	if s.unread > 0 && len(s.lines) == 0 { // a page of the gateway's, say: it finds nothing of any row
		return s, errors.New("no line of it can be read")
	}
	return s, nil
}

// fetch gets a file (9102).
func (l *Line) fetch(ctx context.Context, which nhsa.FileDownload) ([]byte, error) {
	as, err := l.signIn(ctx, "")
	if err != nil {
		return nil, err
	}
	o := l.options
	msgid, err := o.Queue.MsgID(ctx)
	if err != nil {
		return nil, fmt.Errorf("message id for 9102: %w", err)
	}
	body, err := nhsa.Encode(as.head, nhsa.InfoDownload, msgid, o.Now(), as.no, which)
	if err != nil {
		return nil, fmt.Errorf("9102: %w", err)
	}
	var file bytes.Buffer
	if _, err := o.Client.Download(ctx, body, &file); err != nil {
		return nil, fmt.Errorf("9102: %w", err)
	}
	return file.Bytes(), nil
}
