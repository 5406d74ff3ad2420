package platform

import "time"

// filed is a filing of a selected institution, with what it changed.
type filed struct {
	psn, code, from string
	closed          int    // index of the selection that it ended, -1: none
	was             string // the enddate of that before
}

// file does 2505 人员定点备案, by the platform's own reading of the rules: one place at a
// time, hospitals only below 14 and up to level 2, the first at once and another from the
// first of a month to come.
func (b *Books) file(c *call) (node, error) {
	in := c.input.rows("data")[0]
	p, err := b.known(in.get("psn_no"))
	if err != nil {
		return nil, err
	}
	place, there := b.data.institutions[in.get("fixmedins_code")]
	from := in.get("begndate")
	switch {
	case in.get("biz_appy_type") != "03":
		return nil, no("FSI-业务申请类型[%s]不支持", in.get("biz_appy_type"))
	case !there || place.Name != in.get("fixmedins_name"):
		return nil, no("FSI-定点医药机构[%s]不存在或名称不符", in.get("fixmedins_code"))
	case p.running("390") == nil:
		return nil, no("FSI-该参保人没有正常参保的居民医保，不能办理定点备案")
	case place.Kind == "hospital" && (place.Level > 2 || years(p.Brdy, b.day()) >= 14):
		return nil, no("FSI-该参保人不能选定医院[%s]", place.Name)
	case from < b.day():
		return nil, no("FSI-开始日期[%s]早于今天", from)
	}
	f := &filed{psn: p.PsnNo, code: place.Code, from: from, closed: -1}
	for i := range p.Selections {
		s := &p.Selections[i]
		switch {
		case s.From > b.day():
			return nil, no("FSI-已经成功办理一次定点变更，尚未生效")
		case !within(b.day(), s.From, s.To):
		case s.Code == place.Code:
			return nil, no("FSI-该参保人已选定[%s]", place.Name)
		case from[8:] != "01" || from <= b.day():
			return nil, no("FSI-变更定点须自次月1日起生效")
		default:
			f.closed = i
		}
	}
	if f.closed >= 0 {
		f.was, p.Selections[f.closed].To = p.Selections[f.closed].To, dayBefore(from)
	}
	p.Selections = append(p.Selections, selection{Code: place.Code, Insutype: "390", From: from})
	no := b.next("44030026", 20)
	b.filings[no] = f
	return node{"result": []any{node{"trt_dcla_detl_sn": no}}}, nil
}

// unfile does 2506 人员定点备案撤销, while nobody has reviewed the filing.
func (b *Books) unfile(c *call) (node, error) {
	in := c.input.rows("data")[0]
	f := b.filings[in.get("trt_dcla_detl_sn")]
	switch {
	case f == nil || f.psn != in.get("psn_no"):
		return nil, no("FSI-待遇申报明细流水号[%s]不存在", in.get("trt_dcla_detl_sn"))
	case b.mood.Reviewed:
		return nil, no("FSI-该申报已审核，不能撤销")
	}
	p := b.data.people[f.psn]
	if f.closed >= 0 {
		p.Selections[f.closed].To = f.was
	}
	p.Selections = p.Selections[:len(p.Selections)-1] // none follows one that has not begun or is not reviewed
	delete(b.filings, in.get("trt_dcla_detl_sn"))
	return nil, nil
}

func dayBefore(day string) string {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return d.AddDate(0, 0, -1).Format(time.DateOnly)
}

// years is the age in whole years on a day.
func years(birth, day string) int {
	b, bad := time.Parse(time.DateOnly, birth)
	d, worse := time.Parse(time.DateOnly, day)
	if bad != nil || worse != nil {
		return 0
	}
	n := d.Year() - b.Year()
	if d.Format("01-02") < b.Format("01-02") {
		n--
	}
	return n
}
