package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/chart"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/figures"
	"settled/settle"
)

// Past reads what was settled, for exports and charts.
type Past interface {
	// Each gives the settlements and reversals that were made within days, in no order,
	// until fn fails.
	Each(ctx context.Context, from, to settle.Date, fn func(Entry) error) error
	// Shifts gives the shifts that were opened within days, the newest first.
	Shifts(ctx context.Context, from, to settle.Date) ([]counter.Shift, error)
}

// lookBack is how many days before the first are read too: something of them may still
// have waited.
const lookBack = 7

// Within asks for a day or a month, of the counter's time.
type Within struct {
	Day   string `query:"day" format:"date" doc:"a day; default: today"`
	Month string `query:"month" format:"date" doc:"the month of this day, instead of a day"`
}

// span gives the first and the last day, and their name.
func (s *Server) span(in Within) (from, to settle.Date, name string, err error) {
	if in.Month != "" {
		day, err := dayOf("month", in.Month)
		from = day - settle.Date(day.Day()) + 1
		return from, from.AddMonths(1).Prev(), in.Month[:min(len(in.Month), 7)], err
	}
	day, err := dayOf("day", in.Day)
	if day == 0 && err == nil {
		day = counter.DayOf(s.options.Now())
	}
	return day, day, day.String(), err
}

type figuresInput struct{ Within }

type figuresOutput struct {
	Body struct {
		From   settle.Date     `json:"from"`
		To     settle.Date     `json:"to"`
		Slots  []figures.Slot  `json:"slots" doc:"hours of a day, or days of a month"`
		Groups []figures.Group `json:"groups" doc:"by the institution's level and the persons' category; the largest first"`
	}
}

type chartInput struct {
	What string `path:"what" enum:"volume,fund,oldest"`
	Within
}

type chartOutput struct {
	Type string `header:"Content-Type"`
	Body []byte
}

type shiftsOutput struct {
	Body struct {
		Shifts []counter.Shift `json:"shifts"`
	}
}

// figures registers what was settled, summed up and drawn.
func (s *Server) figures(api huma.API) {
	if s.options.Past == nil {
		return
	}
	register(api, operation{
		id: "figures", method: http.MethodGet, path: "/v1/figures", roles: bookkeepers, status: http.StatusOK,
		summary: "What was settled in a day by hours, or in a month by days; what the fund paid for whom at which level; how long the oldest had waited for the platform.",
	}, func(ctx context.Context, _ Grant, in *figuresInput) (*figuresOutput, error) {
		sums, from, to, _, err := s.sums(ctx, in.Within)
		if err != nil {
			return nil, err
		}
		out := &figuresOutput{}
		out.Body.From, out.Body.To, out.Body.Slots, out.Body.Groups = from, to, sums.Slots, sums.Groups
		return out, nil
	})
	register(api, operation{
		id: "chart", method: http.MethodGet, path: "/v1/charts/{what}", roles: bookkeepers, status: http.StatusOK, media: "image/svg+xml",
		summary: "The same as a picture.",
	}, func(ctx context.Context, _ Grant, in *chartInput) (*chartOutput, error) {
		sums, _, _, name, err := s.sums(ctx, in.Within)
		if err != nil {
			return nil, err
		}
		return &chartOutput{"image/svg+xml", drawn(in.What, name, sums)}, nil
	})
	register(api, operation{
		id: "shifts", method: http.MethodGet, path: "/v1/shifts", roles: bookkeepers, status: http.StatusOK,
		summary: "Shifts that were opened within days, the newest first; the last 31 days unless said otherwise.",
	}, func(ctx context.Context, _ Grant, in *daysInput) (*shiftsOutput, error) {
		from, to, err := in.days()
		if err != nil {
			return nil, err
		}
		if from == 0 {
			from = counter.DayOf(s.options.Now().AddDate(0, 0, -31))
		}
		out := &shiftsOutput{}
		out.Body.Shifts, err = s.options.Past.Shifts(ctx, from, to)
		return out, err
	})
}

// sums reads what was settled within days.
func (s *Server) sums(ctx context.Context, in Within) (sums *figures.Sums, from, to settle.Date, name string, err error) {
	if from, to, name, err = s.span(in); err != nil {
		return nil, 0, 0, "", err
	}
	begin := midnight(from)
	days := int(midnight(to).Sub(begin)/(24*time.Hour)) + 1
	sums = figures.New(begin, days, s.options.Now())
	err = s.options.Past.Each(ctx, counter.DayOf(begin.AddDate(0, 0, -lookBack)), to, func(e Entry) error {
		if e.From == "" { // what a refund kept is in the refund's amounts
			sums.Add(figureOf(&e))
		}
		return nil
	})
	sums.End()
	return sums, from, to, name, err
}

func midnight(d settle.Date) time.Time {
	return time.Date(d.Year(), time.Month(d.Month()), d.Day(), 0, 0, 0, 0, counter.Shanghai())
}

func figureOf(e *Entry) figures.Row {
	row := rowOf(*e)
	st := &e.Settlement
	return figures.Row{
		At: e.At, Reversal: e.Kind != Settlement, Total: row.Total, Fund: row.Fund,
		Level: st.Bill.Visit.Institution.Level, Category: st.Insured.Category, Retired: st.Insured.Retired,
		Waits: e.State == Pending || e.State == Unknown || e.State == Held || e.State == Blocked, Done: e.Done,
	}
}

var categoryWords = map[settle.Category]string{
	settle.ChildResident: "少儿", settle.Student: "大学生", settle.Resident: "成年居民",
	settle.EmployeeTier1: "职工一档", settle.EmployeeTier2: "职工二档",
}

var levels = [...]string{"", "一级以下", "二级", "三级"}

// groupName is a group's name for people.
func groupName(g figures.Group) string {
	name := cmp.Or(categoryWords[g.Category], "原单已归档")
	if g.Level > 0 && g.Level < len(levels) {
		name = levels[g.Level] + " " + name
	}
	if g.Retired {
		name += "退休"
	}
	return name
}

// drawn draws one of the charts; name is the days'.
func drawn(what, name string, sums *figures.Sums) []byte {
	var bars []chart.Bar
	switch what {
	case "fund":
		for _, g := range sums.Groups {
			bars = append(bars, chart.Bar{Label: groupName(g), Text: fmt.Sprintf("%s 元，%d 笔", g.Fund, g.Count), Value: int64(g.Fund)})
		}
		return chart.Rows(name+" 统筹基金，按机构级别和参保类别", bars)
	case "oldest":
		const late = 24 * 60
		for _, t := range sums.Slots {
			bars = append(bars, chart.Bar{Label: t.Label, Text: figures.Span(t.Oldest), Value: int64(t.Oldest), Alert: t.Oldest >= late})
		}
		return chart.Columns(name+" 最早一笔待上传等了多久（! 为一天以上）", bars)
	}
	for _, t := range sums.Slots {
		bars = append(bars, chart.Bar{Label: t.Label, Text: fmt.Sprint(t.Count), Value: int64(t.Count)})
	}
	return chart.Columns(name+" 结算笔数", bars)
}
