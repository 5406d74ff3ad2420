package settle

import (
	"fmt"
	"strings"
)

// Refusal says that something cannot be done, and nothing was done: a code, a
// sentence for the cashier in Chinese, one for the technician in English, and the
// field and the bill's line that are at fault, where there is one.
type Refusal struct {
	Code       Code   `json:"code"`
	Field      string `json:"field,omitempty"` // path in the input, "items[3].qty"
	Line       int    `json:"line,omitempty"`  // line of the bill from 1; 0: not a line's
	Cashier    string `json:"cashier"`
	Technician string `json:"technician"`
}

// AlreadyReversed refuses to reverse a settlement once more: void reversed it, and kept is
// the settlement of the lines that were kept then, "" for none.
func AlreadyReversed(number, void, kept string) *Refusal {
	r := &Refusal{
		Code: AlreadyVoided, Field: "number",
		Cashier:    fmt.Sprintf("%s 已由 %s 撤销，本次没有再退款；要凭条请补打（receipt %[2]s）。", number, void),
		Technician: fmt.Sprintf("settlement %s was reversed by void %s", number, void),
	}
	if kept != "" {
		r.Cashier = fmt.Sprintf("%s 已由 %s 退费，本次没有再退款；保留的项目是新单 %s，还要退请按新单办理。", number, void, kept)
		r.Technician += ", which kept " + kept
	}
	return r
}

// Error gives the technician's sentence with code, field and line.
func (r *Refusal) Error() string {
	var b strings.Builder
	b.WriteString(string(r.Code))
	if r.Line > 0 {
		fmt.Fprintf(&b, " line %d", r.Line)
	}
	if r.Field != "" {
		fmt.Fprintf(&b, " %s", r.Field)
	}
	fmt.Fprintf(&b, ": %s", r.Technician)
	return b.String()
}
