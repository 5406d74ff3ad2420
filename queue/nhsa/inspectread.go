package nhsa

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// decoded is a message as UTF-8, without the mark of its order of bytes.
func (in *Inspection) decoded(data []byte) []byte {
	encoding, name := simplifiedchinese.GB18030.NewDecoder(), "GB18030"
	switch text := bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")); {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		encoding, name = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder(), "UTF-16"
	case utf8.Valid(text):
		return text
	}
	text, err := encoding.Bytes(data)
	if err != nil {
		return data
	}
	in.warn("not UTF-8; read as %s", name)
	return text
}

var errEmpty = errors.New("empty")

// readObject reads one JSON object, numbers in their own spelling.
func readObject(text []byte) (map[string]any, error) {
	v, err := readJSON(text)
	if err != nil {
		return nil, err
	}
	msg, ok := v.(map[string]any)
	if !ok {
		return nil, errObject
	}
	return msg, nil
}

var errObject = errors.New("not a JSON object")

func readJSON(text []byte) (any, error) {
	start := bytes.TrimSpace(text)
	if len(start) == 0 {
		return nil, errEmpty
	}
	if start[0] == '<' {
		return nil, errors.New(markup(start))
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		var syntax *json.SyntaxError
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("cut off after %d bytes", len(text))
		case errors.As(err, &syntax):
			return nil, fmt.Errorf("not JSON at byte %d of %d: %w", syntax.Offset, len(text), err)
		}
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("something follows the message at byte %d; each message needs a file of its own", dec.InputOffset())
	}
	return v, nil
}

// markup says what a page is that came instead of a message; a proxy's has its words in
// the title.
func markup(text []byte) string {
	start := text[:min(len(text), 4096)]
	if !regexp.MustCompile(`(?i)<(!doctype )?html`).Match(start) {
		return "XML, not JSON"
	}
	if title := regexp.MustCompile(`(?is)<title[^>]*>([^<]+)`).FindSubmatch(start); title != nil {
		return "an HTML page, not JSON: " + maskNumbers(clip(strings.TrimSpace(string(title[1]))))
	}
	return "an HTML page, not JSON"
}

// maxLayers is how much may be around a message.
const maxLayers = 4

// messageIn finds the message in what may be around it: a string, a list of one, a
// gateway's object that holds it. Names in another spelling become the interface's.
func (s *Spec) messageIn(in *Inspection, v any) (map[string]any, error) {
	for range maxLayers {
		inner := unwrapped(v)
		if _, text := v.(string); text && inner != v {
			in.warn("the message is JSON in a string")
		}
		v = inner
		if list, ok := v.([]any); ok && len(list) == 1 {
			in.warn("the message is in a list")
			v = list[0]
			continue
		} else if ok && len(list) > 1 {
			return nil, fmt.Errorf("a list of %d, not one message", len(list))
		}
		msg, ok := v.(map[string]any)
		if !ok {
			return nil, errObject
		}
		s.respell(in, msg)
		held := s.messagesIn(msg)
		switch {
		case has(msg, "infcode"), has(msg, "infno"), len(held) == 0:
			return msg, nil
		case len(held) > 1:
			return nil, fmt.Errorf("%d messages (%s): each needs a file of its own", len(held), strings.Join(held, ", "))
		}
		in.warn("the message is inside %q", held[0])
		v = msg[held[0]]
	}
	return nil, fmt.Errorf("more than %d layers around the message", maxLayers)
}

// messagesIn names what an object holds that are messages.
func (s *Spec) messagesIn(o map[string]any) []string {
	var names []string
	for name, v := range o {
		inner, _ := unwrapped(v).(map[string]any)
		for key := range inner {
			if known := s.known(key); known == "infcode" || known == "infno" {
				names = append(names, name)
				break
			}
		}
	}
	slices.Sort(names)
	return names
}

// innermost is the input or output within one layer that some gateways put around it; own
// tells it by what it holds.
func (s *Spec) innermost(in *Inspection, at string, v any, own func(map[string]any) bool) any {
	v = unwrapped(v)
	list, _ := v.([]any)
	if len(list) == 1 {
		if row, ok := list[0].(map[string]any); ok && s.owns(in, row, own) {
			in.warn("%s: a list where an object is due", at)
			return row
		}
	}
	o, ok := v.(map[string]any)
	if !ok || s.owns(in, o, own) {
		return v
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if inner, ok := unwrapped(o[name]).(map[string]any); ok && s.owns(in, inner, own) {
			in.warn("%s.%s: a layer that the interface does not have", at, name)
			return inner
		}
	}
	return v
}

func (s *Spec) owns(in *Inspection, o map[string]any, own func(map[string]any) bool) bool {
	s.respell(in, o)
	return own(o)
}

// hasNode tells whether an input has a node of its transaction.
func hasNode(o map[string]any, nodes map[string]node) bool {
	for name := range nodes {
		if child(o, name) != nil {
			return true
		}
	}
	return len(nodes) == 0
}

// respell gives fields the interface's names that are spelt in another case, or without
// the interface's strokes.
func (s *Spec) respell(in *Inspection, v any) {
	odd := map[string]string{}
	s.rename(v, odd)
	if len(odd) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(odd))
	in.warn("names: %s is spelt %s in the interface; %d such", names[0], odd[names[0]], len(odd))
}

func (s *Spec) rename(v any, odd map[string]string) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			s.rename(one, odd)
		}
	case map[string]any:
		for _, name := range slices.Collect(maps.Keys(v)) {
			s.rename(v[name], odd)
			if known := s.known(name); known != name && !has(v, known) {
				v[known], odd[name] = v[name], known
				delete(v, name)
			}
		}
	}
}

// known is the interface's name for what is spelt in its way or another; the same for what
// it has no name for.
func (s *Spec) known(name string) string {
	if s.names[name] {
		return name
	}
	return or(s.spelling[folded(name)], name)
}

func folded(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// clip shortens the words of a platform to what a person would read.
func clip(s string) string {
	const most = 2000
	if r := []rune(s[:min(len(s), 4*most)]); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
