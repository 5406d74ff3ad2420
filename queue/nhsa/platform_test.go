package nhsa_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"settled/queue/nhsa"
)

// model is a platform as far as a settlement's money depends on it: of one person, one
// outpatient number and one admission. What is in late arrives at some time after its
// sender gave up waiting.
type model struct {
	ids     int
	visits  map[string]*attended
	booked  []*posted
	late    []request // and those that do right after the next one
	soon    []request
	walkLog []string
}

// attended is a visit: of a registration, or of the admission.
type attended struct {
	stay bool
	fees []string // that are uploaded
	by   *posted  // that has them; nil: they are not settled
}

// posted is a settlement.
type posted struct {
	id, msgid, visit string
	live             bool
	refunded         string // msgid of its cancellation
}

type request struct {
	infno, msgid string
	input        any
}

// admission is the visit that the hospital made.
const admission = "V1"

func newModel() *model { return &model{visits: map[string]*attended{admission: {stay: true}}} }

func (m *model) id(kind string) string {
	m.ids++
	return fmt.Sprint(kind, m.ids)
}

func (m *model) live() (list []*posted) {
	for _, p := range m.booked {
		if p.live {
			list = append(list, p)
		}
	}
	return list
}

// do does a request and gives its output, or why it is refused.
func (m *model) do(r request) (output, no string) {
	switch in := r.input.(type) {
	case nhsa.PersonQuery:
		return person, ""
	case nhsa.Register:
		if len(m.visits) > 1 {
			return "", "门诊号已挂号"
		}
		id := m.id("R")
		m.visits[id] = &attended{}
		return `{"data":{"mdtrt_id":"` + id + `"}}`, ""
	case nhsa.VisitsQuery:
		rows := []string{}
		for id, v := range m.visits {
			if !v.stay {
				rows = append(rows, `{"mdtrt_id":"`+id+`","ipt_otp_no":"MZ0017"}`)
			}
		}
		return `{"mdtrtinfo":[` + strings.Join(rows, ",") + `]}`, ""
	case nhsa.VisitUpload:
		return m.in(in.Visit.VisitID, func(*attended) (string, string) { return "", "" })
	case nhsa.FeeUpload:
		return m.in(in.Fees[0].VisitID, func(v *attended) (string, string) { return v.charge(in.Fees[0].LineNo) })
	case nhsa.InpatientFees:
		return m.in(in.Fees[0].VisitID, func(v *attended) (string, string) { return v.charge(in.Fees[0].LineNo) })
	case nhsa.DropFees:
		return m.in(in.Data.VisitID, (*attended).drop)
	case nhsa.InpatientDrop:
		return m.in(in.Data.VisitID, (*attended).drop)
	case nhsa.FeeLinesQuery:
		return m.in(in.Data.VisitID, (*attended).lines)
	case nhsa.Unregister:
		return m.in(in.Data.VisitID, func(v *attended) (string, string) {
			if len(v.fees) > 0 {
				return "", "存在费用明细或结算信息"
			}
			delete(m.visits, in.Data.VisitID)
			return "", ""
		})
	case nhsa.Trial:
		return m.in(in.Data.VisitID, func(v *attended) (string, string) { return trial, v.ready() })
	case nhsa.InpatientTrial:
		return m.in(in.Data.VisitID, func(v *attended) (string, string) { return trial, v.ready() })
	case nhsa.Final:
		return m.in(in.Data.VisitID, func(v *attended) (string, string) { return m.settle(r.msgid, in.Data.VisitID, v) })
	case nhsa.InpatientFinal:
		return m.in(in.Data.VisitID, func(v *attended) (string, string) { return m.settle(r.msgid, in.Data.VisitID, v) })
	case nhsa.Cancel:
		return m.cancel(r.msgid, in.Data.SettlementID)
	case nhsa.Reverse:
		return m.reverse(in.Data.MsgID)
	}
	return "", fmt.Sprintf("未知交易 %T", r.input)
}

func (m *model) in(visit string, do func(*attended) (output, no string)) (output, no string) {
	v := m.visits[visit]
	if v == nil {
		return "", "就诊信息不存在"
	}
	return do(v)
}

func (v *attended) charge(line string) (output, no string) {
	switch {
	case v.by != nil:
		return "", "已结算，不能再上传费用明细"
	case slices.Contains(v.fees, line):
		return "", "费用明细流水号重复"
	}
	v.fees = append(v.fees, line)
	return "", ""
}

func (v *attended) drop() (output, no string) {
	if len(v.fees) == 0 || v.by != nil {
		return "", "未查询到可撤销的未结算费用明细"
	}
	v.fees = nil
	return "", ""
}

func (v *attended) lines() (output, no string) {
	rows := []string{}
	for _, line := range v.fees {
		settled := ""
		if v.by != nil {
			settled = v.by.id
		}
		rows = append(rows, `{"feedetl_sn":"`+line+`","setl_id":"`+settled+`"}`)
	}
	return `{"feedetail":[` + strings.Join(rows, ",") + `]}`, ""
}

// ready tells why fees can't be settled.
func (v *attended) ready() (no string) {
	switch {
	case v.by != nil:
		return "已结算，请勿重复结算"
	case len(v.fees) != 1:
		return "医疗总费用与已上传费用不相等"
	}
	return ""
}

func (m *model) settle(msgid, visit string, v *attended) (output, no string) {
	if no := v.ready(); no != "" {
		return "", no
	}
	p := &posted{id: m.id("S"), msgid: msgid, visit: visit, live: true}
	m.booked, v.by = append(m.booked, p), p
	return strings.NewReplacer(`"S1"`, `"`+p.id+`"`, `"V1"`, `"`+visit+`"`).Replace(final), ""
}

func (m *model) cancel(msgid, id string) (output, no string) {
	for _, p := range m.booked {
		if p.id == id {
			if !p.live {
				return "", "退费结算标志不为未退费"
			}
			p.live, p.refunded, m.visits[p.visit].by = false, msgid, nil
			return strings.NewReplacer(`"S2"`, `"`+m.id("S")+`"`, `"V1"`, `"`+p.visit+`"`).Replace(back), ""
		}
	}
	return "", "未查询到结算信息"
}

func (m *model) reverse(msgid string) (output, no string) {
	for _, p := range m.booked {
		switch {
		case p.msgid == msgid && !p.live:
			return "", "退费结算标志不为未退费"
		case p.msgid == msgid:
			p.live, m.visits[p.visit].by = false, nil
			return "", ""
		case p.refunded == msgid && m.visits[p.visit].by != nil:
			return "", "费用已被其他结算占用"
		case p.refunded == msgid:
			p.live, p.refunded, m.visits[p.visit].by = true, "", p
			return "", ""
		}
	}
	return "", "冲正失败:未查询到原报文"
}

// arrive has what is late arrive in any order; all of it, or about every other one.
func (m *model) arrive(rnd *rand.Rand, all bool) {
	rnd.Shuffle(len(m.late), func(i, j int) { m.late[i], m.late[j] = m.late[j], m.late[i] })
	for n := len(m.late); n > 0; n-- {
		if all || rnd.IntN(2) == 0 {
			_, no := m.do(m.late[0])
			m.say("late %s %s: %s", m.late[0].infno, m.late[0].msgid, no)
			m.late = m.late[1:]
		}
	}
}

func (m *model) say(format string, args ...any) {
	m.walkLog = append(m.walkLog, fmt.Sprintf(format, args...))
}
