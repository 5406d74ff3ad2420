package nhsa

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// MaxBody is the largest request that is made. The specification's limit for input
// (C40000) is not kept by clients in practice, which send 100 lines a message.
const MaxBody = 1 << 20

// Head is what every request of a seat has in common.
type Head struct {
	Institution     string // 定点医药机构编号 fixmedins_code, letter + 11 digits
	InstitutionName string // 定点医药机构名称 fixmedins_name
	TreatmentArea   string // 就医地医保区划 mdtrtarea_admvs; "" is Shenzhen, 440300
	InsuredArea     string // 参保地医保区划 insuplc_admdvs; "" is the treatment area
	Receiver        string // 接收方系统代码 recer_sys_code; "" is "SY"
	Version         string // 接口版本号 infver; "" is "V1.0"
	OperatorType    string // 经办人类别 opter_type: 1 clerk (""), 2 self-service, 3 mobile
	Operator        string // 经办人 opter
	OperatorName    string // 经办人姓名 opter_name
	Device          string // 设备编号 dev_no
}

// Shenzhen is the administrative division (医保区划) of Shenzhen.
const Shenzhen = "440300"

// envelope is the request, keys in the specification's order (1.1).
type envelope struct {
	Infno           string          `json:"infno" wire:"C6*"`
	MsgID           string          `json:"msgid" wire:"C30*"`
	TreatmentArea   string          `json:"mdtrtarea_admvs" wire:"C6*"`
	InsuredArea     string          `json:"insuplc_admdvs" wire:"C6*"`
	Receiver        string          `json:"recer_sys_code" wire:"C10*"`
	Device          string          `json:"dev_no" wire:"C100"`
	DeviceSafety    string          `json:"dev_safe_info" wire:"C2000"`
	CAInfo          string          `json:"cainfo" wire:"C1024"`
	SignType        string          `json:"signtype" wire:"C10"`
	Version         string          `json:"infver" wire:"C6*"`
	OperatorType    string          `json:"opter_type" wire:"C3*"`
	Operator        string          `json:"opter" wire:"C30*"`
	OperatorName    string          `json:"opter_name" wire:"C50*"`
	Time            string          `json:"inf_time" wire:"T*"`
	Institution     string          `json:"fixmedins_code" wire:"C12*"`
	InstitutionName string          `json:"fixmedins_name" wire:"C200*"`
	SignNo          string          `json:"sign_no" wire:"C30"`
	Input           json.RawMessage `json:"input"`
}

// Zone is the platform's time: Asia/Shanghai, which has had no summer time since
// 1991, so it needs no time-zone data.
func Zone() *time.Location { return time.FixedZone("CST", 8*3600) }

// TimeLayout is how the interface writes an instant (T).
const TimeLayout = "2006-01-02 15:04:05"

// Encode makes the exact body of a request: UTF-8 JSON, keys in the
// specification's order, numbers as strings, nothing null. msgid is the caller's
// (unique in the institution, at most 30 characters), at the time of the message,
// signNo that of the day's sign-in ("" for 9001). What is missing or too long is a
// [FieldError] and nothing is made.
func Encode(head Head, infno, msgid string, at time.Time, signNo string, input any) ([]byte, error) {
	if err := CheckRequest(infno, input); err != nil {
		return nil, err
	}
	in, err := compact(input)
	if err != nil {
		return nil, fmt.Errorf("encode input of %s: %w", infno, err)
	}
	e := head.envelope()
	e.Infno, e.MsgID, e.SignNo, e.Input = infno, msgid, signNo, in
	e.Time = at.In(Zone()).Format(TimeLayout)
	if err := check(e, ""); err != nil {
		return nil, err
	}
	body, err := compact(e)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", infno, err)
	}
	most := MaxBody
	if infno == InfoUpload {
		most = MaxUpload
	}
	if len(body) > most {
		return nil, &FieldError{Field: "input", Want: fmt.Sprintf("a message of at most %d bytes", most)}
	}
	return body, nil
}

func (h Head) envelope() envelope {
	area := or(h.TreatmentArea, Shenzhen)
	return envelope{
		TreatmentArea: area, InsuredArea: or(h.InsuredArea, area),
		Receiver: or(h.Receiver, "SY"), Version: or(h.Version, "V1.0"),
		OperatorType: or(h.OperatorType, "1"), Operator: h.Operator, OperatorName: h.OperatorName,
		Device: h.Device, Institution: h.Institution, InstitutionName: h.InstitutionName,
	}
}

// compact encodes without the HTML escapes that json.Marshal puts in.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
