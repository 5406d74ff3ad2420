package platform

import "strings"

// known finds the person of a psn_no.
func (b *Books) known(psn string) (*person, error) {
	p := b.data.people[psn]
	if p == nil {
		return nil, no("FSI-人员编号[%s]不存在", psn)
	}
	return p, nil
}

// byCertificate finds the person of a card or an id number.
func (b *Books) byCertificate(kind, number, cardSN string) (*person, error) {
	byCert, byCard := b.data.byCert[strings.ToUpper(number)], b.data.byCard[number]
	switch {
	case kind == "02" && byCert != nil:
		return byCert, nil
	case kind == "03" && byCard != nil && strings.EqualFold(byCard.CardSN, cardSN):
		return byCard, nil
	case kind == "03" && byCard != nil:
		return nil, no("FSI-卡识别码不正确(%s)", number)
	case kind == "01":
		return b.byToken(number)
	}
	return nil, no("FSI-该参保人的参保信息为空")
}

func (b *Books) person(c *call) (node, error) {
	in := c.input.rows("data")[0]
	p, err := b.byCertificate(in.get("mdtrt_cert_type"), in.get("mdtrt_cert_no"), in.get("card_sn"))
	if err != nil {
		return nil, err
	}
	rows := []any{}
	for _, i := range p.Insurance {
		rows = append(rows, node{
			"balc": number(i.Balance), "insutype": i.Insutype, "psn_type": i.PsnType, "psn_insu_stas": i.Status,
			"psn_insu_date": i.From, "paus_insu_date": orNull(i.Paused), "cvlserv_flag": "0",
			"insuplc_admdvs": i.Area, "emp_name": "",
		})
	}
	return node{"baseinfo": b.baseinfo(p), "insuinfo": rows, "idetinfo": []any{}}, nil
}

func (b *Books) baseinfo(p *person) node {
	return node{
		"psn_no": p.PsnNo, "psn_cert_type": "01", "certno": p.CertNo, "psn_name": p.Name, "gend": p.Gend,
		"naty": "01", "brdy": p.Brdy, "age": age(p.Brdy, b.now()), "exp_content": nil,
	}
}

func (b *Books) benefit(c *call) (node, error) {
	in := c.input.rows("data")[0]
	p, err := b.known(in.get("psn_no"))
	if err != nil {
		return nil, err
	}
	day := in.get("begntime")[:10]
	fund := map[string]string{"310": "310100", "390": "390100"}[in.get("insutype")]
	for _, i := range p.Insurance {
		if i.Insutype != in.get("insutype") || i.Area != home || fund == "" {
			continue
		}
		flag, why := "1", any(nil)
		if i.Status != "1" || !within(day, i.BenefitFrom, i.BenefitTo) {
			flag, why = "0", "参保状态不正常或不在待遇享受期内"
		}
		return node{"trtinfo": []any{node{
			"psn_no": p.PsnNo, "trt_chk_type": "01", "fund_pay_type": fund, "trt_enjymnt_flag": flag,
			"begndate": orNull(i.BenefitFrom), "enddate": orNull(i.BenefitTo), "trt_chk_rslt": why,
		}}}, nil
	}
	return nil, no("FSI-该参保人的参保信息为空")
}

func (b *Books) selections(c *call) (node, error) {
	in := c.input.rows("data")[0]
	p, err := b.known(in.get("psn_no"))
	if err != nil {
		return nil, err
	}
	rows := []any{}
	for i, s := range p.Selections {
		if in.get("biz_appy_type") != "03" {
			break
		}
		rows = append(rows, node{
			"psn_no": p.PsnNo, "insutype": s.Insutype, "fix_srt_no": i + 1, "fixmedins_code": s.Code,
			"fixmedins_name": b.data.institutions[s.Code].Name, "begndate": s.From, "enddate": orNull(s.To), "memo": nil,
		})
	}
	return node{"psnfixmedin": rows}, nil
}

func (b *Books) usage(c *call) (node, error) {
	p, err := b.known(c.input.rows("data")[0].get("psn_no"))
	if err != nil {
		return nil, err
	}
	insutype := "390"
	if p.running("310") != nil {
		insutype = "310"
	}
	rows := []any{}
	for _, u := range p.Used {
		for kind, sum := range map[string]yuan{"MZTC01": u.Ordinary, "MZTC02": u.Level2} {
			rows = append(rows, node{"insutype": insutype, "year": u.Year, "cum_ym": u.Year + "00", "cum_type_code": kind, "cum": number(sum)})
		}
	}
	return node{"cuminfo": rows}, nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
