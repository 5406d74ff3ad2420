package nhsa

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"settled/settle"
)

// Kinds of messages and outcomes of replies, as [Inspection] names them.
const (
	KindRequest    = "request"
	KindReply      = "reply"
	KindUnreadable = "unreadable"

	OutcomeOK         = "ok"
	OutcomeBusiness   = "business_refusal"
	OutcomeAccess     = "access_refusal"
	OutcomeUnreadable = "unreadable"
)

// Inspection is what can be told of a message.
type Inspection struct {
	Kind       string     `json:"kind"`
	Infno      string     `json:"infno,omitempty"`   // of a request; of a reply where it can be told
	Name       string     `json:"name,omitempty"`    // of the transaction, in Chinese
	Outcome    string     `json:"outcome,omitempty"` // of a reply
	Message    string     `json:"message,omitempty"` // the platform's words; why it is unreadable
	Identities Identities `json:"identities"`
	Warnings   []string   `json:"warnings"` // name fields and codes, never what a field says of a person
}

// Inspect looks at a request or a reply of any province, leniently: UTF-8, UTF-16 or
// GB18030, numbers as text, a row for a list, JSON within a string, names of fields in
// another spelling, the message within something else. What of it the daemon would not
// read is warned of. It never fails.
func (s *Spec) Inspect(data []byte) Inspection {
	in := Inspection{Identities: noIdentities(), Warnings: []string{}}
	text := in.decoded(data)
	v, err := readJSON(text)
	if err != nil {
		return in.unreadable(text, err)
	}
	msg, err := s.messageIn(&in, v)
	if err != nil {
		return in.unreadable(text, err)
	}
	switch {
	case has(msg, "infcode"), has(msg, "code") && !has(msg, "infno"), text1(msg, "type") == "error":
		s.inspectReply(&in, msg)
	case has(msg, "infno"):
		s.inspectRequest(&in, msg)
	case has(msg, "output"), bareReply(msg), gatewayWord(msg).found:
		s.inspectReply(&in, msg)
	case encrypted(msg):
		in.Kind, in.Message = KindUnreadable, "encrypted (encData): decrypt it first"
	default:
		in.Kind, in.Message = KindUnreadable, "neither a request (no infno) nor a reply (no infcode, no code)"
	}
	return in
}

// unreadable tells of what is no JSON object. A reply that was cut is a reply yet.
func (in Inspection) unreadable(text []byte, err error) Inspection {
	in.Kind, in.Message = KindUnreadable, err.Error()
	start := text[:min(len(text), 4096)]
	if bytes.Contains(start, []byte(`"infcode"`)) {
		in.Kind, in.Outcome = KindReply, OutcomeUnreadable
	}
	return in
}

func (in *Inspection) warn(format string, args ...any) {
	in.Warnings = append(in.Warnings, fmt.Sprintf(format, args...))
}

func (s *Spec) inspectRequest(in *Inspection, msg map[string]any) {
	in.Kind, in.Infno = KindRequest, text1(msg, "infno")
	c := checker{spec: s, in: in}
	c.row("", msg, s.head)
	t := s.transaction(in.Infno)
	if t == nil {
		in.warn("infno %q: not a transaction that is known", in.Infno)
	} else {
		in.Name = t.name
		input := s.innermost(in, "input", msg["input"], func(o map[string]any) bool { return hasNode(o, t.request) })
		c.nodes("input", input, t.request)
		if strings.HasPrefix(in.Infno, "2207") {
			c.parts(input)
		}
		c.products(input)
	}
	if c.templates > 0 {
		in.warn("template: %d fields hold a placeholder, not a value", c.templates)
	}
}

func (s *Spec) inspectReply(in *Inspection, msg map[string]any) {
	in.Kind, in.Outcome = KindReply, OutcomeOK
	node, out := "output", msg["output"]
	if !has(msg, "infcode") && !has(msg, "output") && has(msg, "data") { // a gateway's or the e-credential's own envelope
		node, out = "data", msg["data"]
	} else if bareReply(msg) {
		out = msg
	}
	out = s.innermost(in, node, out, func(o map[string]any) bool { return replyInfno(o) != "" })
	in.Infno = replyInfno(out)
	in.Message = maskNumbers(clip(or(firstText(msg, "err_msg", "message", "msg"), gatewayWord(msg).words)))
	in.Outcome = s.outcome(in, msg)
	if in.Outcome != OutcomeOK {
		return
	}
	c := checker{spec: s, in: in}
	if has(msg, "infcode") {
		c.row("", msg, s.replyHead)
	}
	c.opaque(node, msg, out)
	if t := s.transaction(in.Infno); t != nil {
		in.Name = t.name
		c.nodes("output", out, t.reply)
		in.Identities = identitiesOf(in.Infno, out)
		c.family(out)
	}
}

// outcome judges a reply as the daemon would, by [ReadReply]; what that leaves open is
// judged by what comes with it.
func (s *Spec) outcome(in *Inspection, msg map[string]any) string {
	if word := gatewayWord(msg); !has(msg, "infcode") && !has(msg, "code") && word.found && !word.yes {
		return OutcomeAccess
	}
	if !has(msg, "infcode") && !has(msg, "code") && !has(msg, "type") || okGateway(msg) {
		return OutcomeOK
	}
	code := text1(msg, "infcode")
	body, err := json.Marshal(envelopeOf(msg))
	if err == nil {
		_, err = ReadReply(in.Infno, http.StatusOK, body)
	}
	switch outcome := outcomeOf(err); {
	case err == nil:
		return OutcomeOK
	case outcome == OutcomeUnreadable && strings.HasPrefix(code, "-"):
		in.warn("err_msg: this no leaves open what became of the request: %v", errors.Unwrap(err))
		return OutcomeBusiness
	case outcome == OutcomeUnreadable && has(msg, "infcode"):
		return s.oddInfcode(in, msg)
	case outcome == OutcomeUnreadable: // a gateway's 500 to 599
		in.warn("code: %q is a failure behind the gateway; what became of the request is not certain", settle.Clip(text1(msg, "code")))
		return OutcomeAccess
	default:
		if code != "" && code != "-1" {
			in.warn("infcode: %q, where 0 or -1 is due", settle.Clip(code))
		}
		return outcome
	}
}

// envelopeOf is a reply without its content, which does not decide about its outcome.
func envelopeOf(msg map[string]any) map[string]any {
	head := map[string]any{}
	for name, v := range msg {
		switch v.(type) {
		case map[string]any, []any:
		default:
			head[name] = v
		}
	}
	return head
}

// oddInfcode judges an infcode that is neither 0 nor negative by what comes with it: an
// annex of the published text has "1" for a success. The daemon takes such an answer for
// an unknown outcome, and asks.
func (s *Spec) oddInfcode(in *Inspection, msg map[string]any) string {
	in.warn("infcode: %q, where 0 or -1 is due", settle.Clip(text1(msg, "infcode")))
	switch {
	case in.Infno != "":
		return OutcomeOK
	case in.Message != "":
		return OutcomeBusiness
	}
	return OutcomeUnreadable
}

// okGateway tells a gateway's envelope that says yes: {code: 0 or 200, data}.
func okGateway(msg map[string]any) bool {
	code := text1(msg, "code")
	return !has(msg, "infcode") && has(msg, "code") && (isZero(code) || code == "200") && text1(msg, "type") != "error"
}

func outcomeOf(err error) string {
	var business *BusinessRefusal
	var access *AccessRefusal
	switch {
	case errors.As(err, &business):
		return OutcomeBusiness
	case errors.As(err, &access):
		return OutcomeAccess
	}
	return OutcomeUnreadable
}

// bareReply tells the file transactions' answers, which come without an envelope.
func bareReply(msg map[string]any) bool { return has(msg, "file_qury_no") && !has(msg, "infno") }

// replyInfno tells from the nodes of an output which transaction it answers, "" if
// that can't be told. 2204's and 2301's answers are alike; it says 2204.
func replyInfno(out any) string {
	o, ok := out.(map[string]any)
	if !ok {
		return ""
	}
	if rows := rowsOf(child(o, "setlinfo")); len(rows) > 0 {
		return settlementInfno(rows[0])
	}
	for _, sign := range [...]struct{ node, field, infno string }{ // no field: the node alone tells
		{"baseinfo", "", "1101"},
		{"insuinfo", "", "1101"},
		{"trtinfo", "", "2001"},
		{"result", "feedetl_sn", "2204"},
		{"result", "trt_dcla_detl_sn", "2505"},
		{"result", "clr_appy_evt_id", "3203"},
		{"result", "mdtrt_id", "2401"},
		{"data", "ipt_otp_no", "2201"},
		{"signinoutb", "sign_no", "9001"},
		{"signinoutb", "sign_time", "9002"},
		{"stmtinfo", "", "3201"},
		{"fileinfo", "", "3202"},
		{"medinsinfo", "fixmedins_code", "1201"},
		{"cuminfo", "", "5206"},
		{"psnfixmedin", "", "5302"},
		{"mdtrtinfo", "mdtrt_id", "5201"},
		{"feedetail", "opsp_dise_code", "5301"},
	} {
		if rows := rowsOf(child(o, sign.node)); len(rows) > 0 && (sign.field == "" || text1(rows[0], sign.field) != "") {
			return sign.infno
		}
	}
	switch {
	case has(o, "ecToken"):
		return "1162"
	case has(o, "file_qury_no") && has(o, "data_cnt"):
		return "1301"
	case has(o, "file_qury_no"):
		return "9101"
	}
	return ""
}

// settlementInfno tells trial, settlement and reversal apart, and outpatients from
// inpatients. What has the fields of the settlement query is one.
func settlementInfno(row map[string]any) string {
	outpatient := text1(row, "clr_type") != "21" && !strings.HasPrefix(text1(row, "med_type"), "2")
	infno := map[bool][3]string{true: {"2206", "2207", "2208"}, false: {"2303", "2304", "2305"}}[outpatient]
	total, known := amountOf(row, "medfee_sumamt")
	switch {
	case has(row, "refd_setl_flag") || has(row, "invono"):
		return "5203"
	case known && total < 0:
		return infno[2]
	case text1(row, "setl_id") == "":
		return infno[0]
	}
	return infno[1]
}
