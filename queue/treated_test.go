package queue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/shopspring/decimal"

	"settled/queue/journal"
	"settled/settle"
)

// treatedFor is what the tests' settlements say of a person's health; none of it may
// stand in a file.
func treatedFor() []string {
	return []string{"MZ20261121-0077", "J20.900x001", "急性支气管炎", "D440300099887", "李医生", "A03.01", "儿科门诊", "阿莫西林克拉维酸钾", "XJ01CRA002A001010101445", "HIS-90017", "09:12:33"}
}

// treated is s as of a visit of 12 lines, with the steps and numbers that it takes to
// compute it again, as it is after going through JSON.
func treated(t testing.TB, s settle.Settlement) settle.Settlement {
	t.Helper()
	s.Chart = settle.Chart{
		OutpatientNo: "MZ20261121-0077", Began: "2026-11-21 09:12:33", Specialty: "A03.01",
		Department: settle.Named{Code: "0301", Name: "儿科门诊"}, Doctor: settle.Named{Code: "D440300099887", Name: "李医生"},
		Diagnoses: []settle.Diagnosis{{Code: "J20.900x001", Name: "急性支气管炎"}, {Code: "R50.900", Name: "发热"}},
	}
	s.Insured = settle.Insured{
		Category: settle.ChildResident, Birth: 20150101, ShenzhenHukou: true, Benefit: settle.Benefit{Kind: settle.BenefitAnnual, SchoolYear: 2026},
		Selections: []settle.Selection{{Institution: settle.Institution{ID: "H44030000001", Name: "福田社康中心", Level: 1, Kind: settle.CommunityHealth, City: "shenzhen", Province: "guangdong", Networked: true}, From: 20260901}},
	}
	s.Bill.Visit = settle.Visit{Day: 20261121, Kind: settle.Outpatient, Institution: s.Insured.Selections[0].Institution}
	for i := range 12 {
		name := fmt.Sprintf("阿莫西林克拉维酸钾 %d号 0.2285g*18片", i+1)
		s.Bill.Lines = append(s.Bill.Lines, settle.Line{
			Name: name, Code: "XJ01CRA002A001010101445", HospitalCode: fmt.Sprint("HIS-", 90017+i), Charge: "09", Grade: settle.GradeB,
			UnitPrice: decimal.RequireFromString("12.345"), Quantity: decimal.New(int64(i+1), 0), FirstSelfPay: decimal.RequireFromString("0.05"),
			PriceCap: decimal.NewNullDecimal(decimal.RequireFromString("12.01")),
		})
		amount := settle.Fen(1235 * (i + 1))
		s.Split.Lines = append(s.Split.Lines, settle.LineSplit{
			Name: name, Amount: amount, OverCap: 34, FirstSelfPay: 60, InScope: amount - 94, Bucket: settle.BucketOrdinary, Rate: decimal.RequireFromString("0.75"), Fund: amount / 2,
		})
		s.Split.Steps = append(s.Split.Steps,
			settle.Step{What: settle.StepOverCap, Line: i + 1, Rule: "B-2", Amount: 34},
			settle.Step{What: settle.StepFirstSelfPay, Line: i + 1, Rule: "B-1", Number: "0.05", Amount: 60})
	}
	s.Split.Steps = append(s.Split.Steps,
		settle.Step{What: settle.StepFund, Bucket: settle.BucketOrdinary, Rule: "R-1", Source: "深圳市医疗保障办法 第四十条", Number: "0.75", Base: 95000, Amount: 71250},
		settle.Step{What: settle.StepLimit, Rule: "L-1", Source: "深医保规〔2023〕3号 第十二条", Number: "2471.31", Base: 71250, Amount: 71250},
		settle.Step{What: settle.StepCash, Rule: "D-7", Amount: 500})
	data, err := json.Marshal(s)
	must(t, err)
	var again settle.Settlement
	must(t, json.Unmarshal(data, &again))
	again.Who, again.Guardian = s.Who, s.Guardian
	return again
}

// TestSealedComesBack: what is sealed of a settlement comes back exactly, by each way of
// reading it; of the entry's body, each thing sealed is gone.
func TestSealedComesBack(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	for name, change := range map[string]func(*settle.Settlement){
		"full":         func(*settle.Settlement) {},
		"no lines":     func(s *settle.Settlement) { s.Bill.Lines, s.Split.Lines = nil, nil },
		"empty lines":  func(s *settle.Settlement) { s.Bill.Lines, s.Split.Lines = []settle.Line{}, []settle.LineSplit{} },
		"no chart":     func(s *settle.Settlement) { s.Chart = settle.Chart{} },
		"no diagnoses": func(s *settle.Settlement) { s.Chart.Diagnoses = []settle.Diagnosis{} },
		"same names":   func(s *settle.Settlement) { s.Split.Lines[3].Name = s.Split.Lines[4].Name },
	} {
		c := bill(q, name, version(t, q), 100, 0, 0, 0)
		c.Settlement = treated(t, c.Settlement)
		change(&c.Settlement)
		was, err := json.Marshal(c.Settlement)
		must(t, err)
		s, _, err := q.Settle(t.Context(), c)
		must(t, err)
		if now, err := json.Marshal(c.Settlement); err != nil || !bytes.Equal(now, was) {
			t.Errorf("%s: Settle changed the caller's settlement: %v", name, err)
		}
		want := c.Settlement
		want.Number, want.Operator, want.Device = s.Number, clerk.Operator, clerk.Device
		same(t, name+": settled", s, want)
		got, err := q.Get(s.Number)
		must(t, err)
		same(t, name+": got", got.Settlement, want)
		again, found, err := q.Replay(name, c.ContentDigest)
		if err != nil || !found {
			t.Fatal(found, err)
		}
		same(t, name+": replayed", again.Settlement, want)
		list, err := q.List(Filter{})
		must(t, err)
		same(t, name+": listed", list[len(list)-1].Settlement, want)
	}
	must(t, q.journal.Walk(journal.Pos{}, func(e journal.Entry) error {
		for _, secret := range treatedFor() {
			if bytes.Contains(e.Body, []byte(secret)) {
				t.Errorf("%s in clear: %s", secret, e.Body)
			}
		}
		return nil
	}))
}

// message is a message of the national platform's form, about as long as one of the
// counter's is, and different each time.
func message(t testing.TB, infno, msgid string, s *settle.Settlement) []byte {
	t.Helper()
	input := map[string]any{}
	switch infno {
	case "2204":
		var details []any
		for i, l := range s.Bill.Lines {
			details = append(details, map[string]any{
				"feedetl_sn": fmt.Sprintf("%s-%03d", s.Number, i+1), "mdtrt_id": "44030026112100077", "psn_no": "P440300998877", "chrg_bchno": s.Number, "dise_codg": "",
				"rxno": "", "rx_circ_flag": "0", "fee_ocur_time": s.Chart.Began, "med_list_codg": l.Code, "medins_list_codg": l.HospitalCode,
				"det_item_fee_sumamt": s.Split.Lines[i].Amount.String(), "cnt": l.Quantity.String(), "pric": l.UnitPrice.String(), "bilg_dept_codg": s.Chart.Department.Code,
				"bilg_dept_name": s.Chart.Department.Name, "bilg_dr_codg": s.Chart.Doctor.Code, "bilg_dr_name": s.Chart.Doctor.Name, "hosp_appr_flag": "1", "tcmdrug_used_way": "", "etip_flag": "", "etip_hosp_code": "",
			})
		}
		input["feedetail"] = details
	case "2203":
		var list []any
		for i, d := range s.Chart.Diagnoses {
			list = append(list, map[string]any{"diag_type": "1", "diag_srt_no": i + 1, "diag_code": d.Code, "diag_name": d.Name, "diag_dept": s.Chart.Department.Name, "dise_dor_no": s.Chart.Doctor.Code, "dise_dor_name": s.Chart.Doctor.Name, "diag_time": s.Chart.Began, "vali_flag": "1"})
		}
		input["mdtrtinfo"] = map[string]any{"mdtrt_id": "44030026112100077", "psn_no": "P440300998877", "med_type": "11", "begntime": s.Chart.Began, "main_cond_dscr": "", "dise_codg": "", "dise_name": ""}
		input["diseinfo"] = list
	default:
		input["data"] = map[string]any{
			"psn_no": "P440300998877", "insutype": "390", "begntime": s.Chart.Began, "mdtrt_cert_type": "03", "mdtrt_cert_no": childCode, "ipt_otp_no": s.Chart.OutpatientNo, "atddr_no": s.Chart.Doctor.Code,
			"dr_name": s.Chart.Doctor.Name, "dept_code": s.Chart.Department.Code, "dept_name": s.Chart.Department.Name, "caty": s.Chart.Specialty, "medfee_sumamt": s.Split.Total.String(), "psn_setlway": "01", "mdtrt_id": "44030026112100077", "chrg_bchno": s.Number, "acct_used_flag": "0",
		}
	}
	m, err := json.Marshal(map[string]any{
		"infno": infno, "msgid": msgid, "mdtrtarea_admvs": "440300", "insuplc_admdvs": "440300", "recer_sys_code": "SETTLED", "dev_no": "W01", "dev_safe_info": "", "cainfo": "", "signtype": "SM2",
		"infver": "V1.0", "opter_type": "1", "opter": "0001", "opter_name": "收费员", "inf_time": "2026-11-21 09:30:00", "fixmedins_code": "H44030000001", "fixmedins_name": "福田社康中心", "sign_no": "20261121093000123456", "input": input,
	})
	must(t, err)
	return m
}

// uploaded settles a visit of 12 lines and asks the platform six times.
func uploaded(t testing.TB, q *Queue, key string) {
	t.Helper()
	c := bill(q, key, version(t, q), 100, 0, 0, 0)
	c.Settlement = treated(t, c.Settlement)
	s, _, err := q.Settle(t.Context(), c)
	must(t, err)
	for _, infno := range []string{"2201", "2203", "2204", "2206", "2207", "5203"} {
		msgid, sent, err := q.Request(t.Context(), s.Number, infno, func(id string) ([]byte, error) { return message(t, infno, id, &s), nil }, clerk)
		must(t, err)
		body := append([]byte(`{"infcode":"0","inf_refmsgid":"440300202611210930001234567890","refmsg_time":"20261121093000123","respond_time":"20261121093000456","err_msg":"","output":`), append(sent, '}')...)
		must(t, q.Answer(t.Context(), Answer{Number: s.Number, MsgID: msgid, Infno: infno, Class: ClassOK, Code: "0", Body: body, Chain: fmt.Appendf(nil, `{"step":%q,"mdtrt_id":"44030026112100077","psn_no":"P440300998877","batch":%q}`, infno, s.Number), By: clerk}))
	}
	_, err = q.Acknowledge(t.Context(), ackOf(s))
	must(t, err)
}

// TestSizeOfASettlement: what a settlement of 12 lines with six messages and answers
// takes of the disk. It was 52,585 bytes when nothing was deflated.
func TestSizeOfASettlement(t *testing.T) {
	h, dir := newHand(), t.TempDir()
	q := mustOpen(t, dir, options(h))
	const n, most = 20, 24 << 10
	file := filepath.Join(dir, journalDir, journal.FileName(1))
	before, err := os.Stat(file)
	must(t, err)
	for i := range n {
		uploaded(t, q, fmt.Sprint(i))
	}
	after, err := os.Stat(file)
	must(t, err)
	each := (after.Size() - before.Size()) / n
	t.Logf("%d bytes a settlement", each)
	if each > most {
		t.Errorf("%d bytes a settlement, at most %d", each, most)
	}
	kinds := map[string]int{}
	must(t, q.journal.Walk(journal.Pos{}, func(e journal.Entry) error { kinds[e.Kind] += e.Loc.Length; return nil }))
	for kind, sum := range kinds {
		t.Logf("%s: %d bytes a settlement", kind, sum/n)
	}
}
