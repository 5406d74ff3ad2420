package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// askPassword reads a password from standard input; a terminal does not show it.
func askPassword(cmd *cobra.Command, prompt string) (string, error) {
	_, _ = fmt.Fprint(cmd.ErrOrStderr(), prompt)
	if f, ok := cmd.InOrStdin().(*os.File); ok {
		defer silent(f)()
		defer func() { _, _ = fmt.Fprintln(cmd.ErrOrStderr()) }() // the line's end was not shown either
	}
	password, err := readLine(cmd.InOrStdin())
	if err != nil {
		return "", usagef("password: %w", err)
	}
	return password, nil
}

// silent keeps a terminal from showing what is typed until it is called; anything else is
// left as it is.
func silent(f *os.File) (restore func()) {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return func() {}
	}
	mute := *before
	mute.Lflag &^= unix.ECHO
	_ = unix.IoctlSetTermios(fd, unix.TCSETS, &mute)                    // shown, if it can't be
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, before) } // as it was
}

// readLine reads a line and nothing behind it, which another question may want.
func readLine(from io.Reader) (string, error) {
	var line strings.Builder
	for one := []byte{0}; line.Len() < 1024; {
		n, err := from.Read(one)
		if n == 1 && one[0] == '\n' {
			break
		}
		if n == 1 {
			line.WriteByte(one[0])
		}
		switch {
		case err == nil:
		case line.Len() > 0 && errors.Is(err, io.EOF):
			return line.String(), nil
		default:
			return "", err
		}
	}
	return strings.TrimSuffix(line.String(), "\r"), nil
}
