package nhsa_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"settled/queue/nhsa"
	"settled/settle"
)

type nowhere struct{}

func (nowhere) Institution(string) (settle.Institution, bool) { return settle.Institution{}, false }

// told is a platform that answers from a table, and remembers what it was asked.
type told struct {
	outputs map[string]string
	asked   []string
}

func (p *told) ask(_ context.Context, infno string, input any) (nhsa.Reply, error) {
	p.asked = append(p.asked, infno)
	if _, err := nhsa.Encode(seat(), infno, msgID, at(), "S", input); err != nil {
		return nhsa.Reply{}, err
	}
	out, ok := p.outputs[infno]
	if !ok {
		return nhsa.Reply{}, &nhsa.Unknown{Infno: infno, Err: errors.New("cut")}
	}
	return nhsa.Reply{Infno: infno, Output: json.RawMessage(out)}, nil
}

func canned(change map[string]string) *told {
	p := &told{outputs: map[string]string{
		"1101": `{"baseinfo":{"psn_no":"P1","brdy":"2018-06-01"},"insuinfo":{"insutype":"390","psn_type":"1403","psn_insu_stas":"1","insuplc_admdvs":"440300"}}`,
		"2001": `{"trtinfo":{"fund_pay_type":"390100","trt_enjymnt_flag":"1","begndate":"2026-01-01","enddate":"2026-12-31"}}`,
		"5302": `null`, "5206": `{}`,
	}}
	for infno, out := range change {
		if out == "" {
			delete(p.outputs, infno)
		} else {
			p.outputs[infno] = out
		}
	}
	return p
}

func inquire(p *told, codes nhsa.Codes) (settle.Entitlement, error) {
	q := nhsa.Inquiry{Codes: codes, Institution: "H44030500001", Registry: nowhere{}, Now: time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)} // the 21st in Shenzhen
	return q.Entitlement(context.Background(), settle.Identity{IDNumber: "440305201806010023"}, p.ask)
}

func TestEntitlementReadings(t *testing.T) {
	insured := func(rows string) string {
		return `{"baseinfo":{"psn_no":"P1","brdy":"2018-06-01"},"insuinfo":[` + rows + `]}`
	}
	row := func(insutype, psnType, status, area string) string {
		return fmt.Sprintf(`{"insutype":%q,"psn_type":%q,"psn_insu_stas":%q,"insuplc_admdvs":%q,"balc":"12.50"}`, insutype, psnType, status, area)
	}
	benefit := func(rows ...string) string { return `{"trtinfo":[` + strings.Join(rows, ",") + `]}` }
	trt := func(fund, flag, from, to string) string {
		return fmt.Sprintf(`{"fund_pay_type":%q,"trt_enjymnt_flag":%q,"begndate":%q,"enddate":%q,"trt_chk_rslt":"停保"}`, fund, flag, from, to)
	}
	for _, c := range []struct {
		name, infno, output string
		codes               nhsa.Codes
		want                string
	}{
		{"as it is", "", "", nhsa.Codes{}, "child_resident 2018-06-01 2026-01-01..2026-12-31 [] 0.00 0.00"},
		{"an old name of the area", "1101", `{"baseinfo":[{"psn_no":"P1","brdy":"20180601"}],"insuinfo":[{"insutype":"390","psn_type":"1403","insu_admdvs":"440300"}]}`, nhsa.Codes{}, "child_resident 2018-06-01"},
		{"birthday from the id number", "1101", `{"baseinfo":{"psn_no":"P1","certno":"440305201806010023"},"insuinfo":` + row("390", "1403", "1", "440300") + `}`, nhsa.Codes{}, "child_resident 2018-06-01"},
		{"no birthday", "1101", `{"baseinfo":{"psn_no":"P1"},"insuinfo":` + row("390", "1403", "1", "440300") + `}`, nhsa.Codes{}, "PLATFORM_NO_BIRTH"},
		{"status and area decide, not the place", "1101", insured(row("310", "11", "4", "440300") + "," + row("310", "11", "1", "441900") + "," + row("390", "1402", "1", "440300")), nhsa.Codes{}, "child_resident"},
		{"employee before resident", "1101", insured(row("390", "15", "1", "440300") + "," + row("310", "1101", "1", "440300")), nhsa.Codes{}, "employee_tier1"},
		{"tier 2 by a code", "1101", insured(row("310", "1102", "1", "440300")), nhsa.Codes{Tier2Person: "1102"}, "employee_tier2"},
		{"retired", "1101", insured(row("310", "1204", "1", "440300")), nhsa.Codes{}, "employee_tier1 retired"},
		{"student", "1101", insured(row("390", "1404", "1", "440300")), nhsa.Codes{}, "student"},
		{"adult", "1101", insured(row("390", "1560", "1", "440300")), nhsa.Codes{}, "resident"},
		{"type not known: by age", "1101", insured(row("390", "14", "1", "440300")), nhsa.Codes{}, "child_resident"},
		{"elsewhere", "1101", insured(row("390", "1403", "1", "441900")), nhsa.Codes{}, "INSURED_ELSEWHERE"},
		{"ended", "1101", insured(row("390", "1403", "4", "440300")), nhsa.Codes{}, "INSURANCE_ENDED"},
		{"other insurance only", "1101", insured(row("510", "11", "1", "440300")), nhsa.Codes{}, "NOT_INSURED"},
		{"nothing", "1101", insured(""), nhsa.Codes{}, "NOT_INSURED"},
		{"other area asked for", "1101", insured(row("390", "1403", "1", "441900")), nhsa.Codes{Area: "441900"}, "child_resident"},
		{"no benefit", "2001", benefit(trt("390100", "0", "2026-01-01", "2026-12-31")), nhsa.Codes{}, "NO_BENEFIT"},
		{"benefit over", "2001", benefit(trt("390100", "1", "2026-01-01", "2026-11-20")), nhsa.Codes{}, "NO_BENEFIT"},
		{"benefit ends today", "2001", benefit(trt("390100", "1", "2026-01-01", "2026-11-21")), nhsa.Codes{}, "child_resident 2018-06-01 2026-01-01..2026-11-21"},
		{"benefit begins tomorrow", "2001", benefit(trt("390100", "1", "2026-11-22", "")), nhsa.Codes{}, "NO_BENEFIT"},
		{"another fund's benefit does not count", "2001", benefit(trt("390200", "1", "2025-01-01", ""), trt("390100", "0", "", "")), nhsa.Codes{}, "NO_BENEFIT"},
		{"only other funds are named", "2001", benefit(trt("999", "1", "2025-01-01", "")), nhsa.Codes{}, "child_resident 2018-06-01 2025-01-01.. "},
		{"two rows: the widest", "2001", benefit(trt("390100", "1", "2026-02-01", "2026-11-30"), trt("390100", "1", "2026-01-01", "2026-12-31"), trt("390100", "0", "2020-01-01", "")), nhsa.Codes{}, "child_resident 2018-06-01 2026-01-01..2026-12-31"},
		{"no rows", "2001", benefit(), nhsa.Codes{}, "NO_BENEFIT"},
		{"selections of this insurance", "5302", `{"psnfixmedin":[{"insutype":"310","fixmedins_code":"A"},{"insutype":"390","fixmedins_code":"B","fixmedins_name":"乙","begndate":"2026-01-01 00:00:00"},{"fixmedins_code":"C","enddate":"20261231"},{"insutype":"390"}]}`, nhsa.Codes{}, "child_resident 2018-06-01 2026-01-01..2026-12-31 [B/乙/2026-01-01.. C//..2026-12-31] 0.00 0.00"},
		{"a selection that was changed, and one that was taken back", "5302", `{"psnfixmedin":[{"fixmedins_code":"H44030500102","begndate":"2026-03-01","enddate":"2099-12-31"},{"fixmedins_code":"H44030500103","begndate":"2026-05-01","enddate":"2026-04-30"},{"fixmedins_code":"H44030500101","begndate":"2025-01-01","enddate":"2099-12-31"},{"fixmedins_code":"P44190000101","begndate":"2024-01-01"}]}`, nhsa.Codes{}, "child_resident 2018-06-01 2026-01-01..2026-12-31 [H44030500102//2026-03-01..2099-12-31 H44030500101//2025-01-01..2026-02-28 P44190000101//2024-01-01..] 0.00 0.00"},
		{"usage of the year, kind and insurance", "5206", `{"cuminfo":[{"insutype":"390","year":"2026","cum_type_code":"MZTC01","cum":1.5},{"insutype":"390","year":2025,"cum_type_code":"MZTC01","cum":7},{"insutype":"310","year":"2026","cum_type_code":"MZTC01","cum":7},{"insutype":"390","year":"2026","cum_type_code":"MZTC02","cum":"0.25"}]}`, nhsa.Codes{}, "child_resident 2018-06-01 2026-01-01..2026-12-31 [] 1.50 0.25"},
		{"usage by months", "5206", `{"cuminfo":[{"insutype":"390","cum_ym":"202601","cum_type_code":"X","cum":1},{"insutype":"390","cum_ym":"202602","cum_type_code":"X","cum":2}]}`, nhsa.Codes{Used: "X"}, "child_resident 2018-06-01 2026-01-01..2026-12-31 [] 3.00 0.00"},
		{"months beside the year are not added", "5206", `{"cuminfo":[{"insutype":"390","cum_ym":"202601","cum_type_code":"X","cum":1},{"insutype":"390","cum_ym":"202600","cum_type_code":"X","cum":4}]}`, nhsa.Codes{Used: "X"}, "child_resident 2018-06-01 2026-01-01..2026-12-31 [] 4.00 0.00"},
		{"no answer to 5206", "5206", "", nhsa.Codes{}, "transaction 5206: outcome unknown"},
		{"no answer to 1101", "1101", "", nhsa.Codes{}, "transaction 1101: outcome unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := map[string]string{}
			if c.infno != "" {
				change[c.infno] = c.output
			}
			e, err := inquire(canned(change), c.codes)
			if got := brief(e, err); !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func brief(e settle.Entitlement, err error) string {
	if err != nil {
		return err.Error()
	}
	s := string(e.Insured.Category)
	if e.Insured.Retired {
		s += " retired"
	}
	var places []string
	for _, at := range e.Insured.Selections {
		places = append(places, fmt.Sprintf("%s/%s/%s..%s", at.Institution.ID, at.Institution.Name, at.From, at.To))
	}
	return fmt.Sprintf("%s %s %s..%s %v %s %s", s, e.Insured.Birth, e.Insured.Benefit.From, e.Insured.Benefit.To, places, e.Usage.Ordinary, e.Usage.OrdinaryLevel2)
}

func TestEntitlementAsksInOrderAndFillsIn(t *testing.T) {
	p := canned(nil)
	e, err := inquire(p, nhsa.Codes{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(p.asked, " "); got != "1101 2001 5302 5206" {
		t.Errorf("asked %s", got)
	}
	if e.Who.PersonNo.ClearPersonalData() != "P1" || e.Who.IDNumber != "440305201806010023" || e.AsOf != "2026-11-21T01:00:00.000+08:00" ||
		e.InsuranceType != "390" || e.PersonType != "1403" || e.InsuredArea != "440300" || e.Insured.Own != nil || e.Insured.Family != nil {
		t.Errorf("%+v", e)
	}
	if _, err := (nhsa.Inquiry{}).Entitlement(t.Context(), settle.Identity{}, p.ask); err == nil {
		t.Error("asked about nobody")
	}
}

// The recorded person with six rows is insured in two areas at once.
func TestRecordedPersonWithSixRows(t *testing.T) {
	p, err := nhsa.ReadPerson(yes(t, nhsa.InfoPerson, string(read(t, "openhis-1101-resp-hebei-a.json"))))
	if err != nil || len(p.Insurance) != 6 {
		t.Fatalf("%d rows, %v", len(p.Insurance), err)
	}
	for _, c := range []struct{ area, insutype, want string }{
		{"130399", "", "310 1101 26933.88"}, {"130302", "", "390 1560 0.00"}, {"130399", "390", "INSURED_ELSEWHERE"}, {"440300", "", "INSURED_ELSEWHERE"},
	} {
		row, err := p.Insured(c.area, c.insutype)
		got := fmt.Sprintf("%s %s %s", row.Type, row.PersonType, row.Balance.Fen)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("area %s type %q: %s, want %s", c.area, c.insutype, got, c.want)
		}
	}
}
