package platform

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// call is one transaction: head and input of the message.
type call struct {
	infno, msgid, institution string
	head, input               node
}

// refused is the platform's no, in its words.
type refused string

// Error gives the words.
func (r refused) Error() string { return string(r) }

func no(format string, args ...any) error { return refused(fmt.Sprintf(format, args...)) }

// transaction is what the platform knows to do: the nodes that the input must have,
// with their fields, and what comes of it.
type transaction struct {
	nodes map[string]string
	do    func(*Books, *call) (node, error)
}

// transactions are the ones of a counter.
func transactions() map[string]transaction {
	data := func(fields string) map[string]string { return map[string]string{"data": fields} }
	return map[string]transaction{
		"9001": {map[string]string{"signIn": "opter_no C20*, mac C20*, ip C20*"}, (*Books).signIn},
		"1101": {data("mdtrt_cert_type C3*, mdtrt_cert_no C50*, card_sn C32, begntime T, psn_cert_type C6, certno C50, psn_name C50"), (*Books).person},
		"2001": {data("psn_no C30*, insutype C6*, fixmedins_code C12*, med_type C6*, begntime T*, endtime T, dise_codg C30, dise_name C500"), (*Books).benefit},
		"5302": {data("psn_no C30*, biz_appy_type C3*"), (*Books).selections},
		"2505": {data("psn_no C30*, tel C50, addr C200, biz_appy_type C3*, begndate D*, enddate D, agnter_name C50, agnter_cert_type C6, agnter_certno C50, agnter_tel C30, agnter_addr C200, " +
			"agnter_rlts C3, fix_srt_no C3*, fixmedins_code C12*, fixmedins_name C200*, memo C500"), (*Books).file},
		"2506": {data("trt_dcla_detl_sn C30*, psn_no C30*, memo C500*"), (*Books).unfile},
		"5206": {data("psn_no C30*, cum_ym C6"), (*Books).usage},
		"5201": {data("psn_no C30*, begntime T*, endtime T*, med_type C6*, mdtrt_id C30"), (*Books).findVisits},
		"2201": {data("psn_no C30*, insutype C6*, begntime T*, mdtrt_cert_type C3*, mdtrt_cert_no C50*, ipt_otp_no C30*, atddr_no C30*, dr_name C50*, dept_code C30*, dept_name C100*, caty C10*"), (*Books).register},
		"2202": {data("psn_no C30*, mdtrt_id C30*, ipt_otp_no C30*"), (*Books).unregister},
		"2203": {map[string]string{
			"mdtrtinfo": "mdtrt_id C30*, psn_no C30*, med_type C6*, begntime T*, main_cond_dscr C1000, dise_codg C30, dise_name C500, birctrl_type C6, birctrl_matn_date D",
			"diseinfo":  "diag_type C3*, diag_srt_no N2,0*, diag_code C20*, diag_name C100*, diag_dept C50*, dise_dor_no C30*, dise_dor_name C50*, diag_time T*, vali_flag C3*",
		}, (*Books).visitInfo},
		"2204": {map[string]string{"feedetail": "feedetl_sn C30*, mdtrt_id C30*, psn_no C30*, chrg_bchno C30*, rxno C30*, rx_circ_flag C3*, fee_ocur_time T*, med_list_codg C50, medins_list_codg C150*, " +
			"det_item_fee_sumamt N16,2*, cnt N16,4*, pric N16,6*, prd_days N4,2, bilg_dept_codg C30*, bilg_dept_name C100*, bilg_dr_codg C30*, bilg_dr_name C50*, hosp_appr_flag C3*"}, (*Books).uploadFees},
		"2205": {data("mdtrt_id C30*, chrg_bchno C30*, psn_no C30*"), (*Books).dropFees},
		"2206": {data(trialFields), (*Books).trial},
		"2207": {data(trialFields + ", fulamt_ownpay_amt N16,2*, overlmt_selfpay N16,2*, preselfpay_amt N16,2*, inscp_scp_amt N16,2*"), (*Books).settle},
		"2208": {data("setl_id C30*, mdtrt_id C30*, psn_no C30*"), (*Books).cancel},
		"2301": {map[string]string{"feedetail": "feedetl_sn C30*, init_feedetl_sn C30, mdtrt_id C30*, psn_no C30*, med_type C6, fee_ocur_time T*, med_list_codg C50*, medins_list_codg C150*, " +
			"det_item_fee_sumamt N16,2*, cnt N16,4*, pric N16,6*, bilg_dept_codg C30, bilg_dept_name C100, bilg_dr_codg C30, bilg_dr_name C50, hosp_appr_flag C3"}, (*Books).stayFees},
		"2302": {data("feedetl_sn C30*, mdtrt_id C30*, psn_no C30*"), (*Books).dropStayFees},
		"2303": {data(stayTrialFields), (*Books).stayTrial},
		"2304": {data(stayTrialFields + ", fulamt_ownpay_amt N16,2*, overlmt_selfpay N16,2*, preselfpay_amt N16,2*, inscp_scp_amt N16,2*"), (*Books).settleStay},
		"2305": {data("setl_id C30*, mdtrt_id C30*, psn_no C30*"), (*Books).cancel},
		"5204": {data("psn_no C30*, setl_id C30, mdtrt_id C30*"), (*Books).fileFees},
		"3201": {data("insutype C6*, clr_type C6*, setl_optins C6*, stmt_begndate D*, stmt_enddate D*, medfee_sumamt N16,2*, fund_pay_sumamt N16,2*, acct_pay N16,2*, fixmedins_setl_cnt N10,0*, refd_setl_flag C6"), (*Books).stateTotals},
		"3202": {data("setl_optins C6*, file_qury_no C100*, stmt_begndate D*, stmt_enddate D*, medfee_sumamt N16,2*, fund_pay_sumamt N16,2*, cash_payamt N16,2*, fixmedins_setl_cnt N10,0*, clr_type C6, refd_setl_flag C3"), (*Books).stateDetails},
		"9101": {map[string]string{"fsUploadIn": "filename C200*, fixmedins_code C30*"}, (*Books).uploadFile},
		"9102": {map[string]string{"fsDownloadIn": "file_qury_no C100*, filename C200*, fixmedins_code C30*"}, (*Books).downloadFile},
		"2601": {data("psn_no C30*, omsgid C30*, oinfno C6*"), (*Books).reverse},
	}
}

const trialFields = "psn_no C30*, mdtrt_cert_type C3*, mdtrt_cert_no C50*, med_type C6*, medfee_sumamt N16,2*, psn_setlway C6*, " +
	"mdtrt_id C30*, chrg_bchno C30*, acct_used_flag C1*, insutype C6*"

const stayTrialFields = "psn_no C30*, mdtrt_cert_type C3, mdtrt_cert_no C50, medfee_sumamt N16,2*, psn_setlway C6*, mdtrt_id C30*, " +
	"acct_used_flag C3*, insutype C6*"

// Transact does one transaction and gives the answer's body. infno is the last part
// of the address.
func (b *Books) Transact(infno string, body []byte) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.arrive()
	return b.transact(infno, body)
}

// arrive does what was on its way until now.
func (b *Books) arrive() {
	now := b.now()
	for len(b.late) > 0 && !b.late[0].at.After(now) {
		r := b.late[0]
		b.late = b.late[1:]
		_ = b.transact(r.infno, r.body)
	}
}

func (b *Books) transact(infno string, body []byte) []byte {
	t, known := b.knows[infno]
	if !known {
		return mustJSON(node{"type": "error", "infcode": -1, "err_msg": "FSI-FSI-交易报文不正确：未知交易编号！,异常流水号:" + b.next("19", 10)})
	}
	c, err := b.open(infno, t, body)
	var output node
	if err == nil {
		output, err = t.do(b, c)
	}
	if file, ok := output[fileNode].([]byte); ok && err == nil {
		return file
	}
	if infno == "9101" && err == nil { // without the envelope (interface 3.15)
		return mustJSON(output)
	}
	return b.answer(output, err)
}

// open reads the envelope and refuses what the platform refuses before any business.
func (b *Books) open(infno string, t transaction, body []byte) (*call, error) {
	n, ok := parse(body)
	if !ok {
		return nil, no("FSI-交易报文不正确：报文格式错误！")
	}
	if why := missing(n, headFields); why != "" {
		return nil, refused(why)
	}
	c := &call{infno: infno, msgid: n.get("msgid"), institution: n.get("fixmedins_code"), head: n}
	input, _ := n["input"].(map[string]any)
	c.input = input
	if err := b.admit(c); err != nil {
		return nil, err
	}
	for name, fields := range t.nodes {
		rows := c.input.rows(name)
		if len(rows) == 0 {
			return nil, no("FSI-%s不能为空[%s]", name, name)
		}
		for _, row := range rows {
			if why := missing(row, fields); why != "" {
				return nil, refused(why)
			}
		}
	}
	return c, nil
}

// admit checks who speaks: institution, message id, sign-in.
func (b *Books) admit(c *call) error {
	if c.head.get("infno") != c.infno {
		return no("FSI-交易报文不正确：交易编号与地址不一致！")
	}
	if _, known := b.data.institutions[c.institution]; !known {
		return no("FSI-定点医药机构编号[%s]不存在", c.institution)
	}
	if c.head.get("mdtrtarea_admvs") != home {
		return no("FSI-就医地医保区划[%s]不正确", c.head.get("mdtrtarea_admvs"))
	}
	key := c.institution + " " + c.msgid
	b.msgids[key]++
	if b.msgids[key] > 1 {
		return no("FSI-发送方报文ID[%s]重复", c.msgid)
	}
	if c.infno == "9001" {
		return nil
	}
	s, in := b.signs[c.head.get("sign_no")]
	if !in || s.operator != c.head.get("opter") || s.institution != c.institution || s.day != b.day() {
		return no("FSI-交易签到流水号无效，请重新签到[%s]", c.head.get("sign_no"))
	}
	return nil
}

// answer wraps output or refusal in the reply's envelope.
func (b *Books) answer(output node, err error) []byte {
	now := b.now().In(zone).Format("20060102150405.000")
	now = strings.Replace(now, ".", "", 1)
	reply := node{
		"infcode": 0, "inf_refmsgid": b.refMsgID(), "refmsg_time": now, "respond_time": now,
		"err_msg": nil, "warn_msg": nil, "cainfo": nil, "signtype": nil, "output": output,
	}
	switch {
	case err != nil:
		reply["infcode"], reply["inf_refmsgid"], reply["err_msg"], reply["output"] = -1, nil, err.Error(), nil
	case output == nil:
		reply["output"] = nil
	case b.mood.Loose:
		reply["infcode"], reply["err_msg"], reply["output"] = "0", "success", loosen(output)
	}
	return mustJSON(reply)
}

// mustJSON encodes what this package built: it cannot fail.
func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		return []byte(`{"infcode":-1,"err_msg":"simulator: ` + http.StatusText(http.StatusInternalServerError) + `"}`)
	}
	return data
}

func (b *Books) signIn(c *call) (node, error) {
	row := c.input.rows("signIn")[0]
	if row.get("opter_no") != c.head.get("opter") {
		return nil, no("FSI-签到经办人[%s]与报文经办人不一致", row.get("opter_no"))
	}
	sign := b.next(home+b.now().In(zone).Format("20060102150405"), 30)
	b.signs[sign] = signed{operator: row.get("opter_no"), institution: c.institution, day: b.day()}
	return node{"signinoutb": node{"sign_no": sign, "sign_time": b.time()}}, nil
}

// within tells whether a day lies between from and to; either may be "".
func within(day, from, to string) bool {
	return (from == "" || from <= day) && (to == "" || day <= to)
}

// age is whole years with one decimal, as the wire has it.
func age(birth string, now time.Time) json.Number {
	b, err := time.Parse("2006-01-02", birth)
	if err != nil {
		return "0"
	}
	return json.Number(fmt.Sprintf("%.1f", now.Sub(b).Hours()/24/365.25))
}
