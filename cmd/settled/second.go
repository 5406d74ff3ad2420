package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// addSecond lets a verb name the second person (二人复核).
func addSecond(cmd *cobra.Command) {
	cmd.Flags().String("second", "", "another operator who stands for it too (二人复核), where that is needed; the password is read from standard input")
}

// seconded puts the second person into what is asked, if one is named; the password is
// not shown.
func seconded(cmd *cobra.Command, ask map[string]any) error {
	id, _ := cmd.Flags().GetString("second")
	if id == "" {
		return nil
	}
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "复核人 %s 的密码：", id)
	if f, ok := cmd.InOrStdin().(*os.File); ok {
		defer silent(f)()
	}
	password, err := readLine(cmd.InOrStdin())
	if err != nil {
		return usagef("--second: no password: %w", err)
	}
	ask["second"] = map[string]string{"operator": id, "password": password}
	return nil
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

// howToSecond says of a refusal for want of a second person how to name one.
func howToSecond(err error) error {
	if no, ok := errors.AsType[*settle.Refusal](err); ok && no.Code == counter.SecondNeeded {
		how := *no
		how.Cashier += "命令行：--second 工号。"
		return &how
	}
	return err
}
