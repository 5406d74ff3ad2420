// Package usedcodes remembers which 医保码 have served, so that one that was seen or
// copied does not serve twice within its life. The memory is a file that the counters of
// a machine may have in common, or those of several machines on a share that has locks:
// Linux carries flock over NFS, and gives what another machine wrote to who has the lock.
//
// The file holds no code: a random key that the first user made, and of each code the
// HMAC-SM3 under it with the time until which it counts. Who reads the file learns when
// codes were used; a code has 19 random digits, so trying them out is hopeless.
package usedcodes

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/sys/unix"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// File is the memory. It may be used from several goroutines and processes.
type File struct {
	Path string
	Life time.Duration // how long a code counts as used
	Now  func() time.Time
}

const (
	keySize  = 32
	header   = "settled used codes 1 "
	mostRows = 100_000 // a file that is larger is not ours
)

// lockLimit bounds the wait for another counter that has the file.
const (
	lockLimit = 2 * time.Second
	lockEach  = 10 * time.Millisecond
)

// Claim implements counter.Used. A disk that does not answer, as a share whose server is
// away, holds it up no longer than ctx.
func (u *File) Claim(ctx context.Context, code counter.ECode) error {
	done := make(chan error, 1)
	go func() { done <- u.take(ctx, code) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("used codes: %s does not answer: %w", u.Path, ctx.Err())
	}
}

func (u *File) take(ctx context.Context, code counter.ECode) error {
	file, err := os.OpenFile(u.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("used codes: %w", err)
	}
	err = u.lock(ctx, file)
	if err == nil {
		err = u.claim(file, code)
	}
	return errors.Join(err, file.Close()) // which gives the lock back
}

func (u *File) lock(ctx context.Context, file *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, lockLimit)
	defer cancel()
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		select {
		case <-time.After(lockEach):
		case <-ctx.Done():
			return fmt.Errorf("used codes: another counter has the file: %w", ctx.Err())
		}
	}
}

func (u *File) claim(file *os.File, code counter.ECode) error {
	key, rows, err := u.read(file)
	if err != nil {
		return err
	}
	h := hmac.New(sm3.New, key)
	h.Write([]byte(code.ClearSecret()))
	mark := hex.EncodeToString(h.Sum(nil)[:16])
	for _, row := range rows {
		if strings.HasSuffix(row, " "+mark) {
			return &settle.Refusal{Code: counter.ECodeUsed, Cashier: counter.Sentence(counter.ECodeUsed), Technician: "the code served before within " + u.Life.String()}
		}
	}
	rows = append(rows, strconv.FormatInt(u.Now().Add(u.Life).Unix(), 10)+" "+mark)
	return u.write(file, key, rows)
}

// read gives the key, made now if the file is new, and the rows that still count.
func (u *File) read(file *os.File) (key []byte, rows []string, err error) {
	lines := bufio.NewScanner(file)
	if !lines.Scan() {
		key = make([]byte, keySize)
		_, _ = rand.Read(key) // never fails
		return key, nil, lines.Err()
	}
	text, ok := strings.CutPrefix(lines.Text(), header)
	key, err = hex.DecodeString(text)
	if !ok || err != nil || len(key) != keySize {
		return nil, nil, fmt.Errorf("used codes: %s is not such a file", u.Path)
	}
	now := u.Now().Unix()
	for lines.Scan() {
		until, _, _ := strings.Cut(lines.Text(), " ")
		if at, err := strconv.ParseInt(until, 10, 64); err == nil && at > now { // a torn row counts no more
			rows = append(rows, lines.Text())
		}
		if len(rows) > mostRows {
			return nil, nil, fmt.Errorf("used codes: %s is too long", u.Path)
		}
	}
	return key, rows, lines.Err()
}

// write writes the file anew; it is on disk then. A power cut in the middle may leave it
// short, and codes that served seconds before forgotten: the platform still knows them.
func (u *File) write(file *os.File, key []byte, rows []string) error {
	text := header + hex.EncodeToString(key) + "\n" + strings.Join(rows, "\n") + "\n"
	_, err := file.Seek(0, io.SeekStart)
	if err == nil {
		_, err = file.WriteString(text)
	}
	if err == nil {
		err = file.Truncate(int64(len(text)))
	}
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		return fmt.Errorf("used codes: %w", err)
	}
	return nil
}
