package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// Row is one value of a parameter with the days on which it holds and everything
// that is known of where it comes from.
type Row struct {
	Param        settle.Param    `json:"parameter"`
	Key          settle.Key      `json:"key"`   // values of the parameter's keys, in their order
	Title        string          `json:"title"` // of the parameter
	TitleChinese string          `json:"title_zh"`
	Unit         string          `json:"unit"`
	Rule         string          `json:"rule"`
	Value        string          `json:"value"` // "" if unknown
	From         settle.Date     `json:"from"`  // inclusive
	To           settle.Date     `json:"to"`    // inclusive; zero: open
	Source       string          `json:"source"`
	Article      string          `json:"article,omitempty"`
	Quote        string          `json:"quote,omitempty"`
	Confidence   string          `json:"confidence"` // high, medium, low
	Status       settle.Standing `json:"status"`
	Conflict     string          `json:"conflict,omitempty"`
	Alternative  string          `json:"alternative,omitempty"` // the value by the other reading
	Base         *Base           `json:"base,omitempty"`
	Note         string          `json:"note,omitempty"`
	File         string          `json:"file"`
	Line         int             `json:"line"`
	Overlay      *Approval       `json:"overlay,omitempty"` // nil: a row of the shipped data
}

// Base is what an amount was worked out from: percent of the average wage of a year, or
// of twelve times the month's income of one. Either Wage or Income is stated.
type Base struct {
	Year    int    `json:"year"`
	Wage    string `json:"wage,omitempty"`   // yuan a year, of [settle.ParamAverageWage]
	Income  string `json:"income,omitempty"` // yuan a month, of [settle.ParamResidentIncome]
	Percent string `json:"percent"`          // "1.5"
}

// header is what the rows of one parameter share.
type header struct {
	schema       *schema
	title        string
	titleChinese string
	rule         string
	until        settle.Date // the parameter ends with a regime
	overlay      *Approval
}

// row reads one [[row]] table.
func (h *header) row(t *table) (*Row, error) {
	r := &Row{
		Param: h.schema.param, Title: h.title, TitleChinese: h.titleChinese, Unit: string(h.schema.unit),
		Rule: h.rule, File: t.file, Line: t.line, Overlay: h.overlay,
	}
	known := []string{
		"parameter", "value", "from", "to", "source", "article", "quote", "confidence", "status",
		"rule", "conflict", "alternative", "base", "note",
	}
	if h.overlay == nil {
		known = known[1:]
	}
	for _, k := range h.schema.keys {
		known = append(known, k.name)
	}
	if err := t.only(known...); err != nil {
		return nil, err
	}
	if err := r.readTexts(t); err != nil {
		return nil, err
	}
	if err := h.readKey(t, r); err != nil {
		return nil, err
	}
	if err := r.readDays(t); err != nil {
		return nil, err
	}
	if err := r.readBase(t); err != nil {
		return nil, err
	}
	if err := r.checkStatus(t, h.schema); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Row) readTexts(t *table) error {
	rule, status := "", ""
	for key, to := range map[string]*string{
		"value": &r.Value, "source": &r.Source, "article": &r.Article,
		"quote": &r.Quote, "confidence": &r.Confidence, "status": &status, "rule": &rule,
		"conflict": &r.Conflict, "alternative": &r.Alternative, "note": &r.Note,
	} {
		text, err := t.text(key)
		if err != nil {
			return err
		}
		*to = text
	}
	if rule != "" {
		r.Rule = rule
	}
	r.Status = settle.Standing(status)
	for _, key := range []string{"source", "status"} {
		if _, err := t.required(key); err != nil {
			return err
		}
	}
	return nil
}

func (h *header) readKey(t *table, r *Row) error {
	for i, k := range h.schema.keys {
		v, err := t.required(k.name)
		if err != nil {
			return err
		}
		if !slices.Contains(k.values, v) {
			return t.problem(k.name, "%s is %q, not one of %s", k.name, settle.Clip(v), strings.Join(k.values, ", "))
		}
		r.Key[i] = v
	}
	return nil
}

func (r *Row) readDays(t *table) (err error) {
	if _, err = t.required("from"); err != nil {
		return err
	}
	if r.From, err = t.day("from"); err != nil {
		return err
	}
	if r.To, err = t.day("to"); err != nil {
		return err
	}
	if r.To != 0 && r.To < r.From {
		return t.problem("to", "to %s is before from %s", r.To, r.From)
	}
	return nil
}

func (r *Row) readBase(t *table) error {
	v, ok := t.values["base"]
	if !ok {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return t.problem("base", "base is a %s, not a table", kind(v))
	}
	base := &table{file: t.file, line: t.at("base"), values: m, lines: map[string]int{}}
	if err := base.only("year", "wage", "income", "percent"); err != nil {
		return err
	}
	year, ok := m["year"].(int64)
	if !ok || year < 1990 || year > 2999 {
		return base.problem("year", "base needs a year as a number")
	}
	r.Base = &Base{Year: int(year)}
	for key, to := range map[string]*string{"wage": &r.Base.Wage, "income": &r.Base.Income, "percent": &r.Base.Percent} {
		text, err := base.text(key)
		if err != nil {
			return err
		}
		*to = text
	}
	if (r.Base.Wage == "") == (r.Base.Income == "") || r.Base.Percent == "" {
		return t.problem("base", "base needs a percent, and a wage or an income")
	}
	return nil
}

// checkStatus checks what a row must have by its status, and its values' form.
func (r *Row) checkStatus(t *table, s *schema) error {
	switch {
	case !slices.Contains([]string{"high", "medium", "low"}, r.Confidence):
		return t.problem("confidence", "confidence is %q, not high, medium or low", settle.Clip(r.Confidence))
	case r.Quote == "" && r.Note == "":
		return t.problem("quote", "neither quote nor note says where the value stands")
	case !idForm(r.Rule):
		return t.problem("rule", "rule is %q, not an id such as R-1", settle.Clip(r.Rule))
	case r.Conflict != "" && !idForm(r.Conflict):
		return t.problem("conflict", "conflict is %q, not an id such as X-1", settle.Clip(r.Conflict))
	case r.Alternative != "" && r.Conflict == "":
		return t.problem("alternative", "an alternative needs the conflict's id")
	}
	switch r.Status {
	case settle.Official, settle.Provisional:
	case settle.Derived:
		if r.Base == nil {
			return t.problem("status", "a derived row needs its base")
		}
	case settle.Unknown:
		if r.Value != "" {
			return t.problem("value", "an unknown row has no value")
		}
		return nil
	default:
		return t.problem("status", "status is %q, not official, derived, provisional or unknown", settle.Clip(string(r.Status)))
	}
	for key, v := range map[string]string{"value": r.Value, "alternative": r.Alternative} {
		if key == "alternative" && v == "" {
			continue
		}
		if _, err := s.number(v); err != nil {
			return t.problem(key, "%s: %v", key, err)
		}
	}
	return nil
}

// number reads a value in the parameter's unit.
func (s *schema) number(value string) (settle.Number, error) {
	n := settle.Number{Text: value}
	var err error
	switch s.unit {
	case unitYuan:
		if n.Amount, err = settle.ParseFen(value); err == nil && n.Amount < 0 {
			err = errNegative
		}
	case unitRatio:
		n.Decimal, err = ratio(value, 4)
	case unitMultiplier:
		n.Decimal, err = ratio(value, 2)
	case unitFlag:
		err = oneOf(value, []string{settle.Yes, settle.No})
	case unitChoice:
		err = oneOf(value, s.words)
	case unitSet:
		for word := range strings.SplitSeq(value, " ") {
			if err == nil {
				err = oneOf(word, s.words)
			}
		}
	case unitPeriod:
		if len(value) < 4 || len(value) > 10 || strings.Trim(value, "0123456789-") != "" {
			err = errPeriod
		}
	case unitYears:
		n.Count, err = count(value, 150)
	case unitMonths:
		n.Count, err = count(value, 120)
	case unitMonth:
		n.Count, err = count(value, 12)
	case unitLevel:
		n.Count, err = count(value, 3)
	}
	return n, err
}

func ratio(value string, places int) (decimal.Decimal, error) {
	d, err := settle.ParseDecimal(value, 1, places)
	if err == nil && d.GreaterThan(decimal.New(1, 0)) {
		err = errRatio
	}
	return d, err
}

func oneOf(value string, words []string) error {
	if !slices.Contains(words, value) {
		return &wordError{value, words}
	}
	return nil
}

func count(value string, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most || strconv.Itoa(n) != value {
		return 0, &countError{value, most}
	}
	return n, nil
}
