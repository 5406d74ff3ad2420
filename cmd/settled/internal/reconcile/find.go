package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"settled/queue/nhsa"
	"settled/settle"
)

// Kind says how a settlement differs between the books.
type Kind string

// Kinds.
const (
	OnlyHere  Kind = "only_here"  // 机构多
	OnlyThere Kind = "only_there" // 中心多
	Differs   Kind = "differs"    // 金额不一致
	Unclear   Kind = "unclear"    // the platform does not say which, or nothing at all
	OtherDay  Kind = "other_day"  // here under another day, or none: nothing to repair
	Elsewhere Kind = "elsewhere"  // made at another counter of the institution: nothing to repair here
)

// Repair is what a person may have done about a finding. "" is nothing that can be done
// from here: Finding.Do says where.
type Repair string

// Repairs.
const (
	Release Repair = "release" // a held settlement goes on: it is reversed (2601) and settled anew
	Hold    Repair = "hold"    // a void that waits is held until somebody has looked
)

// Sums are the amounts that a statement compares.
type Sums struct {
	Total   settle.Fen `json:"total"`
	Fund    settle.Fen `json:"fund"`
	Account settle.Fen `json:"account"`
}

// Finding is a settlement that differs, and what is proposed.
type Finding struct {
	Item         int            `json:"item"` // its number in the report, from 1
	Kind         Kind           `json:"kind" enum:"only_here,only_there,differs,unclear,other_day,elsewhere"`
	Number       string         `json:"number,omitempty"`  // of the settlement or reversal here; empty: none is known
	Counter      string         `json:"counter,omitempty"` // that made it, if it is another one's and its books are at hand
	Person       settle.Private `json:"person,omitempty"`  // masked
	Refund       bool           `json:"refund"`            // it is of the negative row
	MsgID        string         `json:"msgid,omitempty"`
	SettlementID string         `json:"setl_id,omitempty"`
	VisitID      string         `json:"mdtrt_id,omitempty"`
	Here         *Sums          `json:"here,omitempty"`
	There        *Sums          `json:"there,omitempty"`
	Do           string         `json:"do"`               // what to do, in Chinese
	Repair       Repair         `json:"repair,omitempty"` // what `settled reconcile apply` would do
	Target       string         `json:"target,omitempty"` // the number to which it would do it
}

// Settled tells whether nothing is left to do here about a finding.
func (f *Finding) Settled() bool { return f.Kind == OtherDay || f.Kind == Elsewhere }

// Open is a settlement or reversal here whose outcome nobody knows yet.
type Open struct {
	Number string
	Void   bool // it is a reversal
	Held   bool
}

// Known is what the counter knows beside the rows that were stated.
type Known struct {
	Institution string          // 12 characters
	Counter     string          // two digits
	Rows        []Row           // all that the platform booked, of whatever day
	Open        map[string]Open // by msgid: requests of which nobody knows what became
	Voids       map[string]Open // by settlement: voids that wait
}

// Compare names what a statement's result found. ours are the rows that were stated;
// unread counts lines of the result that could not be read. Lines are matched by msgid,
// and where they have none by setl_id; each row once.
func Compare(ours []Row, lines []nhsa.StatementResult, unread int, k Known) []Finding {
	var found []Finding
	told := make([]bool, len(ours))
	tellsAll := false
	for _, line := range lines {
		tellsAll = tellsAll || line.Finding == nhsa.FoundEqual
		i := match(ours, told, line)
		if i < 0 {
			f := k.stray(line)
			if f.Kind == OtherDay && stated(ours, f.Number) {
				f.Kind, f.Do = Unclear, "平台结果中这一笔出现两次：查 5203，看平台是否记了两笔。"
			}
			found = append(found, f)
			continue
		}
		told[i] = true
		if f, differs := k.about(&ours[i], line); differs {
			found = append(found, f)
		}
	}
	for i := range ours {
		if !told[i] && (tellsAll || len(lines) == 0 || unread > 0) {
			f := here(&ours[i])
			f.Kind, f.Do = Unclear, "平台结果文件没有提到这一笔：查 5203，再对一次账。"
			found = append(found, f)
		}
	}
	for i := range found {
		if f := &found[i]; f.Counter != "" && !f.Settled() {
			f.Repair, f.Target, f.Do = "", "", "在本院 "+f.Counter+" 号窗口办理："+f.Do
		}
	}
	return found
}

func stated(ours []Row, number string) bool {
	return slices.ContainsFunc(ours, func(r Row) bool { return r.Number == number })
}

// match gives the row that a line is about, -1 if there is none.
func match(ours []Row, told []bool, line nhsa.StatementResult) int {
	for _, same := range []func(r *Row) bool{
		func(r *Row) bool { return line.MsgID != "" && r.Booked.MsgID == line.MsgID },
		func(r *Row) bool {
			return line.MsgID == "" && line.SettlementID != "" && r.Booked.SettlementID == line.SettlementID && r.Negative == (line.Refund == "1")
		},
	} {
		for i := range ours {
			if !told[i] && same(&ours[i]) {
				return i
			}
		}
	}
	return -1
}

// here begins a finding about a row.
func here(r *Row) Finding {
	b := r.Booked
	return Finding{
		Number: r.Number, Counter: r.Counter, Person: r.Person, Refund: r.Negative, MsgID: b.MsgID, SettlementID: b.SettlementID, VisitID: b.VisitID,
		Here: &Sums{Total: b.Total, Fund: b.Fund, Account: b.Own + b.Family},
	}
}

// about says what a line finds of a row that it is about.
func (k *Known) about(r *Row, line nhsa.StatementResult) (Finding, bool) {
	f := here(r)
	f.There = sumsOf(line)
	switch line.Finding {
	case nhsa.FoundEqual:
		if f.There == nil || *f.There == *f.Here {
			return f, false
		}
		k.differ(&f)
	case nhsa.FoundHospital:
		k.onlyHere(&f)
	default:
		k.differ(&f)
	}
	return f, true
}

func (k *Known) differ(f *Finding) {
	f.Kind, f.Do = Differs, "金额以平台为准：查 5203，与凭条核对；差额由窗口补收或退还，并在差额表中登记。"
}

// onlyHere: the platform acknowledged it once, and does not have it now.
func (k *Known) onlyHere(f *Finding) {
	f.Kind, f.Do = OnlyHere, "平台没有这一笔：查 5201、5203；确实没有，则撤销本地单据（settled void）后重新结算。"
	if v, waits := k.Voids[f.Number]; waits && !v.Held {
		f.Repair, f.Target = Hold, v.Number
		f.Do = "平台没有这一笔，而撤销 " + v.Number + " 待上传：先挂起撤销，查清再放行。"
	}
	if f.Refund {
		f.Do = "平台没有这笔撤销：查 5203；原结算仍在平台，需由平台撤销（2208）。"
	}
}

// stray says what a line finds that no stated row is about.
func (k *Known) stray(line nhsa.StatementResult) Finding {
	f := Finding{
		Kind: OnlyThere, Person: line.PersonNo.Private(), Refund: line.Refund == "1",
		MsgID: line.MsgID, SettlementID: line.SettlementID, VisitID: line.VisitID, There: sumsOf(line),
	}
	if line.MsgID == "" {
		f.Kind, f.Do = Unclear, "平台有多笔与之对应而没有指明：按人员查 5201、5203，逐笔核对。"
		return f
	}
	if r := k.booked(line.MsgID); r != nil {
		f.Kind, f.Number, f.Counter, f.Do = OtherDay, r.Number, r.Counter, "本地记在 "+r.Booked.Day().String()+"，不用处理。"
		if r.Booked.At == "" {
			f.Do = "本地已有，平台答复丢失而未记日期，不用处理。"
		}
		return f
	}
	if r := k.blind(line); r != nil {
		f.Kind, f.Number, f.Do = OtherDay, r.Number, "本地已记这笔撤销，平台答复丢失而未记日期和报文号，不用处理。"
		return f
	}
	if o, open := k.Open[line.MsgID]; open {
		f.Number = o.Number
		f.Do = "本地结果未知，自动核对中：上传程序会" + o.way() + "，稍后再对账。"
		if o.Held {
			f.Repair, f.Target = Release, o.Number
			f.Do = "本地已挂起：放行后" + o.way() + "。"
		}
		return f
	}
	if other := k.counterOf(line.MsgID); other != "" && other != k.Counter {
		f.Kind, f.Do = Elsewhere, "由本院 "+other+" 号窗口上传，在该窗口对账。"
		return f
	}
	f.Do = fmt.Sprintf("本地没有这一笔：查 5203；无人认领则冲正（2601，原报文 %s）或撤销（2208，结算 %s）。", line.MsgID, line.SettlementID)
	return f
}

// way is how an unknown outcome is resolved.
func (o Open) way() string {
	if o.Void {
		return "再次撤销（2208），平台已撤销的即为办结"
	}
	return "先冲正（2601）再重新结算"
}

// blind is the reversal of a visit of which only is known that the platform did it, nil if
// there is none: the answer that named its message was lost.
func (k *Known) blind(line nhsa.StatementResult) *Row {
	for i := range k.Rows {
		r := &k.Rows[i]
		if b := r.Booked; b != nil && r.Negative && b.At == "" && b.VisitID == line.VisitID && b.VisitID != "" && line.Refund == "1" {
			return r
		}
	}
	return nil
}

// booked is the row that a message made, nil if there is none.
func (k *Known) booked(msgid string) *Row {
	for i := range k.Rows {
		if b := k.Rows[i].Booked; b != nil && b.MsgID == msgid {
			return &k.Rows[i]
		}
	}
	return nil
}

// counterOf is the counter whose message it is: institution (12), time (14), counter (2),
// serial (2).
func (k *Known) counterOf(msgid string) string {
	const length, from = 30, 26
	if len(msgid) != length || !strings.HasPrefix(msgid, k.Institution) {
		return ""
	}
	return msgid[from : from+2]
}

func sumsOf(line nhsa.StatementResult) *Sums {
	if !line.Total.Known || !line.Fund.Known || !line.Account.Known {
		return nil
	}
	return &Sums{Total: line.Total.Fen, Fund: line.Fund.Fen, Account: line.Account.Fen}
}
