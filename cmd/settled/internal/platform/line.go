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
	Head     nhsa.Head                                   // who we are in every message
	Names    func(operator string) (o Operator, ok bool) // nil: all messages go in the Head's operator's name
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

	mu        sync.Mutex
	operators map[string]*operator // by number
	trouble   settle.Code          // of the last contact; "": it went well, or there was none
	away      *nhsa.AccessRefusal  // why the gateway turned the last one away; nil: it did not
	rest      time.Time            // until when nobody at the window asks
}

// restFor is how long nobody is asked anything after trouble: the people at the window
// do not wait for a line that has just failed. The upload goes on trying.
const restFor = 10 * time.Second

// NewLine makes a line; it connects when it is first used.
func NewLine(o Options) *Line { return &Line{options: o, operators: map[string]*operator{}} }

// ask sends one inquiry: it gets a message id of its own but no entry in the journal,
// since its loss changes nothing.
func (l *Line) ask(ctx context.Context, infno string, input any) (nhsa.Reply, error) {
	as, err := l.signIn(ctx, "")
	if err != nil {
		return nhsa.Reply{}, err
	}
	reply, err := l.send(ctx, infno, as, input)
	l.noteRefusal(as, err)
	return reply, err
}

func (l *Line) send(ctx context.Context, infno string, as signedIn, input any) (nhsa.Reply, error) {
	msgid, err := l.options.Queue.MsgID(ctx)
	if err != nil {
		return nhsa.Reply{}, fmt.Errorf("message id for %s: %w", infno, err)
	}
	body, err := nhsa.Encode(as.head, infno, msgid, l.options.Now(), as.no, input)
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
	l.trouble, l.rest, l.away = troubleOf(err), time.Time{}, nil
	_ = errors.As(err, &l.away)
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

// TurnedAway is why the gateway turns away what is sent, and what to look at; nil: it does
// not. Words of it that are not known to be a gateway's are left out.
func (l *Line) TurnedAway() *settle.Refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.away == nil:
		return nil
	case l.away.Known():
		return l.away.Refusal()
	}
	return &settle.Refusal{Code: settle.PlatformAccess, Cashier: settle.PlatformAccess.Cashier(), Technician: plain(l.away)}
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
