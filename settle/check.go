package settle

import "fmt"

// Check proves a split of bill b: nothing is negative, total = fund + own + family +
// cash, each line's amount is its four parts, the lines' fund sums to the fund and
// is never above what is in scope, buckets and draws sum to what they make up. A
// split that fails is never returned, stored or shown.
func (s *Split) Check(b Bill) error {
	if len(s.Lines) != len(b.Lines) {
		return fmt.Errorf("%d lines split, %d on the bill", len(s.Lines), len(b.Lines))
	}
	if err := s.checkPayers(); err != nil {
		return err
	}
	if err := s.checkLines(); err != nil {
		return err
	}
	if err := s.checkBuckets(); err != nil {
		return err
	}
	return s.checkDraws()
}

func (s *Split) checkPayers() error {
	sum, ok := Sum(s.Fund, s.Own, s.Family, s.Cash)
	switch {
	case s.Total < 0 || s.Fund < 0 || s.Own < 0 || s.Family < 0 || s.Cash < 0 || s.Deductible < 0:
		return fmt.Errorf("negative amount: total %s fund %s own %s family %s cash %s", s.Total, s.Fund, s.Own, s.Family, s.Cash)
	case !ok || sum != s.Total:
		return fmt.Errorf("fund %s + own %s + family %s + cash %s is not the total %s", s.Fund, s.Own, s.Family, s.Cash, s.Total)
	case s.Eligible < s.Own+s.Family || s.Eligible > s.Total-s.Fund:
		return fmt.Errorf("accounts pay %s of eligible %s", s.Own+s.Family, s.Eligible)
	case s.Status == Refused && s.Cash != s.Total, s.Status == NoFund && s.Fund != 0:
		return fmt.Errorf("status %s with fund %s and cash %s", s.Status, s.Fund, s.Cash)
	case s.Status != Settled && s.Status != NoFund && s.Status != Refused:
		return fmt.Errorf("status %q", s.Status)
	case len(s.Reasons) == 0:
		return fmt.Errorf("no reason is given")
	case s.LimitBefore != nil && (*s.LimitBefore < 0 || *s.LimitAfter < 0 || *s.LimitAfter > *s.LimitBefore):
		return fmt.Errorf("limit %s before, %s after", *s.LimitBefore, *s.LimitAfter)
	}
	return nil
}

func (s *Split) checkLines() error {
	var total, fund Fen
	for i := range s.Lines {
		l := &s.Lines[i]
		switch {
		case l.Amount < 0 || l.OverCap < 0 || l.FirstSelfPay < 0 || l.SelfFunded < 0 || l.InScope < 0 || l.Fund < 0:
			return fmt.Errorf("line %d: negative amount", i+1)
		case l.OverCap+l.FirstSelfPay+l.SelfFunded+l.InScope != l.Amount:
			return fmt.Errorf("line %d: the parts do not sum to %s", i+1, l.Amount)
		case l.Fund > l.InScope:
			return fmt.Errorf("line %d: fund %s over in scope %s", i+1, l.Fund, l.InScope)
		case l.Bucket == BucketNone && l.Fund != 0:
			return fmt.Errorf("line %d: fund %s without a bucket", i+1, l.Fund)
		}
		total += l.Amount
		fund += l.Fund
	}
	if total != s.Total || fund != s.Fund {
		return fmt.Errorf("lines sum to %s and fund %s, not %s and %s", total, fund, s.Total, s.Fund)
	}
	return nil
}

func (s *Split) checkBuckets() error {
	var fund Fen
	for i, b := range s.Buckets {
		if b.Fund < 0 {
			return fmt.Errorf("bucket %s: negative fund %s", b.Bucket, b.Fund)
		}
		for _, other := range s.Buckets[:i] {
			if other.Bucket == b.Bucket {
				return fmt.Errorf("bucket %s twice", b.Bucket)
			}
		}
		fund += b.Fund
	}
	if fund != s.Fund {
		return fmt.Errorf("buckets sum to %s, not to the fund %s", fund, s.Fund)
	}
	return nil
}

func (s *Split) checkDraws() error {
	var family Fen
	for _, d := range s.Draws {
		switch {
		case d.Paid < 0 || d.Usable < 0 || d.Paid > d.Usable:
			return fmt.Errorf("account %s pays %s of %s", d.AccountID, d.Paid, d.Usable)
		case d.Denied != "" && d.Usable != 0:
			return fmt.Errorf("account %s is denied and usable", d.AccountID)
		}
		family += d.Paid
	}
	if family != s.Family {
		return fmt.Errorf("draws sum to %s, not to the family's %s", family, s.Family)
	}
	return nil
}
