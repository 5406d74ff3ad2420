package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"settled/settle"
)

// readReplies reads saved replies of the platform, one after the other:
//
//	{"infcode": 0, …, "output": {…, "data": [{"hilist_code": …}, …]}}
//
// with "output" sometimes the list itself. Nothing is kept in memory but one row.
func readReplies(r io.Reader, name string, each emit) error {
	lines := &newlines{r: r}
	p := &pages{tokens: json.NewDecoder(lines), lines: lines, file: name, each: each}
	p.tokens.UseNumber()
	for {
		p.row = 0
		t, err := p.tokens.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return p.broken(err)
		}
		if t != json.Delim('{') {
			return p.fault("", "a reply is a JSON object")
		}
		if err := p.reply(); err != nil {
			return err
		}
	}
}

// pages is replies under way.
type pages struct {
	tokens *json.Decoder
	lines  *newlines
	file   string
	each   emit
	row    int
}

func (p *pages) place() Place {
	return Place{File: p.file, Line: p.lines.at(p.tokens.InputOffset()), Row: p.row}
}

func (p *pages) fault(field, why string) error {
	return &Fault{Place: p.place(), Field: field, Why: why}
}

func (p *pages) broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return p.fault("", "the JSON ends early")
	}
	return p.fault("", settle.Clip(err.Error()))
}

// next gives the next token inside of a reply, where the file must not end.
func (p *pages) next() (json.Token, error) {
	t, err := p.tokens.Token()
	if err != nil {
		return nil, p.broken(err)
	}
	return t, nil
}

// reply reads the rest of one reply, whose opening brace is read.
func (p *pages) reply() error {
	found, failed, words := false, "", ""
	err := p.members(func(name string) (err error) {
		switch name {
		case "infcode":
			failed, err = p.succeeded()
			return err
		case "err_msg":
			words, err = p.text()
			return err
		case "output":
			found = true
			return p.output()
		}
		return p.skip()
	})
	switch {
	case err != nil:
		return err
	case failed != "" && strings.Contains(words, nothingNewer):
		return nil
	case failed != "":
		return p.fault("infcode", "is not 0: the platform refused: "+settle.Clip(words))
	case !found:
		return p.fault("output", "is missing: not a reply of 1312, 1318 or 1319")
	}
	return nil
}

// nothingNewer is the refusal of who has the newest rows (interface 3.16).
const nothingNewer = "已经是最新数据"

// succeeded gives the infcode of a reply that says that it failed.
func (p *pages) succeeded() (failed string, err error) {
	t, err := p.next()
	if err != nil {
		return "", err
	}
	if n, ok := t.(json.Number); ok && n == "0" || t == "0" {
		return "", nil
	}
	return fmt.Sprint(t), nil
}

// text gives a value that is a text; another one is read over.
func (p *pages) text() (string, error) {
	t, err := p.next()
	if err != nil {
		return "", err
	}
	if t == json.Delim('{') || t == json.Delim('[') {
		return "", p.rest(1)
	}
	s, _ := t.(string)
	return s, nil
}

func (p *pages) output() error {
	t, err := p.next()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('['):
		return p.rows()
	case json.Delim('{'):
		return p.members(func(name string) error {
			if name != "data" {
				return p.skip()
			}
			t, err := p.next()
			if err == nil && t != nil && t != json.Delim('[') {
				err = p.fault("output.data", "want a list")
			}
			if err != nil || t == nil {
				return err
			}
			return p.rows()
		})
	case nil: // nothing newer
		return nil
	}
	return p.fault("output", "want an object")
}

// members reads the rest of an object; each reads the value of the member it is given.
func (p *pages) members(each func(name string) error) error {
	for {
		t, err := p.next()
		if err != nil {
			return err
		}
		name, ok := t.(string)
		if !ok {
			return nil // the closing brace
		}
		if err := each(name); err != nil {
			return err
		}
	}
}

// rows reads the rest of a list of rows.
func (p *pages) rows() error {
	for {
		t, err := p.next()
		if err != nil {
			return err
		}
		if t == json.Delim(']') {
			return nil
		}
		p.row++
		if t != json.Delim('{') {
			return p.fault("", "a row is a JSON object")
		}
		at := p.place()
		fields, err := p.fields()
		if err != nil {
			return err
		}
		table := tableOf(func(field string) bool { _, has := fields[field]; return has })
		if table == "" {
			return p.fault("", "neither chrgitm_lv nor hilist_lmtpric_type nor selfpay_prop_psn_type: which table is it?")
		}
		if err := p.each(at, table, fields); err != nil {
			return err
		}
	}
}

// fields reads the rest of a row; fields that no table has are let through.
func (p *pages) fields() (map[string]string, error) {
	fields := map[string]string{}
	err := p.members(func(name string) error {
		if Items.column(name) == nil && Caps.column(name) == nil && Ratios.column(name) == nil {
			return p.skip()
		}
		if _, twice := fields[name]; twice {
			return p.fault(name, "is there twice")
		}
		t, err := p.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case string:
			fields[name] = strings.TrimSpace(t)
		case json.Number:
			fields[name] = t.String()
		case nil:
			fields[name] = ""
		default:
			return p.fault(name, "want a text or a number")
		}
		return nil
	})
	return fields, err
}

// skip reads over a value, however deep.
func (p *pages) skip() error { return p.rest(0) }

// rest reads on until as many lists and objects as are open end.
func (p *pages) rest(depth int) error {
	for {
		t, err := p.next()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// newlines remembers where lines end in what was read ahead.
type newlines struct {
	r      io.Reader
	read   int64
	ends   []int64 // offsets of line ends that were not passed yet
	passed int
}

func (n *newlines) Read(p []byte) (int, error) {
	count, err := n.r.Read(p)
	for i, c := range p[:count] {
		if c == '\n' {
			n.ends = append(n.ends, n.read+int64(i))
		}
	}
	n.read += int64(count)
	return count, err
}

// at gives the line, from 1, of an offset; offsets only grow.
func (n *newlines) at(offset int64) int {
	done := 0
	for done < len(n.ends) && n.ends[done] < offset {
		done++
	}
	n.ends = n.ends[done:]
	n.passed += done
	return n.passed + 1
}
