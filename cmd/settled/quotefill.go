package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"settled/queue/catalogue"
	"settled/settle"
)

// openCatalogue opens what --catalogue names: a state directory, a directory of files
// for a load, or one such file. Files are loaded into a store that close removes.
func openCatalogue(path string) (store *catalogue.Store, closing func() error, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, usagef("--catalogue: %w", err)
	}
	files := []string{path}
	if info.IsDir() {
		if _, err := os.Stat(filepath.Join(path, catalogue.FileName)); err == nil {
			store = catalogue.New(path)
			return store, store.Close, nil
		}
		if files, err = loadable(path); err != nil {
			return nil, nil, err
		}
	}
	dir, err := os.MkdirTemp("", "settled-catalogue-")
	if err != nil {
		return nil, nil, fmt.Errorf("catalogue: %w", err)
	}
	if _, err := catalogue.Load(dir, catalogue.Options{Area: defaultArea, Now: time.Now}, files); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	store = catalogue.New(dir)
	return store, func() error { return errors.Join(store.Close(), os.RemoveAll(dir)) }, nil
}

// loadable lists the files of a directory that a load could read.
func loadable(dir string) (files []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, usagef("--catalogue: %w", err)
	}
	for _, e := range entries {
		if slices.Contains([]string{".json", ".txt", ".zip"}, strings.ToLower(filepath.Ext(e.Name()))) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, usagef("--catalogue: %s has neither %s nor files to load", dir, catalogue.FileName)
	}
	return files, nil
}

// filling is a bundle whose lines are completed from a catalogue before it is computed.
type filling struct {
	completer catalogue.Completer
	levels    map[string]int // of the bundle's institutions
}

// fillBundle copies the institutions and the cases of a bundle, with what lines with a
// code leave open. A case that the catalogue refuses ends it.
func fillBundle(in io.ReadSeeker, to io.Writer, store *catalogue.Store) error {
	f := &filling{completer: catalogue.Completer{Store: store}, levels: map[string]int{}}
	out := bufio.NewWriter(to)
	_, _ = out.WriteString("{") // an error shows at Flush
	if err := topLevel(in, "institutions", func(d *json.Decoder) error { return f.institutions(d, out) }); err != nil {
		return err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("bundle: with --catalogue it must be a file: %w", err)
	}
	_, _ = out.WriteString(`"cases":[`)
	if err := topLevel(in, "cases", func(d *json.Decoder) error { return f.cases(d, out) }); err != nil {
		return err
	}
	_, _ = out.WriteString("]}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return nil
}

// topLevel hands over the decoder at one field of an object and skips the others.
func topLevel(in io.Reader, field string, read func(*json.Decoder) error) error {
	d := json.NewDecoder(in)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("bundle: not a JSON object: %w", err)
	}
	for d.More() {
		name, err := d.Token()
		if err == nil && name == field {
			err = read(d)
		} else if err == nil {
			var skipped json.RawMessage
			err = d.Decode(&skipped)
		}
		if err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
	}
	return nil
}

func (f *filling) institutions(d *json.Decoder, out *bufio.Writer) error {
	var raw json.RawMessage
	var list map[string]struct {
		Level int `json:"level"`
	}
	err := d.Decode(&raw)
	if err == nil {
		err = json.Unmarshal(raw, &list)
	}
	if err != nil {
		return fmt.Errorf("institutions: %w", err)
	}
	for id, place := range list {
		f.levels[id] = place.Level
	}
	_, _ = fmt.Fprintf(out, `"institutions":%s,`, raw)
	return nil
}

func (f *filling) cases(d *json.Decoder, out *bufio.Writer) error {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return fmt.Errorf("cases: want a list: %w", err)
	}
	for n := 0; d.More(); n++ {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return fmt.Errorf("cases: %w", err)
		}
		full, err := f.fill(raw)
		if err != nil {
			return err
		}
		if n > 0 {
			_ = out.WriteByte(',')
		}
		_, _ = out.Write(full)
	}
	_, err := d.Token()
	return err
}

// caseHead is what of a case decides what the catalogue says.
type caseHead struct {
	ID      string      `json:"id"`
	Day     settle.Date `json:"policy_date"`
	PlaceID string      `json:"institution_id"`
	Place   *struct {
		Level int `json:"level"`
	} `json:"institution"`
	Visit struct {
		Kind settle.VisitKind `json:"kind"`
	} `json:"visit"`
	Patient struct {
		Category settle.Category `json:"category"`
	} `json:"patient"`
	Items []caseItem `json:"items"`
}

// caseItem is a line of a case, as far as a catalogue knows it.
type caseItem struct {
	Code         string       `json:"code"`
	Name         string       `json:"name"`
	Grade        settle.Grade `json:"category"`
	PriceCap     *string      `json:"price_cap"`
	FirstSelfPay *string      `json:"first_self_pay_ratio"`
	Consultation *bool        `json:"consultation"`
}

// fill completes one case; a case without codes stays as it is.
func (f *filling) fill(raw json.RawMessage) (json.RawMessage, error) {
	head, has := codesOf(raw)
	if !has {
		return raw, nil
	}
	bill := settle.Bill{Visit: settle.Visit{Day: head.Day, Kind: head.Visit.Kind}}
	bill.Visit.Institution.Level = f.levels[head.PlaceID]
	if head.Place != nil {
		bill.Visit.Institution.Level = head.Place.Level
	}
	for i, item := range head.Items {
		line, err := item.line()
		if err != nil {
			return nil, fmt.Errorf("case %q: items[%d]: %w", settle.Clip(head.ID), i, err)
		}
		bill.Lines = append(bill.Lines, line)
	}
	insurance := "390"
	if c := head.Patient.Category; c == settle.EmployeeTier1 || c == settle.EmployeeTier2 {
		insurance = "310"
	}
	full, _, err := f.completer.Complete(bill, insurance)
	if refused, ok := errors.AsType[*settle.Refusal](err); ok {
		return nil, fmt.Errorf("case %q: %s %s", settle.Clip(head.ID), refused.Error(), refused.Cashier)
	}
	if err != nil {
		return nil, fmt.Errorf("case %q: %w", settle.Clip(head.ID), err)
	}
	return withLines(raw, full.Lines)
}

// codesOf reads a case of which a line has a code; what is wrong with another one is
// said where it is computed.
func codesOf(raw json.RawMessage) (head caseHead, has bool) {
	has = json.Unmarshal(raw, &head) == nil && slices.ContainsFunc(head.Items, func(i caseItem) bool { return i.Code != "" })
	return head, has
}

func (i *caseItem) line() (l settle.Line, err error) {
	l = settle.Line{Code: i.Code, Name: i.Name, Grade: i.Grade}
	l.Open = settle.Open{Ratio: i.FirstSelfPay == nil, Consultation: i.Consultation == nil}
	if i.Consultation != nil {
		l.Consultation = *i.Consultation
	}
	if i.PriceCap != nil {
		price, err := settle.ParseDecimal(*i.PriceCap, 9, 4)
		if err != nil {
			return l, fmt.Errorf("price_cap: %w", err)
		}
		l.PriceCap = decimal.NewNullDecimal(price)
	}
	if i.FirstSelfPay != nil {
		if l.FirstSelfPay, err = settle.ParseDecimal(*i.FirstSelfPay, 1, 4); err != nil {
			return l, fmt.Errorf("first_self_pay_ratio: %w", err)
		}
	}
	return l, nil
}

// withLines puts the completed lines into a case.
func withLines(raw json.RawMessage, lines []settle.Line) (json.RawMessage, error) {
	var whole map[string]json.RawMessage
	var items []map[string]any
	err := json.Unmarshal(raw, &whole)
	if err == nil {
		err = json.Unmarshal(whole["items"], &items)
	}
	if err != nil {
		return nil, fmt.Errorf("items: %w", err)
	}
	for i := range lines {
		l := &lines[i]
		maps.DeleteFunc(items[i], func(name string, _ any) bool { return name == "code" || name == "price_cap" })
		items[i]["name"], items[i]["category"], items[i]["consultation"] = l.Name, l.Grade, l.Consultation
		if l.PriceCap.Valid {
			items[i]["price_cap"] = l.PriceCap.Decimal.String()
		}
		if !l.Open.Ratio {
			items[i]["first_self_pay_ratio"] = l.FirstSelfPay.String()
		}
	}
	if whole["items"], err = json.Marshal(items); err != nil {
		return nil, fmt.Errorf("items: %w", err)
	}
	return json.Marshal(whole)
}
