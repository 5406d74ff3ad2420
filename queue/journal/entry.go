package journal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emmansun/gmsm/sm3"
)

// Genesis is the prev of the first entry.
const Genesis = "0000000000000000000000000000000000000000000000000000000000000000"

const (
	layout    = "2006-01-02T15:04:05.000-07:00"
	hashKey   = `,"hash":"`
	sealKey   = `,"seal":"`
	suffixLen = len(hashKey) + 2*sm3.Size + len(`"}`)
)

// zone is Asia/Shanghai, which has no summer time.
var zone = time.FixedZone("", 8*60*60)

// Record is what a caller wants kept.
type Record struct {
	Kind     string // small letters and _
	Operator string // who
	Device   string // where: the seat
	Rules    string // digest of the rules in force
	Body     []byte // one JSON object without line breaks, as encoding/json makes it
	Seal     []byte // data sealed by the caller; nil: none
}

// Entry is a record in the journal.
type Entry struct {
	N    uint64    // number, from 1
	At   time.Time // to the millisecond, Asia/Shanghai; never before the entry before it
	Base uint64    // last entry that was durable when this one was written
	Record
	Prev string // hash of the entry before
	Hash string // own hash, 64 hex digits
	Loc  Loc    // where its line is
}

// Loc is where a line is: file (by its first entry), offset in it, length with the
// newline, both in bytes.
type Loc struct {
	Segment uint64 `json:"seg"`
	Offset  int64  `json:"off"`
	Length  int    `json:"len"`
}

// End is the offset just behind the line.
func (l Loc) End() int64 { return l.Offset + int64(l.Length) }

func (l Loc) behind() Loc { return Loc{Segment: l.Segment, Offset: l.End()} }

// Pos is a place in the journal: just behind entry N. The zero Pos is the beginning.
type Pos struct {
	N    uint64 `json:"n"`
	Hash string `json:"hash"` // of entry N
	Loc         // of entry N; without length if N is the last of the file before
}

// Damage says that a line which was durable once is not what was written. Nothing
// was changed; the files need a person, or a backup.
type Damage struct {
	File   string
	Entry  uint64 // 0: not known
	Offset int64
	Why    string
}

// Error names file, entry and offset.
func (d *Damage) Error() string {
	return fmt.Sprintf("journal is damaged: %s entry %d at offset %d: %s", d.File, d.Entry, d.Offset, d.Why)
}

// check tells whether r can be a line.
func (r *Record) check() error {
	if r.Kind == "" || len(r.Kind) > 32 || strings.Trim(r.Kind, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return fmt.Errorf("%w: kind %q", ErrRecord, r.Kind)
	}
	for _, s := range []string{r.Operator, r.Device, r.Rules} {
		if !plain(s) {
			return fmt.Errorf("%w: operator, device and rules are at most 128 bytes of text without quotes, backslashes and controls", ErrRecord)
		}
	}
	if n := len(r.Body); n < 2 || r.Body[0] != '{' || r.Body[n-1] != '}' {
		return fmt.Errorf("%w: body is not a JSON object", ErrRecord)
	}
	if bytes.IndexByte(r.Body, '\n') >= 0 || bytes.IndexByte(r.Body, '\r') >= 0 { // fast: the writer does it
		return fmt.Errorf("%w: body has line breaks", ErrRecord)
	}
	return nil
}

func plain(s string) bool {
	if len(s) > 128 || !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		if c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			return false
		}
	}
	return true
}

// appendLine appends e's line with its newline and returns the line's hash.
func appendLine(b []byte, e *Entry) (line []byte, hash string) {
	start := len(b)
	b = append(b, `{"n":`...)
	b = strconv.AppendUint(b, e.N, 10)
	b = append(b, `,"at":"`...)
	b = e.At.AppendFormat(b, layout)
	b = append(b, `","base":`...)
	b = strconv.AppendUint(b, e.Base, 10)
	for _, f := range [...][2]string{
		{`,"kind":"`, e.Kind},
		{`","op":"`, e.Operator},
		{`","dev":"`, e.Device},
		{`","rules":"`, e.Rules},
		{`","prev":"`, e.Prev},
	} {
		b = append(append(b, f[0]...), f[1]...)
	}
	b = append(b, `","body":`...)
	b = append(b, e.Body...)
	if len(e.Seal) > 0 {
		b = append(b, sealKey...)
		b = base64.StdEncoding.AppendEncode(b, e.Seal)
		b = append(b, '"')
	}
	sum := sm3.Sum(b[start:])
	hash = hex.EncodeToString(sum[:])
	b = append(b, hashKey...)
	b = append(b, hash...)
	return append(b, "\"}\n"...), hash
}

var errLine = errors.New("not a line of the journal")

// parseLine reads a whole line with its newline and checks it against its own hash.
// Only what appendLine writes is accepted. The entry holds no part of line.
func parseLine(line []byte) (Entry, error) {
	n := len(line)
	if n > MaxLine || n < suffixLen+1 || line[n-1] != '\n' {
		return Entry{}, errLine
	}
	covered, suffix := line[:n-1-suffixLen], line[n-1-suffixLen:n-1]
	sum := sm3.Sum(covered)
	hash := hex.EncodeToString(sum[:])
	if string(suffix) != hashKey+hash+`"}` {
		return Entry{}, fmt.Errorf("%w: its hash is not that of its bytes", errLine)
	}
	e, rest, err := parseHead(covered)
	if err != nil {
		return Entry{}, err
	}
	e.Hash = hash
	if rest[len(rest)-1] == '"' {
		i := bytes.LastIndex(rest, []byte(sealKey))
		if i < 0 {
			return Entry{}, errLine
		}
		if e.Seal, err = base64.StdEncoding.DecodeString(string(rest[i+len(sealKey) : len(rest)-1])); err != nil {
			return Entry{}, fmt.Errorf("%w: seal: %w", errLine, err)
		}
		rest = rest[:i]
	}
	e.Body = bytes.Clone(rest)
	if err := e.check(); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", errLine, err)
	}
	return e, nil
}

// parseHead reads a line's fields before the body; rest begins with the body and
// has at least one byte.
func parseHead(b []byte) (e Entry, rest []byte, err error) {
	s := scan{rest: b, ok: true}
	e.N = s.number(`{"n":`)
	at := s.text(`,"at":"`)
	e.Base = s.number(`,"base":`)
	e.Kind = s.text(`,"kind":"`)
	e.Operator = s.text(`,"op":"`)
	e.Device = s.text(`,"dev":"`)
	e.Rules = s.text(`,"rules":"`)
	e.Prev = s.text(`,"prev":"`)
	s.literal(`,"body":`)
	if !s.ok || len(s.rest) == 0 || e.N == 0 || e.Base >= e.N || len(e.Prev) != len(Genesis) {
		return Entry{}, nil, errLine
	}
	t, err := time.ParseInLocation(layout, at, zone)
	if err != nil || t.In(zone).Format(layout) != at {
		return Entry{}, nil, fmt.Errorf("%w: time %q", errLine, at)
	}
	e.At = t.In(zone)
	return e, s.rest, nil
}

// scan reads the fixed head of a line; ok turns false at the first thing that is
// not as appendLine writes it.
type scan struct {
	rest []byte
	ok   bool
}

func (s *scan) literal(want string) {
	rest, ok := bytes.CutPrefix(s.rest, []byte(want))
	s.rest, s.ok = rest, s.ok && ok
}

func (s *scan) number(key string) uint64 {
	s.literal(key)
	i := 0
	for i < len(s.rest) && s.rest[i] >= '0' && s.rest[i] <= '9' {
		i++
	}
	n, err := strconv.ParseUint(string(s.rest[:i]), 10, 63)
	s.ok = s.ok && err == nil && (i == 1 || s.rest[0] != '0')
	s.rest = s.rest[i:]
	return n
}

func (s *scan) text(key string) string {
	s.literal(key)
	i := bytes.IndexByte(s.rest, '"')
	if i < 0 {
		s.ok = false
		return ""
	}
	t := string(s.rest[:i])
	s.rest = s.rest[i+1:]
	return t
}
