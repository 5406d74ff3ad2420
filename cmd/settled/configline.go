package main

import (
	"fmt"
	"regexp"
	"strings"
)

// fieldForm is the name of a field, "printer.cut", that a mistake begins with.
var fieldForm = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)*`)

// located says of each mistake where in the file it stands. Where the field is left out
// that is its table.
func located(path, text string, mistakes error) string {
	var list []string
	for mistake := range strings.SplitSeq(mistakes.Error(), "\n") {
		list = append(list, placeOf(path, text, fieldForm.FindString(mistake))+": "+mistake)
	}
	return strings.Join(list, "\n")
}

// placeOf is "file:line" of a field or a table, or the file alone where it has neither.
func placeOf(path, text, field string) string {
	in, header, n := "", 0, 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			name, _, _ = strings.Cut(name, "]")
			if in = strings.TrimSpace(name); in == field || strings.HasPrefix(field, in+".") {
				header = n
			}
			continue
		}
		name, _, _ := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); field != "" && strings.TrimPrefix(in+"."+name, ".") == field {
			return fmt.Sprintf("%s:%d", path, n)
		}
	}
	if header == 0 {
		return path
	}
	return fmt.Sprintf("%s:%d", path, header)
}
