package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/reconcile"
	"settled/cmd/settled/internal/sheet"
	"settled/settle"
)

type exportInput struct {
	What     string `path:"what" enum:"queue,held,differences,settlements,reconciliation,shifts,acts"`
	Format   string `query:"format" enum:"csv,xlsx" default:"csv"`
	State    string `query:"state" enum:"all,open" default:"all" doc:"of differences; open: what is still to be collected or given back"`
	Clear    bool   `query:"clear" doc:"names and id numbers not masked: for somebody of the insurance office who signed in; the journal says who did"`
	Operator string `query:"operator" maxLength:"32" doc:"of acts: this one's alone"`
	Within
}

type fileOutput struct {
	Type string `header:"Content-Type"`
	Name string `header:"Content-Disposition"`
	Body []byte
}

// exports registers tables to take along.
func (s *Server) exports(api huma.API) {
	if s.options.Past == nil {
		return
	}
	register(api, operation{
		id: "export", method: http.MethodGet, path: "/v1/exports/{what}", roles: bookkeepers, status: http.StatusOK, media: "application/octet-stream",
		summary: "The queue, what is held, differences, or a day's or month's settlements, reconciliations, shifts, or who did what (for those who may see it) as a table for a spreadsheet. Names and id numbers are masked unless clear is asked for and allowed.",
	}, func(ctx context.Context, g Grant, in *exportInput) (*fileOutput, error) {
		if in.Clear && (g.Role != Insurance || g.Name == "") {
			return nil, refusal(settle.NotAllowed, "only somebody of the insurance office who signed in may see names")
		}
		from, to, name, err := s.span(in.Within)
		if err != nil {
			return nil, err
		}
		table, err := s.table(ctx, g, in, from, to)
		if err != nil {
			return nil, err
		}
		if slices.Contains([]string{"settlements", "reconciliation", "shifts", "acts"}, in.What) || in.Day != "" {
			table.Name += " " + name
		}
		if in.Clear {
			err = s.record(ctx, Act{Kind: Exported, Operator: g.Operator, Seat: g.Seat, Role: g.Role, What: fmt.Sprintf("%s，%d 行", table.Name, len(table.Rows))})
			if err != nil {
				return nil, err
			}
		}
		return written(table, in.Format)
	})
}

// written is a table as a file.
func written(t *sheet.Table, format string) (*fileOutput, error) {
	var b bytes.Buffer
	kind, write := "text/csv; charset=utf-8", t.CSV
	if format == "xlsx" {
		kind, write = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", t.XLSX
	}
	if err := write(&b); err != nil {
		return nil, err
	}
	name := url.PathEscape(strings.ReplaceAll(t.Name, " ", "-") + "." + format)
	return &fileOutput{kind, "attachment; filename*=UTF-8''" + name, b.Bytes()}, nil
}

func (s *Server) table(ctx context.Context, g Grant, in *exportInput, from, to settle.Date) (*sheet.Table, error) {
	switch in.What {
	case "queue":
		return s.waitingTable(ctx, "待上传", in.Clear, func(e *Entry) bool { return e.State != Held })
	case "held":
		return s.waitingTable(ctx, "挂起", in.Clear, func(e *Entry) bool { return e.State == Held })
	case "settlements":
		t := settlementTable("结算")
		err := s.options.Past.Each(ctx, from, to, func(e Entry) error {
			if e.From == "" { // what a refund kept is in the refund's amounts
				addEntry(t, &e, in.Clear)
			}
			return nil
		})
		slices.SortFunc(t.Rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
		return t, err
	case "shifts":
		return s.shiftTable(ctx, from, to)
	case "acts":
		return s.actTable(ctx, g, from, to, in.Operator)
	}
	if s.options.Books == nil {
		return nil, &settle.Refusal{Code: NoSuchPath, Cashier: "本机不对账。", Technician: "there are no books"}
	}
	if in.What == "differences" {
		if in.Day == "" && in.Month == "" {
			from, to = 0, 0
		}
		debts, err := s.options.Books.Debts(ctx, from, to)
		if in.State == "open" {
			debts = reconcile.Unsettled(debts)
		}
		return debtTable(debts, in.Clear), err
	}
	days, err := s.options.Books.Days(ctx, from, to)
	return dayTable(days), err
}

// waitingTable reads all that is not done, a page at a time.
func (s *Server) waitingTable(ctx context.Context, name string, clearly bool, take func(*Entry) bool) (*sheet.Table, error) {
	const page = 500
	t := settlementTable(name)
	for after := ""; ; {
		entries, err := s.options.Ledger.List(ctx, Filter{After: after, Limit: page})
		if err != nil {
			return nil, err
		}
		for i := range entries {
			if take(&entries[i]) {
				addEntry(t, &entries[i], clearly)
			}
			after = entries[i].Number
		}
		if len(entries) < page {
			return t, nil
		}
	}
}

func settlementTable(name string) *sheet.Table {
	return &sheet.Table{Name: name, Columns: []sheet.Column{
		{Head: "单号"},
		{Head: "种类"},
		{Head: "原单"},
		{Head: "时间"},
		{Head: "患者"},
		{Head: "证件号码"},
		{Head: "参保类别"},
		{Head: "总额", Kind: sheet.Amount},
		{Head: "统筹基金", Kind: sheet.Amount},
		{Head: "个人账户", Kind: sheet.Amount},
		{Head: "家庭共济", Kind: sheet.Amount},
		{Head: "现金", Kind: sheet.Amount},
		{Head: "状态"},
		{Head: "原因"},
		{Head: "上传期限"},
		{Head: "班次", Kind: sheet.Count},
		{Head: "收费员"},
	}}
}

var kindWords = map[Kind]string{Settlement: "结算", Void: "撤销", Refund: "退费"}

var stateWords = map[UploadState]string{
	Pending: "待上传", Unknown: "结果待查", Acknowledged: "平台已收", Differs: "平台金额不同", Held: "已挂起",
	Blocked: "等原单撤销", Voided: "已撤销", Withdrawn: "平台已撤销", SelfPaid: "先自费，不上传",
}

func addEntry(t *sheet.Table, e *Entry, clearly bool) {
	row, st := rowOf(*e), &e.Settlement
	reason, shift := "", ""
	if e.Reason != nil {
		reason = e.Reason.Cashier
	}
	if e.Shift != 0 {
		shift = strconv.FormatUint(e.Shift, 10)
	}
	t.Add(e.Number, kindWords[e.Kind], row.Of+row.From, minute(e.At), told(st.Who.Name, clearly), told(st.Who.IDNumber, clearly),
		categoryWords[st.Insured.Category],
		row.Total.String(), row.Fund.String(), row.Own.String(), row.Family.String(), row.Cash.String(),
		stateWords[e.State], reason, dayText(e.Deadline), shift, st.Operator)
}

// told is a person's datum, masked unless it is to be clear.
func told(p settle.Private, clearly bool) string {
	if clearly {
		return p.ClearPersonalData()
	}
	return p.String()
}

func minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(counter.Shanghai()).Format("2006-01-02 15:04")
}

func dayText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(counter.Shanghai()).Format(time.DateOnly)
}

func debtTable(debts []reconcile.Debt, clearly bool) *sheet.Table {
	t := &sheet.Table{Name: "差额", Columns: []sheet.Column{
		{Head: "患者"},
		{Head: "证件号码"},
		{Head: "结算单"},
		{Head: "结算日"},
		{Head: "本地统筹", Kind: sheet.Amount},
		{Head: "平台统筹", Kind: sheet.Amount},
		{Head: "本地现金", Kind: sheet.Amount},
		{Head: "平台现金", Kind: sheet.Amount},
		{Head: "应收（负为应退）", Kind: sheet.Amount},
		{Head: "处理"},
		{Head: "办理时间"},
		{Head: "经办人"},
		{Head: "说明"},
	}}
	for _, d := range debts {
		for _, i := range d.Items {
			at, by, why := "", "", ""
			if i.Done != nil {
				at, by, why = minute(i.Done.At), i.Done.Operator, i.Done.Why
			}
			t.Add(told(d.Name, clearly), told(d.ID, clearly), i.Number, i.Made.String(),
				i.Local.Fund.String(), i.Platform.Fund.String(), i.Local.Cash.String(), i.Platform.Cash.String(), i.Cash.String(), i.Chinese(), at, by, why)
		}
	}
	return t
}

var dayWords = map[reconcile.State]string{
	"": "没有对账", reconcile.Equal: "账平", reconcile.Accounted: "有差异，均已说明", reconcile.Unequal: "账不平", reconcile.Late: "平台结果未到",
}

func dayTable(days []reconcile.Day) *sheet.Table {
	t := &sheet.Table{Name: "对账", Columns: []sheet.Column{
		{Head: "平台日"}, {Head: "结算", Kind: sheet.Count}, {Head: "撤销", Kind: sheet.Count}, {Head: "结果"}, {Head: "对账时间"}, {Head: "待对账"}, {Head: "报告"},
	}}
	for _, d := range days {
		due, at := "", ""
		if d.Due {
			due = "是"
		}
		if d.At != nil {
			at = minute(*d.At)
		}
		t.Add(d.Day.String(), strconv.Itoa(d.Settled), strconv.Itoa(d.Withdrawn), dayWords[d.State], at, due, d.Report)
	}
	return t
}

func (s *Server) shiftTable(ctx context.Context, from, to settle.Date) (*sheet.Table, error) {
	t := &sheet.Table{Name: "班次", Columns: []sheet.Column{
		{Head: "班次", Kind: sheet.Count},
		{Head: "窗口"},
		{Head: "收费员"},
		{Head: "开班"},
		{Head: "结班"},
		{Head: "备用金", Kind: sheet.Amount},
		{Head: "结算笔数", Kind: sheet.Count},
		{Head: "撤销笔数", Kind: sheet.Count},
		{Head: "退费笔数", Kind: sheet.Count},
		{Head: "差额补收", Kind: sheet.Amount},
		{Head: "差额退还", Kind: sheet.Amount},
		{Head: "应有现金", Kind: sheet.Amount},
		{Head: "清点现金", Kind: sheet.Amount},
		{Head: "长短款", Kind: sheet.Amount},
	}}
	shifts, err := s.options.Past.Shifts(ctx, from, to)
	for _, sh := range shifts {
		closed, counted, over := "", "", ""
		if c := sh.Closed; c != nil {
			closed, counted, over = minute(c.At), c.Counted.String(), c.Over.String()
		}
		t.Add(fmt.Sprint(sh.Number), sh.Seat, sh.Operator, minute(sh.Opened), closed, sh.Float.String(),
			strconv.Itoa(sh.Settled.Count), strconv.Itoa(sh.Voided.Count), strconv.Itoa(sh.Refunded.Count), sh.Collected.Cash.String(), sh.GivenBack.Cash.String(), sh.Cash.String(), counted, over)
	}
	return t, err
}
