package nhsa

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"settled/settle"
)

// Unknown says that the outcome of a request is not known: time-out, cut, HTTP 5xx,
// or an answer that cannot be read. Ask and reverse before doing it again
// (interface 6), unless NotSent.
type Unknown struct {
	Infno   string
	NotSent bool  // certain that not a byte of the request left: the stored request may be sent as it is
	Status  int   // HTTP status, 0 if there was none
	Err     error // cause, without a word of the messages
}

// Error is the technician's sentence.
func (e *Unknown) Error() string {
	what := "outcome unknown"
	if e.NotSent {
		what = "not sent"
	}
	if e.Status != 0 {
		return fmt.Sprintf("transaction %s: %s: HTTP status %d: %v", e.Infno, what, e.Status, e.Err)
	}
	return fmt.Sprintf("transaction %s: %s: %v", e.Infno, what, e.Err)
}

// Unwrap gives the cause.
func (e *Unknown) Unwrap() error { return e.Err }

// Refusal is the failure for people.
func (e *Unknown) Refusal() *settle.Refusal {
	zh := "医保平台没有给出明确答复，系统会自动核对后继续上传，无需重复操作。"
	code := settle.Code("PLATFORM_UNKNOWN")
	if e.NotSent {
		zh, code = "连接不上医保平台，数据未发出，网络恢复后自动上传。", "PLATFORM_UNREACHABLE"
	}
	return &settle.Refusal{Code: code, Cashier: zh, Technician: e.Error()}
}

// AccessRefusal says that the gateway or the access layer turned the request away
// before any business was looked at: wrong signature, clock, address or number.
// Nothing happened; the whole line has this trouble, not one record.
type AccessRefusal struct {
	Infno   string
	Status  int    // HTTP status
	Code    string // the gateway's code, as text
	Message string // the gateway's words
}

// Error is the technician's sentence.
func (e *AccessRefusal) Error() string {
	return fmt.Sprintf("transaction %s turned away by the access layer: HTTP status %d, code %q: %s",
		e.Infno, e.Status, e.Code, maskNumbers(settle.Clip(e.Message)))
}

// Known tells that the words are a gateway's own, which name nobody.
func (e *AccessRefusal) Known() bool { return gatewayWords(e.Message) }

// Refusal is the failure for people.
func (e *AccessRefusal) Refusal() *settle.Refusal {
	r := &settle.Refusal{
		Code:       "PLATFORM_ACCESS",
		Cashier:    "医保接入网关拒绝了请求（" + or(maskNumbers(e.Message), "未说明原因") + "），请通知信息科。",
		Technician: e.Error(),
	}
	if chinese, english := gatewayCause(e.Message); chinese != "" {
		r.Cashier = strings.TrimSuffix(r.Cashier, "。") + "核对" + chinese + "。"
		r.Technician += "; look at " + english
	}
	return r
}

// BusinessRefusal says that the platform looked at the request and said no
// (infcode -1). Nothing was booked.
type BusinessRefusal struct {
	Infno    string
	Infcode  string
	Message  string // err_msg, in Chinese; may name a person
	RefMsgID string // inf_refmsgid, mostly empty
}

// Error is the technician's sentence; id numbers in it are masked.
func (e *BusinessRefusal) Error() string {
	return fmt.Sprintf("transaction %s refused by the platform (infcode %s): %s",
		e.Infno, e.Infcode, or(maskNumbers(e.Message), "no reason given"))
}

// Refusal is the failure for people, in the platform's own words.
func (e *BusinessRefusal) Refusal() *settle.Refusal {
	return &settle.Refusal{
		Code:       "PLATFORM_REFUSED",
		Cashier:    "医保平台不予办理（交易" + e.Infno + "）：" + or(maskNumbers(e.Message), "平台未说明原因"),
		Technician: e.Error(),
	}
}

// StaleSignIn guesses from its words that the refusal is about the sign-in, so that
// signing in again may help. No such text is public (interface 6).
func (e *BusinessRefusal) StaleSignIn() bool { return strings.Contains(e.Message, "签到") }

// mentions tells whether the refusal's text holds one of the phrases.
func (e *BusinessRefusal) mentions(phrases ...string) bool {
	for _, p := range phrases {
		if strings.Contains(e.Message, p) {
			return true
		}
	}
	return false
}

// nothingToReverse lists what 2601 says when there is nothing left to undo. The
// first was recorded; the rest are what such systems say, since no "not found"
// reply is public (interface 3.10).
func nothingToReverse(e *BusinessRefusal) bool {
	return e.mentions("退费结算标志不为未退费", "已冲正", "已经冲正", "已退费", "已撤销",
		"未查询到", "未找到", "找不到", "没有找到", "不存在", "无需冲正")
}

// asRefused, asUnknown: errors.As in one word.
func asRefused(err error) (*BusinessRefusal, bool) {
	var e *BusinessRefusal
	ok := errors.As(err, &e)
	return e, ok
}

func asUnknown(err error) (*Unknown, bool) {
	var e *Unknown
	ok := errors.As(err, &e)
	return e, ok
}

var idNumber = regexp.MustCompile(`\b(\d{17}[\dXx]|\d{15}|1[3-9]\d{9})\b`)

// maskNumbers masks id numbers and mobile telephone numbers in a text of the platform.
func maskNumbers(s string) string {
	return idNumber.ReplaceAllStringFunc(s, func(n string) string {
		return n[:3] + strings.Repeat("*", len(n)-5) + n[len(n)-2:]
	})
}
