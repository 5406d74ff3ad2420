package nhsa

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

//go:embed spec.toml
var specText string

// Spec is the interface's transactions, field by field.
type Spec struct {
	head      fields
	replyHead fields
	byInfno   map[string]*transaction
	codes     map[string][]string
	names     map[string]bool   // of every field and node
	spelling  map[string]string // the name of what is spelt in another way: [folded] → name
	elsewhere fields            // the widest form of each text: for a node that does not list it
}

// fields is a node's fields, each with its form in the specification's notation:
// "C30*"; "" is not known.
type fields map[string]string

type transaction struct {
	infno, name    string
	request, reply map[string]node
}

// node is an object, or a list of rows, of an input or output.
type node struct {
	fields   fields
	optional bool
}

// LoadSpec reads the built-in specification.
func LoadSpec() (*Spec, error) {
	var file struct {
		Head        fields
		ReplyHead   fields `toml:"reply_head"`
		Transaction []struct {
			Infno, Name, Section string
			Also                 []string
			Request, Reply       map[string]any
		}
		Node  map[string]fields
		Codes map[string][]string
	}
	if _, err := toml.Decode(specText, &file); err != nil {
		return nil, fmt.Errorf("specification: %w", err)
	}
	var err error
	s := &Spec{head: file.Head, replyHead: file.ReplyHead, codes: file.Codes, byInfno: map[string]*transaction{}}
	for _, t := range file.Transaction {
		tr := &transaction{infno: t.Infno, name: t.Name}
		if tr.request, err = readNodes(t.Request, file.Node); err != nil {
			return nil, fmt.Errorf("specification: %s: %w", t.Infno, err)
		}
		if tr.reply, err = readNodes(t.Reply, file.Node); err != nil {
			return nil, fmt.Errorf("specification: %s: %w", t.Infno, err)
		}
		for _, infno := range append([]string{t.Infno}, t.Also...) {
			if s.byInfno[infno] != nil {
				return nil, fmt.Errorf("specification: %s stands twice", infno)
			}
			s.byInfno[infno] = tr
		}
	}
	s.learnNames()
	return s, nil
}

// learnNames keeps the names of all fields and nodes, and those of the envelopes; and what
// a text may be at most wherever it stands.
func (s *Spec) learnNames() {
	s.names = map[string]bool{"expContent": true, "medinsInfo": true, "encType": true, "signType": true} // spelt so too
	for _, name := range []string{
		"infcode", "output", "warn_msg", "enctype", "input", "code", "type", "message", "data",
	} {
		s.names[name] = true
	}
	s.elsewhere = fields{}
	learn := func(row fields) {
		for name, form := range row {
			s.names[name] = true
			s.elsewhere[name] = wider(s.elsewhere[name], strings.TrimSuffix(form, "*"))
		}
	}
	learn(s.head)
	learn(s.replyHead)
	for _, t := range s.byInfno {
		for _, nodes := range []map[string]node{t.request, t.reply} {
			for name, n := range nodes {
				s.names[name] = true
				learn(n.fields)
			}
		}
	}
	s.spelling = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(s.names)) {
		s.spelling[folded(name)] = name
	}
}

// wider is the wider of two forms of a text: C50 of C20 and C50. Of one that is no text
// somewhere, or may be of any length, nothing can be said elsewhere: "-".
func wider(a, b string) string {
	if a == "" {
		a = b
	}
	most, err := strconv.Atoi(strings.TrimPrefix(a, "C"))
	other, err2 := strconv.Atoi(strings.TrimPrefix(b, "C"))
	if err != nil || err2 != nil {
		return "-"
	}
	return fmt.Sprintf("C%d", max(most, other))
}

// Infnos lists the transactions, sorted.
func (s *Spec) Infnos() []string { return slices.Sorted(maps.Keys(s.byInfno)) }

// Name is a transaction's name in Chinese, "" for one that is not known. Forms with a
// letter behind the number (2207A) are taken for the number's.
func (s *Spec) Name(infno string) string {
	if t := s.transaction(infno); t != nil {
		return t.name
	}
	return ""
}

func (s *Spec) transaction(infno string) *transaction {
	if t := s.byInfno[infno]; t != nil {
		return t
	}
	return s.byInfno[baseInfno(infno)]
}

// baseInfno is a transaction's number without the letter of a form: 2207 of 2207A.
func baseInfno(infno string) string { return strings.TrimRight(infno, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") }

// readNodes reads the nodes of a request or reply. A node's fields stand there, or are
// the name of a shared node.
func readNodes(list map[string]any, shared map[string]fields) (map[string]node, error) {
	nodes := map[string]node{}
	for name, v := range list {
		plain, optional := strings.CutSuffix(name, "?")
		f, err := readFields(v, shared)
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", plain, err)
		}
		nodes[plain] = node{fields: f, optional: optional}
	}
	return nodes, nil
}

func readFields(v any, shared map[string]fields) (fields, error) {
	switch v := v.(type) {
	case string:
		return sharedFields(v, shared)
	case map[string]any:
		f := fields{}
		for name, form := range v {
			text, ok := form.(string)
			if !ok {
				return nil, fmt.Errorf("form of %s is not text", name)
			}
			f[name] = text
		}
		return f, nil
	}
	return nil, fmt.Errorf("%T", v)
}

// sharedFields are those of a shared node, after those of the node that it is like. A
// name that ends in "?" takes them all as not required.
func sharedFields(name string, shared map[string]fields) (fields, error) {
	plain, loose := strings.CutSuffix(name, "?")
	own, ok := shared[plain]
	if !ok {
		return nil, fmt.Errorf("no node %q", plain)
	}
	f := fields{}
	if like := own["like"]; like != "" {
		var err error
		if f, err = sharedFields(like, shared); err != nil {
			return nil, err
		}
	}
	maps.Copy(f, own)
	delete(f, "like")
	if loose {
		for name, form := range f {
			f[name] = strings.TrimSuffix(form, "*")
		}
	}
	return f, nil
}
