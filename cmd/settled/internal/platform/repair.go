package platform

import (
	"context"
	"encoding/json"
	"fmt"

	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// mended is the settlement of a record with all its repairs: what the platform is told.
func mended(r queue.Record) (settle.Settlement, error) {
	s := r.Settlement
	for _, repair := range r.Repairs {
		var err error
		if s, err = nhsa.Mended(s, repair.Set); err != nil {
			return s, fmt.Errorf("repair of entry %d: %w", repair.Entry, err)
		}
	}
	return s, nil
}

// Mendable lists what may be mended of a held settlement, with the values that the platform
// would be told now; none of a settlement that is not held.
func (l *Line) Mendable(number string) ([]nhsa.Mend, error) {
	record, err := l.options.Queue.Get(number)
	if err != nil || record.State != queue.OnHold {
		return nil, err
	}
	s, err := mended(record)
	return nhsa.Mendable(&s), err
}

// Repair mends what the platform is told of a held settlement and puts it back into the
// outbox; the upload takes back what is there of it and sends it anew. A field that may not
// be mended, a value that does not fit into the platform's messages, and a state that
// forbids it are refused, and nothing is written.
func (l *Line) Repair(ctx context.Context, r queue.Repair) error {
	record, err := l.options.Queue.Get(r.Number)
	if err != nil {
		return err
	}
	if len(r.Set) == 0 {
		return &settle.Refusal{Code: nhsa.NothingToSet, Field: "set", Cashier: "没有要修改的项目，未修改。", Technician: "no field is set"}
	}
	if record.State == queue.OnHold {
		if err := l.mayRepair(record, r.Set); err != nil {
			return err
		}
	}
	return l.options.Queue.Repair(ctx, r)
}

func (l *Line) mayRepair(record queue.Record, set map[string]string) error {
	before, err := mended(record)
	if err != nil {
		return err
	}
	after, err := nhsa.Mended(before, set)
	if err != nil {
		return err
	}
	if err := l.Fits(after); err != nil {
		return err
	}
	stay := after.Bill.Visit.Kind == settle.Inpatient
	if stay && after.Chart.VisitID == before.Chart.VisitID || !stay && after.Chart.OutpatientNo == before.Chart.OutpatientNo {
		return nil
	}
	// An outpatient's visit is found and taken back by its number: the old one must not be
	// needed any more. A stay's is in the chain, which takes back what is there; only in doubt
	// it would go on with it.
	on, err := l.options.Queue.Chain(record.Settlement.Number)
	if err != nil {
		return err
	}
	var chain nhsa.Chain
	if on.State != nil {
		if err := json.Unmarshal(on.State, &chain); err != nil {
			return fmt.Errorf("stored chain of %s: %w", record.Settlement.Number, err)
		}
	}
	switch {
	case stay && (on.Doubt || chain.Doubt):
		return &settle.Refusal{
			Code: nhsa.StillThere, Field: "visit_id", Cashier: "本机由备份恢复，平台上原就诊ID的情况尚未核对，不能改就诊ID；请先放行，待核对后再改。",
			Technician: "in doubt after a restore: release it, so that the old visit is looked at first",
		}
	case stay:
		return nil
	case on.Doubt || on.Last != nil && !on.Answered || !chain.Nothing():
		return &settle.Refusal{
			Code: nhsa.StillThere, Field: "outpatient_no", Cashier: "平台上还可能有原门诊号的就诊，不能改门诊号；请先放行，待平台撤回后再改。",
			Technician: "the platform may have a visit of the old outpatient number still: release it, so that it is taken back first",
		}
	}
	return nil
}
