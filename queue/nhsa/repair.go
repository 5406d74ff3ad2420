package nhsa

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"settled/settle"
)

// Codes of repairs that are refused.
const (
	NotMendable  settle.Code = "FIELD_NOT_MENDABLE" // its change would alter what was taken, or whose it is
	UnknownMend  settle.Code = "FIELD_UNKNOWN"      // no such field
	StillThere   settle.Code = "STILL_AT_PLATFORM"  // the platform has a visit of the old number still
	NothingToSet settle.Code = "NOTHING_TO_MEND"
)

// Mend is a field of what the platform is told that a person may mend while a settlement
// is held: a change of it alters nothing of what was taken from the patient, which stands
// in the journal and on paper. Why says why that is so.
type Mend struct {
	Name    string `json:"name"`
	Wire    string `json:"wire"` // names of the interface, with its section
	Chinese string `json:"chinese"`
	Value   string `json:"value"` // as it is now; may be a diagnosis
	Why     string `json:"why"`   // Chinese

	set func(*settle.Settlement, string)
}

// Mendable lists what may be mended of a settlement:
//
//	outpatient_no              3.5 ipt_otp_no: a number of the hospital's, unique there
//	visit_id                   3.11 mdtrt_id of an inpatient's admission: the hospital's system
//	                           got it (2401); the person must be the same there
//	department.code, .name     3.5 dept_code, 3.7 bilg_dept_codg: who treated, not what it costs
//	specialty                  3.5 caty: the same
//	doctor.code, .name         3.5 atddr_no, 3.6 dise_dor_no, 3.7 bilg_dr_codg: the same
//	diagnoses.N.code, .name    3.6 diag_code: of an ordinary or emergency visit, benefits do not
//	                           depend on it; of a special disease (门特) they do: not there
//	items.N.hospital_code      3.7 medins_list_codg: the hospital's own name of the item
//	items.N.code               3.7 med_list_codg: which item it is at the platform. Category,
//	                           price and ratio stay as they were settled; if the platform
//	                           splits by others, the difference is a record of its own
//
// A telephone number is in no message of the chain (it is 2505's).
func Mendable(s *settle.Settlement) []Mend {
	const treated, own = "只说明由谁接诊，不影响收费", "医院自己的编号，不影响收费"
	list := []Mend{
		{"outpatient_no", "ipt_otp_no (3.5)", "门诊号", s.Chart.OutpatientNo, own, func(s *settle.Settlement, v string) { s.Chart.OutpatientNo = v }},
		{"department.code", "dept_code (3.5), bilg_dept_codg (3.7)", "科室编码", s.Chart.Department.Code, treated, func(s *settle.Settlement, v string) { s.Chart.Department.Code = v }},
		{"department.name", "dept_name (3.5), bilg_dept_name (3.7)", "科室名称", s.Chart.Department.Name, treated, func(s *settle.Settlement, v string) { s.Chart.Department.Name = v }},
		{"specialty", "caty (3.5)", "科别", s.Chart.Specialty, treated, func(s *settle.Settlement, v string) { s.Chart.Specialty = v }},
		{"doctor.code", "atddr_no (3.5), dise_dor_no (3.6), bilg_dr_codg (3.7)", "医师编码", s.Chart.Doctor.Code, treated, func(s *settle.Settlement, v string) { s.Chart.Doctor.Code = v }},
		{"doctor.name", "dr_name (3.5), dise_dor_name (3.6), bilg_dr_name (3.7)", "医师姓名", s.Chart.Doctor.Name, treated, func(s *settle.Settlement, v string) { s.Chart.Doctor.Name = v }},
	}
	if s.Bill.Visit.Kind == settle.Inpatient {
		list = append(list, Mend{"visit_id", "mdtrt_id (3.11)", "就诊ID", s.Chart.VisitID, "医院办理入院时平台给的编号，不影响收费", func(s *settle.Settlement, v string) { s.Chart.VisitID = v }})
	}
	if s.Bill.Visit.Kind != settle.SpecialDisease {
		const why = "普通门诊和急诊的待遇不看诊断"
		for i, d := range s.Chart.Diagnoses {
			name, title := fmt.Sprintf("diagnoses.%d.", i+1), fmt.Sprintf("诊断%d", i+1)
			list = append(list,
				Mend{name + "code", "diag_code (3.6)", title + "编码", d.Code, why, func(s *settle.Settlement, v string) { s.Chart.Diagnoses[i].Code = v }},
				Mend{name + "name", "diag_name (3.6)", title + "名称", d.Name, why, func(s *settle.Settlement, v string) { s.Chart.Diagnoses[i].Name = v }})
		}
	}
	for i, l := range s.Bill.Lines {
		name, title := fmt.Sprintf("items.%d.", i+1), fmt.Sprintf("第%d行", i+1)
		list = append(list,
			Mend{name + "code", "med_list_codg (3.7)", title + "医疗目录编码", l.Code, "价格、类别和比例不变；平台核定不同时另记差异", func(s *settle.Settlement, v string) { s.Bill.Lines[i].Code = v }},
			Mend{name + "hospital_code", "medins_list_codg (3.7)", title + "院内目录编码", l.HospitalCode, own, func(s *settle.Settlement, v string) { s.Bill.Lines[i].HospitalCode = v }})
	}
	return list
}

// fixed are fields that stand in a settlement and may not be mended, by the end of their
// name, with the reason; never written to.
var fixed = [...]struct{ end, why string }{
	{"unit_price", "单价决定了已收的金额；要改请撤销后重新结算"},
	{"qty", "数量决定了已收的金额；要改请撤销后重新结算"},
	{"category", "目录类别决定了已收的金额；要改请撤销后重新结算"},
	{"price_cap", "限价决定了已收的金额；要改请撤销后重新结算"},
	{"first_self_pay_ratio", "先自付比例决定了已收的金额；要改请撤销后重新结算"},
	{"total", "总额已收；要改请撤销后重新结算"},
	{"fund", "金额已收；要改请撤销后重新结算"},
	{"cash", "金额已收；要改请撤销后重新结算"},
	{"began", "就诊时间必须是真实时间，并决定适用的政策；要改请撤销后重新结算"},
	{"visit.date", "就诊日期决定适用的政策；要改请撤销后重新结算"},
	{"visit.kind", "就诊类别决定适用的政策；要改请撤销后重新结算"},
	{"id_number", "不能把一笔结算改到另一个人名下；请撤销后重新结算"},
	{"card_number", "不能把一笔结算改到另一张卡上；请撤销后重新结算"},
	{"person_no", "不能把一笔结算改到另一个人名下；请撤销后重新结算"},
}

// Mended is the settlement with the given values in place of its own, for what the
// platform is told; the amounts are the same. A field that may not be mended, or a value
// that cannot be, is a *settle.Refusal that names it.
func Mended(s settle.Settlement, set map[string]string) (settle.Settlement, error) {
	s.Chart.Diagnoses, s.Bill.Lines = slices.Clone(s.Chart.Diagnoses), slices.Clone(s.Bill.Lines)
	list := Mendable(&s)
	for name, value := range set {
		i := slices.IndexFunc(list, func(m Mend) bool { return m.Name == name })
		switch {
		case i < 0:
			no := notMendable(&s, name)
			return s, no
		case strings.TrimSpace(value) != value || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }):
			return s, refuse(settle.BadField, name, "新值首尾有空格或含有控制字符，未修改；请核对后重新输入。", "spaces around the value, or control characters in it")
		}
		list[i].set(&s, value)
	}
	return s, nil
}

func notMendable(s *settle.Settlement, name string) *settle.Refusal {
	for _, f := range fixed {
		if name == f.end || strings.HasSuffix(name, "."+f.end) {
			return refuse(NotMendable, name, "该项不能修改："+f.why+"。", "field "+name+" decides what was taken, or whose settlement it is: void it and settle anew")
		}
	}
	if strings.HasPrefix(name, "diagnoses.") && s.Bill.Visit.Kind == settle.SpecialDisease {
		return refuse(NotMendable, name, "门诊特定病种的待遇取决于诊断，不能修改；要改请撤销后重新结算。", "benefits of a special disease depend on its diagnosis")
	}
	return refuse(UnknownMend, settle.Clip(name), "没有可修改的项目 "+settle.Clip(name)+"；可修改的项目见 settled queue show。",
		"no field "+strconv.Quote(settle.Clip(name))+" that may be mended")
}

// Repaired says that what the platform is told was changed by the repair of a number, each
// above the one before. All that the chain has brought there is taken back, and it begins
// anew, as a first request would, under new message ids; if something cannot be taken back
// it is held. Tell it after [Chain.Lost] and instead of [Chain.Resume]. Telling it twice is the same as once; an older number, or a chain that is
// done or undone, stays as it is. It tells whether anything changed.
func (c *Chain) Repaired(n uint64) bool {
	if n <= c.Repair || c.Step == StepDone || c.Step == StepUndone {
		return false
	}
	c.Repair = n
	if c.Doubt || c.Abandoned { // it takes back what is there in any case
		return true
	}
	c.Anew, c.Left, c.Rounds = true, nil, 0
	c.undo(nil)
	return true
}

// takesBack tells whether the chain is on its way back although nothing was refused.
func (c *Chain) takesBack() bool { return c.Abandoned || c.Anew }

// Nothing tells whether the platform certainly has nothing of an outpatient's settlement.
func (c *Chain) Nothing() bool {
	return c.VisitID == "" && len(c.Open) == 0 && len(c.Left) == 0 && c.unknown(StepRegister) == 0 && !c.Doubt
}
