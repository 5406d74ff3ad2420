// Package platform is the daemon's line to the national platform: it signs the
// operator in, asks who a card's holder is, and brings what the journal holds to the
// platform, one stored request at a time. The protocol itself is package nhsa, what
// is stored is package queue; this package joins the two.
package platform

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// Options says which line it is. All fields are needed but ECodes, Codes and Manner, whose
// zero values are Shenzhen's practice.
type Options struct {
	Client   *nhsa.Client
	Head     nhsa.Head // who we are in every message
	Queue    *queue.Queue
	Registry nhsa.Registry
	ECodes   *nhsa.ECodes // nil: no 医保码 is taken
	Codes    nhsa.Codes
	Manner   nhsa.Manner
	Now      func() time.Time
	By       queue.By
}

// Line is a signed-in line to the platform. It is safe for concurrent use.
type Line struct {
	options Options
	signing chan struct{} // one 9001 at a time

	mu      sync.Mutex
	signNo  string      // 签到流水号 of the day signed
	signed  string      // "2006-01-02"; "": not signed in
	tried   int         // sign-ins so far
	failed  error       // of the last one
	trouble settle.Code // of the last contact; "": it went well, or there was none
	rest    time.Time   // until when nobody at the window asks
}

// restFor is how long nobody is asked anything after trouble: the people at the window
// do not wait for a line that has just failed. The upload goes on trying.
const restFor = 10 * time.Second

// NewLine makes a line; it connects when it is first used.
func NewLine(o Options) *Line { return &Line{options: o, signing: make(chan struct{}, 1)} }

// ask sends one inquiry: it gets a message id of its own but no entry in the journal,
// since its loss changes nothing.
func (l *Line) ask(ctx context.Context, infno string, input any) (nhsa.Reply, error) {
	signNo, err := l.signIn(ctx)
	if err != nil {
		return nhsa.Reply{}, err
	}
	reply, err := l.send(ctx, infno, signNo, input)
	l.noteRefusal(signNo, err)
	return reply, err
}

func (l *Line) send(ctx context.Context, infno, signNo string, input any) (nhsa.Reply, error) {
	msgid, err := l.options.Queue.MsgID(ctx)
	if err != nil {
		return nhsa.Reply{}, fmt.Errorf("message id for %s: %w", infno, err)
	}
	body, err := nhsa.Encode(l.options.Head, infno, msgid, l.options.Now(), signNo, input)
	if err != nil { // of the configuration: no settlement is at fault
		return nhsa.Reply{}, &nhsa.Unknown{Infno: infno, NotSent: true, Err: errors.New(err.Error())}
	}
	return l.post(ctx, infno, body)
}

// post sends a body and takes note of how the line is.
func (l *Line) post(ctx context.Context, infno string, body []byte) (nhsa.Reply, error) {
	reply, err := l.options.Client.Send(ctx, infno, body)
	if ctx.Err() == nil { // what we broke off ourselves says nothing of the line
		var access *nhsa.AccessRefusal
		var unknown *nhsa.Unknown
		down := errors.As(err, &access) || errors.As(err, &unknown) && unknown.NotSent
		l.note(err, down)
	}
	return reply, err
}

// note keeps how the last contact went; down says that the next would go the same way,
// whatever it is about.
func (l *Line) note(err error, down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trouble, l.rest = troubleOf(err), time.Time{}
	if down {
		l.rest = l.options.Now().Add(restFor)
	}
}

// Trouble implements counter.Platform.
func (l *Line) Trouble() settle.Code {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.trouble
}

// resting tells whether the line has just failed.
func (l *Line) resting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.options.Now().Before(l.rest)
}

// troubleOf is the reason of the degraded mode for what a send gave; "" for an answer
// of the platform, a refusal included.
func troubleOf(err error) settle.Code {
	var access *nhsa.AccessRefusal
	var unknown *nhsa.Unknown
	switch {
	case errors.As(err, &access):
		return settle.PlatformAccess
	case errors.As(err, &unknown) && unknown.NotSent && noWayOut(unknown):
		return settle.NetworkDown
	case errors.As(err, &unknown) && unknown.NotSent:
		return settle.PlatformDown
	case errors.As(err, &unknown):
		return settle.PlatformUnknown
	default:
		return ""
	}
}

// noWayOut tells that a request did not leave this machine: the fault is ours, of cable,
// switch, router or name server, not the platform's.
func noWayOut(err error) bool {
	var name *net.DNSError
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.ENETDOWN) || errors.Is(err, syscall.EHOSTUNREACH) ||
		errors.Is(err, syscall.EADDRNOTAVAIL) || errors.As(err, &name)
}

// signIn signs the operator in once a day (9001) and gives the sign-in number. Those who
// wait for one that fails get its error and do not try again.
func (l *Line) signIn(ctx context.Context) (string, error) {
	today := l.options.Now().Format(time.DateOnly)
	before := l.tries()
	select {
	case l.signing <- struct{}{}:
		defer func() { <-l.signing }()
	case <-ctx.Done():
		return "", &nhsa.Unknown{Infno: nhsa.InfoSignIn, NotSent: true, Err: context.Cause(ctx)}
	}
	l.mu.Lock()
	no, signed, tried, failed := l.signNo, l.signed, l.tried, l.failed
	l.mu.Unlock()
	switch {
	case signed == today:
		return no, nil
	case tried != before && failed != nil:
		return "", failed
	}
	no, err := l.signInNow(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.signNo, l.signed = no, today
	} else {
		err = fmt.Errorf("sign in: %w", err)
	}
	if ctx.Err() == nil { // what we broke off ourselves says nothing to others
		l.tried, l.failed = l.tried+1, err
	}
	return no, err
}

// signedIn gives today's sign-in number if there is one.
func (l *Line) signedIn() (no string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.signNo, l.signed == l.options.Now().Format(time.DateOnly)
}

// signInNow sends 9001. The interface wants a MAC and an IP address and does not look at
// them (interface §2).
func (l *Line) signInNow(ctx context.Context) (string, error) {
	input := nhsa.NewSignIn(l.options.Head.Operator, "00-00-00-00-00-00", "127.0.0.1")
	reply, err := l.send(ctx, nhsa.InfoSignIn, "", input)
	if err != nil {
		return "", err
	}
	in, err := nhsa.ReadSignIn(reply)
	return string(in.No), err
}

func (l *Line) tries() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tried
}

// noteRefusal drops the sign-in when a refusal is about it, so that the next request
// signs in anew; unless that was done since the request was made.
func (l *Line) noteRefusal(signNo string, err error) {
	var refused *nhsa.BusinessRefusal
	if !errors.As(err, &refused) || !refused.StaleSignIn() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.signNo == signNo {
		l.signed = ""
	}
}
