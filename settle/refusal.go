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
