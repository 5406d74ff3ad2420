package platform

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Flaws are how the platform's statements are wrong.
type Flaws struct {
	Missing int    `json:"missing,omitempty"` // it has lost the n-th row of the period, from 1
	Extra   string `json:"extra,omitempty"`   // it has a row more, made by this msgid
	Off     yuan   `json:"off,omitempty"`     // the fund's part of the first row is so much more
	Blank   bool   `json:"blank,omitempty"`   // it has several that fit the first row, and names none of them
	Late    int    `json:"late,omitempty"`    // so many times a result's file is not there yet
}

// fileNode is where a transaction puts an answer that is a file.
const fileNode = "\x00file"

// entry is a row of the platform's statement.
type entry struct {
	setlID, mdtrtID, psnNo, msgid, insutype string
	clearing                                string // 清算类别
	refund                                  bool
	total, fund, account                    yuan
	blank                                   bool
}

// entries are the books of a period: a refund has a row of its own, under its own time; a
// settlement that was reversed (2601) has none.
func (b *Books) entries(institution, from, to string) []entry {
	var list []entry
	for _, s := range b.setls {
		if s.Institution != institution || s.Reversed != "" {
			continue
		}
		e := entry{
			setlID: s.SetlID, mdtrtID: s.MdtrtID, psnNo: s.PsnNo, msgid: s.MsgID, insutype: s.Insutype,
			clearing: "11", total: s.Total, fund: s.Fund, account: s.Own + s.Family,
		}
		if s.stay {
			e.clearing = "21"
		}
		if within(s.Time[:10], from, to) {
			list = append(list, e)
		}
		if s.Refunded != "" && within(s.RefundTime[:10], from, to) {
			e.setlID, e.msgid, e.refund = s.RefundID, s.Refunded, true
			e.total, e.fund, e.account = -e.total, -e.fund, -e.account
			list = append(list, e)
		}
	}
	return b.spoilt(list)
}

// spoilt makes the books wrong as was ordered.
func (b *Books) spoilt(list []entry) []entry {
	f := b.mood.Books
	if len(list) > 0 {
		list[0].fund += f.Off
		list[0].blank = f.Blank
	}
	if f.Missing > 0 && f.Missing <= len(list) {
		list = slices.Delete(list, f.Missing-1, f.Missing)
	}
	if f.Extra != "" {
		list = append(list, entry{
			setlID: "440300SEXTRA", mdtrtID: "440300VEXTRA", psnNo: "44030000000000000100000009", msgid: f.Extra, insutype: "390", clearing: "11", total: 1000, fund: 600, account: 400,
		})
	}
	return list
}

// stateTotals is 3201: equal or not, by the platform's own books. Its office is the only
// one that it has.
func (b *Books) stateTotals(c *call) (node, error) {
	in := c.input.rows("data")[0]
	var total, fund, account yuan
	n := 0
	for _, e := range b.entries(c.institution, in.get("stmt_begndate"), in.get("stmt_enddate")) {
		if e.insutype == in.get("insutype") && in.get("clr_type") == e.clearing && in.get("setl_optins") == home {
			n++
			total, fund, account = total+e.total, fund+e.fund, account+e.account
		}
	}
	result, words := "0", "平"
	if !told(in, "medfee_sumamt", total) || !told(in, "fund_pay_sumamt", fund) || !told(in, "acct_pay", account) || in.get("fixmedins_setl_cnt") != fmt.Sprint(n) {
		result, words = "1", fmt.Sprintf("不平：中心 %d 笔，总额 %s，基金 %s，账户 %s", n, total, fund, account)
	}
	return node{"stmtinfo": node{"setl_optins": home, "stmt_rslt": result, "stmt_rslt_dscr": words}}, nil
}

func told(in node, field string, want yuan) bool {
	r, ok := fraction(in.get(field))
	return ok && roundYuan(r) == want
}

// uploadFile is 9101: the bytes are signed (Foshan).
func (b *Books) uploadFile(c *call) (node, error) {
	in := c.input.rows("fsUploadIn")[0]
	list, ok := in["in"].([]any)
	if !ok || in.get("fixmedins_code") != c.institution {
		return nil, no("FSI-文件内容不能为空[in]")
	}
	file := make([]byte, 0, len(list))
	for _, one := range list {
		n, _ := one.(json.Number)
		v, err := n.Int64()
		if err != nil || v < -128 || v > 127 {
			return nil, no("FSI-文件内容不是字节数组[in]")
		}
		file = append(file, byte(v))
	}
	return b.keep(c, in.get("filename"), file), nil
}

// keep keeps a file and says where it is.
func (b *Books) keep(c *call, name string, file []byte) node {
	key := "M00/00/00/" + b.next("", 10)
	b.files[key] = file
	return node{"file_qury_no": key, "filename": name, "fixmedins_code": c.institution, "dld_endtime": b.day() + " 23:59:59"}
}

// downloadFile is 9102.
func (b *Books) downloadFile(c *call) (node, error) {
	file, known := b.files[c.input.rows("fsDownloadIn")[0].get("file_qury_no")]
	switch {
	case !known:
		return nil, no("FSI-文件查询号不存在[fileBO_156]")
	case b.mood.Books.Late > 0:
		b.mood.Books.Late--
		return nil, no("FSI-文件生成中，请稍后下载")
	}
	return node{fileNode: file}, nil
}

// stateDetails is 3202: the file that was uploaded, held against the books, gives a file
// with a line a row of either; Guangdong's, with amounts. It does not tell insurance types
// apart.
func (b *Books) stateDetails(c *call) (node, error) {
	in := c.input.rows("data")[0]
	file, known := b.files[in.get("file_qury_no")]
	if !known {
		return nil, no("FSI-文件查询号不存在[fileBO_156]")
	}
	theirs, err := readStatement(file)
	if err != nil {
		return nil, no("FSI-对账文件格式不正确")
	}
	ours := slices.DeleteFunc(b.entries(c.institution, in.get("stmt_begndate"), in.get("stmt_enddate")), func(e entry) bool {
		return in.get("clr_type") != "" && in.get("clr_type") != e.clearing
	})
	result, err := zipped("result.txt", settleUp(ours, theirs))
	if err != nil {
		return nil, no("FSI-对账文件生成失败")
	}
	return node{"fileinfo": b.keep(c, "result.zip", result)}, nil
}

// settleUp writes a line for each of the centre's rows and for what only the institution
// has.
func settleUp(ours []entry, theirs [][]string) string {
	var out strings.Builder
	write := func(e entry, code string) {
		if e.blank {
			e.setlID, e.mdtrtID, e.msgid = "null", "null", "null"
		}
		fmt.Fprintln(&out, strings.Join([]string{
			e.psnNo, e.mdtrtID, e.setlID, e.msgid, code, map[bool]string{true: "1", false: "0"}[e.refund], "null",
			e.total.String(), e.fund.String(), e.account.String(),
		}, "\t"))
	}
	for _, e := range ours {
		i := slices.IndexFunc(theirs, func(f []string) bool { return f[0] == e.setlID })
		switch {
		case i < 0:
			write(e, "1")
			continue
		case theirs[i][3] != e.total.String() || theirs[i][4] != e.fund.String() || theirs[i][5] != e.account.String():
			write(e, "3")
		default:
			write(e, "0")
		}
		theirs = slices.Delete(theirs, i, i+1)
	}
	for _, f := range theirs {
		fmt.Fprintln(&out, strings.Join([]string{f[2], f[1], f[0], "null", "2", f[6], "null", f[3], f[4], f[5]}, "\t"))
	}
	return out.String()
}

// readStatement reads what a hospital uploads: a ZIP of one text with seven fields a line.
func readStatement(file []byte) (rows [][]string, err error) {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil || len(archive.File) != 1 {
		return nil, errors.New("no ZIP of one file")
	}
	r, err := archive.File[0].Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	text, err := io.ReadAll(io.LimitReader(r, 64<<20))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 7 {
			return nil, fmt.Errorf("%d fields", len(f))
		}
		rows = append(rows, f)
	}
	return rows, nil
}

func zipped(name, text string) ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	w, err := archive.Create(name)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	err = errors.Join(err, archive.Close())
	return out.Bytes(), err
}
