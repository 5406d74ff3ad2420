package platform

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"settled/queue/nhsa"
)

// Operator is how the platform names who works at a seat (经办人).
type Operator struct {
	Name string // opter_name
	Type string // opter_type: 1 clerk, 2 self-service terminal
}

// operator is one of them, who signs in at the platform once a day (签到, 9001).
type operator struct {
	head    nhsa.Head     // as messages in his name have it
	signing chan struct{} // one 9001 at a time

	mu       sync.Mutex
	no       string // 签到流水号 of the day
	day      string // "2006-01-02"; "": not signed in
	tried    int    // sign-ins so far
	failed   error  // of the last one
	declined string // the day on which the platform would not have him
}

// signedIn is in whose name a message goes.
type signedIn struct {
	head nhsa.Head
	no   string // 签到流水号 sign_no
}

// operator gives one by the journal's number; that of the counter for "", and for one that
// has no name.
func (l *Line) operator(id string) *operator {
	head := l.options.Head
	if l.options.Names != nil && id != "" && id != head.Operator {
		if o, ok := l.options.Names(id); ok {
			head.Operator, head.OperatorName, head.OperatorType = id, o.Name, o.Type
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.operators[head.Operator]
	if o == nil || o.head != head { // it is another person's number now
		o = &operator{head: head, signing: make(chan struct{}, 1)}
		l.operators[head.Operator] = o
	}
	return o
}

// signIn signs an operator in once a day and gives in whose name a message goes: the
// operator's, or where the platform would not have him, the counter's for that day.
func (l *Line) signIn(ctx context.Context, id string) (signedIn, error) {
	today, own := l.today(), l.operator("")
	if o := l.operator(id); o != own && !o.isDeclined(today) {
		as, err := l.signInAs(ctx, o)
		var refused *nhsa.BusinessRefusal
		if !errors.As(err, &refused) {
			return as, err
		}
		o.decline(today)
	}
	return l.signInAs(ctx, own)
}

// SignIn signs an operator in who begins to work, so that the first patient does not wait
// for it. Its failure says nothing: the first message tries again.
func (l *Line) SignIn(ctx context.Context, id string) error {
	_, err := l.signIn(ctx, id)
	return err
}

// signInAs sends 9001 unless that was done today. Those who wait for one that fails get its
// error and do not try again.
func (l *Line) signInAs(ctx context.Context, o *operator) (signedIn, error) {
	before := o.tries()
	select {
	case o.signing <- struct{}{}:
		defer func() { <-o.signing }()
	case <-ctx.Done():
		return signedIn{}, &nhsa.Unknown{Infno: nhsa.InfoSignIn, NotSent: true, Err: context.Cause(ctx)}
	}
	today := l.today()
	as, known, err := o.known(today, before)
	if known {
		return as, err
	}
	as.no, err = l.signInNow(ctx, o.head)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil {
		o.no, o.day = as.no, today
	} else {
		err = fmt.Errorf("sign in: %w", err)
	}
	if ctx.Err() == nil { // what we broke off ourselves says nothing to others
		o.tried, o.failed = o.tried+1, err
	}
	return as, err
}

// known gives the day's sign-in, or the failure of one that was tried after so many.
func (o *operator) known(today string, before int) (as signedIn, known bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.day == today:
		return signedIn{o.head, o.no}, true, nil
	case o.tried != before && o.failed != nil:
		return signedIn{}, true, o.failed
	}
	return signedIn{head: o.head}, false, nil
}

// signedIn gives in whose name a message of the operator's goes, if nobody has to sign in
// for it.
func (l *Line) signedIn(id string) (as signedIn, ok bool) {
	today := l.today()
	o := l.operator(id)
	if o.isDeclined(today) {
		o = l.operator("")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return signedIn{o.head, o.no}, o.day == today
}

// signInOf is the input of 9001. The interface wants a MAC and an IP address and does not
// look at them (interface §2).
func signInOf(head nhsa.Head) nhsa.SignIn {
	return nhsa.NewSignIn(head.Operator, "00-00-00-00-00-00", "127.0.0.1")
}

// CheckHead refuses a head with which no message could be made: the daemon would take that
// for a line that is down.
func CheckHead(head nhsa.Head, now time.Time) error {
	_, err := nhsa.Encode(head, nhsa.InfoSignIn, strings.Repeat(trialID, 30), now, "", signInOf(head))
	return err
}

// signInNow sends 9001.
func (l *Line) signInNow(ctx context.Context, head nhsa.Head) (string, error) {
	reply, err := l.send(ctx, nhsa.InfoSignIn, signedIn{head: head}, signInOf(head))
	if err != nil {
		return "", err
	}
	in, err := nhsa.ReadSignIn(reply)
	return string(in.No), err
}

func (l *Line) today() string { return l.options.Now().In(nhsa.Zone()).Format(time.DateOnly) }

func (o *operator) tries() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tried
}

func (o *operator) isDeclined(today string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.declined == today
}

func (o *operator) decline(today string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.declined = today
}

// noteRefusal drops the sign-in when a refusal is about it, so that the next request
// signs in anew; unless that was done since the request was made.
func (l *Line) noteRefusal(as signedIn, err error) {
	var refused *nhsa.BusinessRefusal
	if !errors.As(err, &refused) || !refused.StaleSignIn() {
		return
	}
	o := l.operator(as.head.Operator)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.no == as.no {
		o.day = ""
	}
}
