package policy

import (
	"errors"

	"settled/settle"
)

// Approval says who put an overlay into force, and when.
type Approval struct {
	By           string      `json:"approved_by"`
	On           settle.Date `json:"approved_on"`
	Illustrative bool        `json:"illustrative"` // for demonstration, not for settling with patients

	file string
	line int // of the day
}

func readApproval(t *table) (*Approval, error) {
	if err := t.only("approved_by", "approved_on", "illustrative", "note"); err != nil {
		return nil, err
	}
	by, err := t.required("approved_by")
	if err != nil {
		return nil, err
	}
	if _, err := t.required("approved_on"); err != nil {
		return nil, err
	}
	on, err := t.day("approved_on")
	if err != nil {
		return nil, err
	}
	illustrative, err := t.flag("illustrative")
	return &Approval{By: by, On: on, Illustrative: illustrative, file: t.file, line: t.at("approved_on")}, err
}

// CheckApproved refuses overlays that are approved on a day that has not come. Rules
// are loaded without a clock; whoever has one and puts them into force asks this first.
func (s *Set) CheckApproved(today settle.Date) error {
	var errs []error
	for _, a := range s.approvals {
		if a.On > today {
			errs = append(errs, problem(a.file, a.line, "approved_on %s is in the future, today is %s", a.On, today))
		}
	}
	return errors.Join(errs...)
}

// Retroactive lists the rows of overlays, as their files state them, that hold from a
// day before the one on which they were approved: settlements may have been made by
// other rows on those days.
func (s *Set) Retroactive() []Row {
	var rows []Row
	for _, r := range s.laid {
		if r.From < r.Overlay.On {
			rows = append(rows, *r)
		}
	}
	return rows
}
