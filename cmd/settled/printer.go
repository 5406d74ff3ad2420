package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"settled/cmd/settled/internal/counter"
)

// spool is a printer that puts each slip as a text file into a directory, as the
// paper would look.
type spool struct {
	folder  string
	columns int
}

// errNoName is given for a slip that cannot be kept under its name.
var errNoName = errors.New("not a slip's name")

// mostCopies bounds the slips of one name.
const mostCopies = 1000

func newSpool(folder string, columns int) (*spool, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("receipts: %w", err)
	}
	return &spool{folder: folder, columns: columns}, nil
}

// Print writes NUMBER.txt, or NUMBER-n.txt for the n-th reprint, whole or not at all. A
// slip that is there already, as a reprint of before a restart may be, is never written
// over: this one gets a name behind it.
func (s *spool) Print(_ context.Context, p counter.Paper) error {
	name := p.Name()
	if strings.ContainsAny(name, `/\.`) || name == "" {
		return fmt.Errorf("receipt %q: %w", name, errNoName)
	}
	path := filepath.Join(s.folder, name+".txt")
	part := path + ".part"
	if err := os.WriteFile(part, []byte(counter.Text(p, s.columns)), 0o600); err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	err := os.Link(part, path)
	for n := 2; errors.Is(err, os.ErrExist) && n < mostCopies; n++ {
		err = os.Link(part, filepath.Join(s.folder, fmt.Sprintf("%s.%d.txt", name, n)))
	}
	if err != nil {
		return fmt.Errorf("receipt: %w", errors.Join(err, os.Remove(part)))
	}
	if err := os.Remove(part); err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	return nil
}
