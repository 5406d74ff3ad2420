package nhsa

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"settled/settle"
)

// Reply is the platform's yes to a request.
type Reply struct {
	Infno       string
	RefMsgID    string          // inf_refmsgid 接收方报文ID
	RefTime     string          // refmsg_time, yyyyMMddHHmmssSSS
	RespondTime string          // respond_time, yyyyMMddHHmmssSSS
	Warning     string          // warn_msg
	Output      json.RawMessage // whole: also the fields that the types of [ReadOutput] do not know
	Body        []byte          // as it came, in UTF-8: evidence; holds personal data in clear
}

// String leaves out what is personal.
func (r Reply) String() string {
	return fmt.Sprintf("reply to %s (%s), %d bytes", r.Infno, or(r.RefMsgID, "no reference"), len(r.Body))
}

// GoString is String.
func (r Reply) GoString() string { return r.String() }

// answer is all the shapes a reply comes in: the envelope (interface 1.2), the
// access layer's {type, infcode, err_msg} and gateways' {code, type, message, data}.
type answer struct {
	Infcode     *Text           `json:"infcode"`
	RefMsgID    Text            `json:"inf_refmsgid"`
	RefTime     Text            `json:"refmsg_time"`
	RespondTime Text            `json:"respond_time"`
	ErrMsg      Text            `json:"err_msg"`
	WarnMsg     Text            `json:"warn_msg"`
	Output      json.RawMessage `json:"output"`
	Type        Text            `json:"type"`
	Code        *Text           `json:"code"`
	Message     Text            `json:"message"`
	Success     *bool           `json:"success"`
	FileNo      Text            `json:"file_qury_no"` // of 9101, which answers without an envelope
}

var (
	errShape   = errors.New("the answer has neither infcode nor code")
	errArrived = errors.New("the message id was used before: the message had arrived")
	errInfcode = errors.New("the answer's infcode is neither 0 nor negative")
	errRanOut  = errors.New("the platform ran out of time: what became of it is not known")
)

// ReadReply makes sense of an HTTP answer to transaction infno. The error is
// *[Unknown], *[AccessRefusal] or *[BusinessRefusal].
func ReadReply(infno string, status int, body []byte) (Reply, error) {
	if status >= 500 {
		return Reply{}, &Unknown{Infno: infno, Status: status, Err: errors.New("server failure")}
	}
	body = inUTF8(body)
	a, err := parseAnswer(body)
	switch {
	case err == nil && !isZero(text(a.Infcode)) && (ranOut(string(a.ErrMsg)) || ranOut(string(a.Message))):
		return Reply{}, &Unknown{Infno: infno, Status: status, Err: errRanOut}
	case err == nil && a.Infcode != nil:
		return a.envelope(infno, status, body)
	case err == nil && a.turnedAway():
		return Reply{}, &AccessRefusal{Infno: infno, Status: status, Code: or(text(a.Code), string(a.Type)), Message: string(a.Message)}
	case err == nil && infno == InfoUpload && a.FileNo != "" && status < 300:
		return Reply{Infno: infno, Output: body, Body: body}, nil
	case turnedAway(status):
		return Reply{}, &AccessRefusal{Infno: infno, Status: status, Message: http.StatusText(status)}
	case err == nil:
		err = errShape
	}
	return Reply{}, &Unknown{Infno: infno, Status: status, Err: fmt.Errorf("unreadable answer: %w", err)}
}

func parseAnswer(body []byte) (a answer, err error) {
	err = json.Unmarshal(body, &a)
	return a, err
}

// inUTF8 is a text of the platform without the mark of its order of bytes: UTF-8, as it is
// due, or GB18030, as some gateways write their refusals.
func inUTF8(text []byte) []byte {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if utf8.Valid(text) {
		return text
	}
	if decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(text); err == nil {
		return decoded
	}
	return text
}

// envelope judges an answer that has an infcode.
func (a answer) envelope(infno string, status int, body []byte) (Reply, error) {
	code := text(a.Infcode)
	switch {
	case isZero(code) && status < 300:
		return Reply{
			Infno: infno, RefMsgID: string(a.RefMsgID), RefTime: string(a.RefTime), RespondTime: string(a.RespondTime),
			Warning: string(a.WarnMsg), Output: unwrap(a.Output), Body: body,
		}, nil
	case strings.EqualFold(string(a.Type), "error"), gatewayWords(string(a.ErrMsg)):
		return Reply{}, &AccessRefusal{Infno: infno, Status: status, Code: code, Message: string(a.ErrMsg)}
	case strings.HasPrefix(code, "-") && arrivedBefore(string(a.ErrMsg)):
		return Reply{}, &Unknown{Infno: infno, Status: status, Err: errArrived}
	case strings.HasPrefix(code, "-") && !isZero(code):
		return Reply{}, &BusinessRefusal{Infno: infno, Infcode: code, Message: string(a.ErrMsg), RefMsgID: string(a.RefMsgID)}
	}
	return Reply{}, &Unknown{Infno: infno, Status: status, Err: fmt.Errorf("%w: %q", errInfcode, settle.Clip(code))}
}

// turnedAway tells a gateway's refusal from an object of any other kind. A code
// 500..599 is the gateway's word for a failure behind it, after which nothing is
// certain.
func (a answer) turnedAway() bool {
	if code := text(a.Code); len(code) == 3 && code[0] == '5' {
		return false
	}
	if a.Success != nil && !*a.Success {
		return true
	}
	return a.Code != nil && !isZero(text(a.Code)) && text(a.Code) != "200"
}

// turnedAway lists the statuses that a server gives before it works on a request.
// 408, 409 and 499 are not among them.
func turnedAway(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusProxyAuthRequired,
		http.StatusLengthRequired, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong,
		http.StatusUnsupportedMediaType, http.StatusMisdirectedRequest, http.StatusTooManyRequests,
		http.StatusRequestHeaderFieldsTooLarge:
		return true
	}
	return status >= 300 && status < 400
}

// arrivedBefore tells the refusal of a message id that was used. None is sent twice from
// here, so something on the way did: what came of the first is not known.
func arrivedBefore(s string) bool {
	return strings.Contains(s, "报文ID") && strings.Contains(s, "重复")
}

// ranOut tells a no that only says that something behind whoever answers was too slow: it
// may have been done all the same. A time stamp or a code that is too old is another matter.
func ranOut(s string) bool {
	s = strings.ToLower(s)
	for _, w := range []string{"请求超时", "调用超时", "响应超时", "处理超时", "服务超时", "系统超时", "接口超时", "连接超时", "读取超时", "timeout", "timed out", "time out"} {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// gatewayCauses are the texts that gateways are known to answer with (interface 6), with
// what is to be looked at.
var gatewayCauses = [...]struct{ words, chinese, english string }{ // never written to
	{"缺少服务网关的请求头", "网关种类和请求头", "the kind of the gateway"},
	{"签名时间戳超时", "本机时钟", "this machine's clock"},
	{"非法用户", "接入编号（paasid）", "the id that the gateway knows (paasid)"},
	{"签名不一致", "接入密钥", "the gateway's secret"},
	{"未知交易编号", "平台地址", "the gateway's address"},
}

// gatewayWords tells a text that gateways are known to answer with.
func gatewayWords(s string) bool {
	chinese, _ := gatewayCause(s)
	return chinese != ""
}

// gatewayCause is what is to be looked at after a gateway's answer; "" is not known.
func gatewayCause(s string) (chinese, english string) {
	for _, c := range gatewayCauses {
		if strings.Contains(s, c.words) {
			return c.chinese, c.english
		}
	}
	return "", ""
}

func text(t *Text) string {
	if t == nil {
		return ""
	}
	return string(*t)
}

func isZero(code string) bool {
	code = strings.TrimPrefix(code, "-")
	return code != "" && strings.Trim(code, "0.") == ""
}

// unwrap takes an object or list that came as JSON in a string out of it.
func unwrap(output json.RawMessage) json.RawMessage {
	var s string
	if len(output) > 0 && output[0] == '"' && json.Unmarshal(output, &s) == nil {
		if t := strings.TrimSpace(s); (strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[")) && json.Valid([]byte(t)) {
			return json.RawMessage(t)
		}
	}
	return output
}

// read decodes the output of a reply into v. An output that is absent, null or
// empty leaves v as it is. What does not fit is *[Unknown]: the transaction was
// done, and what came of it is not known.
func (r Reply) read(v any) error {
	if hollow(r.Output) {
		return nil
	}
	if err := json.Unmarshal(r.Output, v); err != nil {
		return &Unknown{Infno: r.Infno, Status: http.StatusOK, Err: fmt.Errorf("unreadable output: %w", err)}
	}
	return nil
}

// others is the error for an answer that names another person or visit than the request
// was about: it is the answer to another request, and what came of this one is not known.
func (r Reply) others(what string) error {
	return &Unknown{Infno: r.Infno, Status: http.StatusOK, Err: fmt.Errorf("the answer is about another %s", what)}
}

// about fails if a field that the answer has is not what was asked about, if that is known.
func (r Reply) about(what, got, asked string) error {
	if got == "" || asked == "" || got == asked {
		return nil
	}
	return r.others(what)
}

// lacking is the error for a yes without the field that it is for.
func (r Reply) lacking(field string) error {
	return &Unknown{Infno: r.Infno, Status: http.StatusOK, Err: fmt.Errorf("the answer has no %s", field)}
}
