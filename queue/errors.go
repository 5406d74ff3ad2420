package queue

import (
	"errors"
	"fmt"

	"settled/settle"
)

var (
	// ErrUnknown says that it is not known whether the operation was written: the
	// write, or the wait for it, failed. After opening the queue again the same call
	// with the same key tells.
	ErrUnknown = errors.New("outcome is unknown")
	// ErrStopped says that the queue stopped after a failure and nothing was written.
	// It must be closed and opened again.
	ErrStopped = errors.New("queue is stopped")
	// ErrClosed says that the queue is closed and nothing was written.
	ErrClosed = errors.New("queue is closed")
	// ErrStale says that the usage or a balance that the quote was made from has
	// changed since; nothing was written. Quote again.
	ErrStale = errors.New("quote is stale: what it was computed from has changed")
	// ErrForeign says that the journal belongs to another institution, counter or key.
	ErrForeign = errors.New("journal is not of this institution, counter and key")
)

// Codes of refusals.
const (
	CodeConflict     settle.Code = "IDEMPOTENCY_CONFLICT" // the key was used for another content
	CodeMalformed    settle.Code = "MALFORMED"            // an argument has not the form it must have
	CodeNoSettlement settle.Code = "SETTLEMENT_UNKNOWN"   // no settlement has this number
	CodeState        settle.Code = "SETTLEMENT_STATE"     // not in the state that the operation needs
	CodeNoRequest    settle.Code = "REQUEST_UNKNOWN"      // an answer to a request that is not the last
	CodeNumbers      settle.Code = "NUMBERS_USED_UP"      // the day's numbers of this counter and epoch
	CodeReversed     settle.Code = "SETTLEMENT_REVERSED"  // the key's settlement was reversed
	CodeKept         settle.Code = "KEPT_MISFIT"          // what is kept does not fit into what was settled
	CodeNoShift      settle.Code = "SHIFT_NOT_OPEN"       // no shift is open at the seat
	CodeShiftOpen    settle.Code = "SHIFT_OPEN"           // one is open already
	CodeNoLink       settle.Code = "LINK_UNKNOWN"         // no such link was filed
	CodeNoChoice     settle.Code = "CHOICE_NOT_OPEN"      // no choice of an institution that could be taken back
	CodeSquared      settle.Code = "DIFFERENCE_SQUARED"   // nothing is owed for it, or no more
	CodeOwed         settle.Code = "DIFFERENCE_OTHER"     // another sum is
	CodeYoung        settle.Code = "ARCHIVE_TOO_YOUNG"    // what is to be archived is still needed
)

func malformed(field, format string, args ...any) error {
	return &settle.Refusal{
		Code: CodeMalformed, Field: field,
		Cashier:    "数据格式有误，未办理；请联系信息科。",
		Technician: fmt.Sprintf(format, args...),
	}
}

func noSettlement(number string) error {
	return &settle.Refusal{
		Code: CodeNoSettlement, Field: "number",
		Cashier:    settle.NoSettlement.Cashier(),
		Technician: fmt.Sprintf("no settlement has the number %q", settle.Clip(number)),
	}
}

// isVoid refuses a reversal's number where a settlement's is wanted.
func isVoid(number, of string) error {
	return &settle.Refusal{
		Code: CodeNoSettlement, Field: "number",
		Cashier:    fmt.Sprintf("%s 是撤销（退费）单号，不是结算单号；原结算单是 %s，请按原单号办理。", number, of),
		Technician: fmt.Sprintf("%s is the void of settlement %s", number, of),
	}
}

func noVoid(number string) error {
	return &settle.Refusal{
		Code: CodeNoSettlement, Field: "number",
		Cashier:    "没有这笔撤销或退费；请核对单号。",
		Technician: fmt.Sprintf("no void has the number %q", settle.Clip(number)),
	}
}

func wrongState(number string, is State, want string) error {
	return &settle.Refusal{
		Code: CodeState, Field: "number",
		Cashier:    fmt.Sprintf("%s 目前%s，不能这样办理，未作改动；请先查看（queue show %[1]s）。", number, is.chinese()),
		Technician: fmt.Sprintf("settlement %s is %s, want %s", number, is, want),
	}
}

// reversed refuses a key whose settlement was reversed: a call that is repeated must
// neither settle the bill again nor say that it is settled.
func reversed(number string, row *settlementRow) error {
	return &settle.Refusal{
		Code: CodeReversed, Field: "key",
		Cashier:    fmt.Sprintf("该账单已结算（%s）又已撤销（%s），本次未结算；要重新结算，请换新的账单号。", number, row.Void),
		Technician: fmt.Sprintf("the key made settlement %s, which void %s reversed", number, row.Void),
	}
}

func keptMisfit(format string, args ...any) error {
	return &settle.Refusal{
		Code: CodeKept, Field: "kept",
		Cashier:    "退费后保留的部分与原结算不符，未办理；请联系信息科。",
		Technician: fmt.Sprintf(format, args...),
	}
}

func noRequest(number, msgid, last string) error {
	return &settle.Refusal{
		Code: CodeNoRequest, Field: "msgid",
		Cashier:    "医保平台的回复与已发送的请求不符，未采用；系统会自动再查，请稍候。",
		Technician: fmt.Sprintf("settlement %s: answer to request %q, the last request is %q", number, settle.Clip(msgid), last),
	}
}

// corrupt says that the bbolt file does not hold what was put into it.
type corrupt struct {
	why      string
	panicked bool // bbolt did, and may hold its locks
	other    bool // it is whole, and of another version of the program
}

func (c *corrupt) Error() string {
	if c.other {
		return c.why
	}
	return "queue file is damaged: " + c.why
}

func corruptf(format string, args ...any) error { return &corrupt{why: fmt.Sprintf(format, args...)} }
