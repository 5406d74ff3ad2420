package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"settled/cmd/settled/internal/cases"
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

// completed completes the cases of a bundle from a catalogue. A refusal names the line,
// with the sentence of the cashier behind it.
func completed(store *catalogue.Store) cases.Completion {
	completer := catalogue.Completer{Store: store}
	return func(bill settle.Bill, c settle.Category) (settle.Bill, error) {
		insurance := "390"
		if c == settle.EmployeeTier1 || c == settle.EmployeeTier2 {
			insurance = "310"
		}
		full, _, err := completer.Complete(bill, insurance)
		if refused, ok := errors.AsType[*settle.Refusal](err); ok {
			err = fmt.Errorf("%w %s", refused, refused.Cashier)
		}
		return full, err
	}
}
