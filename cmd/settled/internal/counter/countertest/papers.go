package countertest

import (
	"strings"

	"github.com/shopspring/decimal"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Papers are slips of each kind, by the names of the counter's testdata/NAME-COLUMNS.txt.
func Papers() map[string]counter.Paper {
	plain, offline := Slips()["plain"].Settlement, Slips()["offline"].Settlement
	kept := plain
	kept.Number, kept.Bill.Lines, kept.Split.Lines = "44030126110500003", plain.Bill.Lines[:1], plain.Split.Lines[:1]
	kept.Split.Total, kept.Split.Fund, kept.Split.Cash = 2469, 1852, 617
	void := counter.Void{
		Number: "44030126110500004", Whole: offline, Back: counter.AmountsOf(&offline.Split), Reason: "患者放弃治疗，改日再来，收费员已与科室核对",
		At: Morning(), Operator: "C01", Seat: "W01", Shift: 1204, Differs: true,
	}
	refund := counter.Void{
		Number: "44030126110500002", Whole: plain, Kept: &kept, Back: counter.Amounts{Total: 1000, Fund: 800, Cash: 200}, Reason: "未看诊",
		At: Morning(), Operator: "C01", Seat: "W01", Open: true,
	}
	shift := counter.Shift{
		Number: 1204, Seat: "W01", Operator: "C01", Opened: Morning(), Float: 50000,
		Settled: counter.Tally{Count: 41, Amounts: counter.Amounts{Total: 1234567, Fund: 1000000, Own: 4567, Family: 200000, Cash: 30000}},
		Voided:  counter.Tally{Count: 1, Amounts: counter.Amounts{Total: 3469, Fund: 2652, Cash: 817}}, Cash: 79183,
		Closed: &counter.Closing{Operator: "C01", At: Morning(), Counted: 79180, Over: -3, Entry: 2311, Hash: strings.Repeat("0123456789abcdef", 4)},
	}
	own := settle.Fen(4567)
	look := counter.LookSlip{
		At: Morning(), Institution: Centre().Name, Seat: "K01", Who: Child().Who, AsOf: "2024-11-05T09:58:00+08:00",
		Period: "2024", Limit: 245532, Used: 5901, Left: 239631, Own: &own, Benefit: "2024-09-01 至 2025-08-31",
		Selected: []counter.LookTerm{{What: Centre().Name, Days: "2024-01-01 至 2024-11-30"}, {What: "湖东区人民医院", Days: "2024-12-01 起"}},
		Links:    []counter.LookTerm{{What: Parent().Who.Name.String() + "（患者是其子女）", Days: "2024-11-05 起"}},
		Visits: []counter.LookVisit{
			{Day: 20241105, Amounts: counter.Amounts{Total: 25894, Fund: 12743, Family: 11441, Cash: 1710}},
			{Day: 20241012, Void: true, Amounts: counter.Amounts{Total: 3469, Fund: 2652, Family: 800, Cash: 17}},
			{Day: 20240930, Amounts: counter.Amounts{Total: 123456789, Fund: 100000000, Own: 3456789, Family: 10000000, Cash: 10000000}},
		},
	}
	unknown := counter.LookSlip{At: Morning(), Institution: Centre().Name, Seat: "K01", Who: Child().Who, AsOf: "2024-11-01T10:00:00+08:00", Offline: true}
	all := map[string]counter.Paper{
		"look": look, "look-offline": unknown,
		"void": counter.VoidSlip{Void: void, Copy: 1}, "refund": counter.VoidSlip{Void: refund}, "shift": counter.ShiftSlip{Shift: shift},
		"reversed": counter.Receipt{Settlement: plain, At: Morning(), Void: void.Number, From: "44030126110400077", Copy: 1},
	}
	for name, r := range Slips() {
		all[name] = r
	}
	return all
}

// Slips are the receipts among [Papers].
func Slips() map[string]counter.Receipt {
	line := func(name, price, quantity string, grade settle.Grade) settle.Line {
		return settle.Line{Name: name, Grade: grade, UnitPrice: decimal.RequireFromString(price), Quantity: decimal.RequireFromString(quantity)}
	}
	left := settle.Fen(239631)
	plain := settle.Settlement{
		Number: "44030126110500001", Key: "OP20241105-0001", Who: Child().Who, Device: "W01", Operator: "C01",
		Bill: settle.Bill{
			Visit: settle.Visit{Day: 20241105, Institution: Centre()},
			Lines: []settle.Line{line("阿莫西林胶囊", "12.3456", "2", settle.GradeA), line("门诊诊查费", "10.00", "1", settle.GradeA)},
		},
		Split: settle.Split{
			Status: settle.Settled, Reasons: []settle.Code{settle.SelectedDirect},
			Total: 3469, Fund: 2652, Cash: 817, LimitAfter: &left,
			Lines: []settle.LineSplit{
				{Name: "阿莫西林胶囊", Amount: 2469, InScope: 2469, Fund: 1852},
				{Name: "门诊诊查费", Amount: 1000, InScope: 1000, Fund: 800},
			},
		},
	}
	full := plain
	full.Guardian = Parent().Who
	full.Provisional, full.OfflineWhy, full.Illustrative = true, string(settle.PlatformDown), true
	full.Bill.Lines = []settle.Line{line("注射用头孢曲松钠（进口）1.0g×10支/盒 某某制药有限公司", "123456.7891", "1.5", settle.GradeB)}
	full.Split = settle.Split{
		Status: settle.Settled, Reasons: []settle.Code{settle.SelectedSettlementHospital, settle.LimitReached, settle.MutualPrefix + settle.LinkNotActive},
		Total: 18518518, Fund: 100000, Own: 1, Family: 5000000, Cash: 13418517, LimitAfter: new(settle.Fen),
		Lines: []settle.LineSplit{{
			Name: "注射用头孢曲松钠（进口）1.0g×10支/盒 某某制药有限公司", Amount: 18518518, OverCap: 10000, FirstSelfPay: 1851852, InScope: 16656666, Fund: 100000,
		}},
	}
	stay := plain
	stay.Bill.Visit.Kind = settle.Inpatient
	stay.Chart = settle.Chart{OutpatientNo: "ZY20241101-07", VisitID: "44039100000000000001", Began: "2024-11-01 22:10:00"}
	stay.Bill.Lines = []settle.Line{line("新生儿监护", "8000.00", "1", settle.GradeA)}
	stay.Split = settle.Split{
		Status: settle.Settled, Reasons: []settle.Code{settle.InpatientVisit}, Total: 800000, Fund: 666000, Cash: 134000, Deductible: 60000,
		Lines: []settle.LineSplit{{Name: "新生儿监护", Amount: 800000, InScope: 800000, Fund: 666000}},
	}
	claimed := plain
	claimed.Split = claimed.Split.SelfPaid(claimed.Usage, settle.OfflineLimit)
	claimed.SelfPaid = &settle.Reimbursement{Why: settle.OfflineLimit, Where: "本院医保办（门诊楼一层 8 号窗）", Bring: []string{"本凭条", "社保卡", "病历", "发票"}, Until: 20251105}
	rare := plain
	rare.Who.Name, rare.Guardian = "䶮小明", settle.Identity{IDNumber: "440304198802020034", Name: "𠮷红"}
	rare.Bill.Lines = []settle.Line{line("㗁㖞牙痛散", "12.35", "2", settle.GradeA), plain.Bill.Lines[1]}
	rare.Split.Lines = []settle.LineSplit{{Name: "㗁㖞牙痛散", Amount: 2470, InScope: 2470, Fund: 1853}, plain.Split.Lines[1]}
	rare.Split.Total, rare.Split.Fund, rare.Split.Family, rare.Split.Cash = 3470, 2653, 800, 17
	return map[string]counter.Receipt{
		"claim":     {Settlement: claimed, At: Morning()},
		"inpatient": {Settlement: stay, At: Morning()},
		"plain":     {Settlement: plain, At: Morning()},
		"rare":      {Settlement: rare, At: Morning(), Shift: 1204},
		"offline":   {Settlement: full, At: Morning(), Shift: 1204, Copy: 2},
	}
}
