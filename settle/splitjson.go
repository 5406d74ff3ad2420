package settle

// AppendJSON appends the split as JSON, as encoding/json does.
func (s *Split) AppendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"status":`...), string(s.Status))
	b = appendList(append(b, `,"reasons":`...), s.Reasons, func(c *Code, b []byte) []byte { return AppendText(b, string(*c)) })
	b = s.Total.AppendJSON(append(b, `,"total":`...))
	b = s.Fund.AppendJSON(append(b, `,"fund":`...))
	b = s.Own.AppendJSON(append(b, `,"own":`...))
	b = s.Family.AppendJSON(append(b, `,"mutual":`...))
	b = s.Cash.AppendJSON(append(b, `,"cash":`...))
	b = appendList(append(b, `,"fund_breakdown":`...), s.Buckets, (*BucketFund).appendJSON)
	b = s.Deductible.AppendJSON(append(b, `,"deductible":`...))
	b = appendDecimal(append(b, `,"multiplier":`...), s.Multiplier)
	switch {
	case s.Selected == nil:
		b = append(b, `,"selected":null`...)
	case *s.Selected:
		b = append(b, `,"selected":true`...)
	default:
		b = append(b, `,"selected":false`...)
	}
	b = s.LimitBefore.appendOrNull(append(b, `,"limit_before":`...))
	b = s.LimitAfter.appendOrNull(append(b, `,"limit_after":`...))
	b = s.Eligible.AppendJSON(append(b, `,"eligible_for_accounts":`...))
	b = appendList(append(b, `,"mutual_by_account":`...), s.Draws, (*Draw).appendJSON)
	b = appendList(append(b, `,"items":`...), s.Lines, (*LineSplit).appendJSON)
	b = appendList(append(b, `,"steps":`...), s.Steps, (*Step).appendJSON)
	return append(s.UsageAfter.appendJSON(append(b, `,"usage_after":`...)), '}')
}

func (f *Fen) appendOrNull(b []byte) []byte {
	if f == nil {
		return append(b, "null"...)
	}
	return f.AppendJSON(b)
}

func (f *BucketFund) appendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"bucket":`...), string(f.Bucket))
	return append(f.Fund.AppendJSON(append(b, `,"fund":`...)), '}')
}

func (d *Draw) appendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"account_id":`...), d.AccountID)
	b = d.Usable.AppendJSON(append(b, `,"usable":`...))
	b = d.Paid.AppendJSON(append(b, `,"paid":`...))
	return append(AppendText(append(b, `,"denied":`...), string(d.Denied)), '}')
}

func (l *LineSplit) appendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"name":`...), l.Name)
	b = l.Amount.AppendJSON(append(b, `,"amount":`...))
	b = l.OverCap.AppendJSON(append(b, `,"over_cap":`...))
	b = l.FirstSelfPay.AppendJSON(append(b, `,"first_self_pay":`...))
	b = l.SelfFunded.AppendJSON(append(b, `,"self_funded":`...))
	b = l.InScope.AppendJSON(append(b, `,"in_scope":`...))
	b = AppendText(append(b, `,"bucket":`...), string(l.Bucket))
	b = appendDecimal(append(b, `,"rate":`...), l.Rate)
	return append(l.Fund.AppendJSON(append(b, `,"fund":`...)), '}')
}

func (s *Step) appendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"what":`...), s.What)
	b = appendCount(b, `,"line":`, s.Line)
	b = appendIf(b, `,"bucket":`, string(s.Bucket))
	b = appendIf(b, `,"account":`, s.Account)
	b = appendIf(b, `,"holder":`, s.Holder)
	b = appendIf(b, `,"reason":`, string(s.Reason))
	b = AppendText(append(b, `,"rule":`...), s.Rule)
	b = AppendText(append(b, `,"source":`...), s.Source)
	b = appendIf(b, `,"number":`, s.Number)
	b = appendIf(b, `,"status":`, s.Status)
	if s.Base != 0 {
		b = s.Base.AppendJSON(append(b, `,"base":`...))
	}
	b = s.Amount.AppendJSON(append(b, `,"amount":`...))
	b = appendIf(b, `,"note":`, s.Note)
	b = appendIf(b, `,"zh":`, s.Chinese)
	b = appendIf(b, `,"en":`, s.English)
	return append(b, '}')
}
