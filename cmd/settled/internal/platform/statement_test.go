package platform

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// TestGarbledResult: a file of which no line can be read is no result, and says nothing of
// any settlement.
func TestGarbledResult(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	w.settle("MZ1", 1)
	w.passes()
	w.command("mood", map[string]any{"books": map[string]any{"missing": 1}})
	r := NewReconciler(w.upload.line, "01", nil)
	none := func(n uint64) (counter.Shift, error) { return counter.Shift{}, fmt.Errorf("shift %d", n) }
	w.faults(fault{Infno: "9102", Kind: "rubbish", Times: 1})
	report, err := r.Reconcile(t.Context(), dateOf(time.Now()), none, clerk)
	var refusal *settle.Refusal
	if !errors.As(err, &refusal) {
		t.Errorf("%+v %v", report.Details, err)
	}
	if report, err = r.Reconcile(t.Context(), dateOf(time.Now()), none, clerk); err != nil || report.Open() != 1 {
		t.Errorf("%+v %v", report.Details, err)
	}
}
