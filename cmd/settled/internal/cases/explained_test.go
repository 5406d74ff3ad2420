package cases

import (
	"os"
	"strings"
	"testing"

	"settled/settle"
)

// TestExplained: what the steps say is true of the case, and names the rule that it is by.
func TestExplained(t *testing.T) {
	want := map[string][]string{
		"H001": {"选定的机构，按规定报销，请继续结算〔S-2，"}, // a child's, before S-1
		"H002": {"选定的机构，按规定报销，请继续结算〔S-1，"},
		"H008": {"选定的机构，按规定报销，请继续结算〔S-2，"}, // a hospital
		"H018": {"所选定的机构不在可选范围内，普通门诊费用统筹基金不支付", "〔S-3，"},
		"H027": {"普通门诊费用统筹基金不支付", "门诊诊查费 50.00 元 × 60%，统筹基金支付 30.00 元"},
		"H036": {"可用 576.60 元（已计共济门槛 5008.80 元），支付 200.00 元〔A-2，"},
		"H037": {"余额未超过共济门槛，不能付款；请换其他亲属或收现金（门槛 5585.40 元）〔A-2，"},
		"H044": {"支付比例增加 5 个百分点", "年度限额（二级及以上医院部分） 5766.39 元已不足支付 120.00 元，统筹基金只付 66.39 元", "年度限额 11532.78 元，结算前剩余 5832.78 元"},
		"H061": {"选定的机构，按规定报销，请继续结算〔C-6，", "统筹基金支付的部分按市内比例的 90%〔C-2，"},
		"H065": {"不是参保人有效选定的机构", "第1行：范围内 50.00 元统筹基金不支付〔C-6，"},
		"H079": {"选定的机构，按规定报销，请继续结算〔S-3，"}, // an employee's, before S-1
	}
	file, err := os.Open("../../../../testdata/cases/byhand.json")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() }) // only read
	set, told := shipped(t), 0
	if err := Each(file, func(c Case, err error) {
		if err != nil {
			t.Fatal(err)
		}
		split, err := settle.Compute(set.On(c.Bill.Visit.Day), c.Person, c.Bill, c.Usage)
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for i := range split.Steps {
			chinese, english := split.Steps[i].Sentences()
			all.WriteString(chinese + "\n" + english + "\n")
		}
		for _, sentence := range want[c.ID] {
			told++
			if !strings.Contains(all.String(), sentence) {
				t.Errorf("%s does not say %s:\n%s", c.ID, sentence, all.String())
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if told != 17 {
		t.Errorf("%d sentences looked for", told)
	}
}
