package cutfs

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// FS is a mounted filesystem. Its methods may be called while it is used.
type FS struct {
	from *Image
	cmd  *exec.Cmd
	in   io.Closer

	mu       sync.Mutex
	requests *gob.Encoder
	replies  *gob.Decoder
}

// Fault makes operations fail.
type Fault struct {
	Kinds []Kind        // which; none: nothing fails
	After int           // so many of them are done before
	Count int           // so many fail; 0: all from then on
	Errno syscall.Errno // 0 with Short: they succeed in part
	Done  bool          // they are done nevertheless; a Sync that is not drops the data, see [SyncLost]
	Short int           // of a Write: only so many bytes are written; at least 1
}

// Changing are the kinds of operations that a disk gone read-only refuses.
func Changing() []Kind { return []Kind{Write, Resize, Create, Mkdir, Remove, Rename} }

// Growing are the kinds of operations that need room.
func Growing() []Kind { return []Kind{Write, Resize, Create, Mkdir} }

// Mount starts this program again to serve a filesystem at dir with what is in from,
// which is taken for durable; its main must ask [Serving] first.
func Mount(dir string, from *Image) (*FS, error) {
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return nil, fmt.Errorf("cutfs: no FUSE here (load the kernel module fuse; in a container: --device /dev/fuse --cap-add SYS_ADMIN): %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cutfs: %w", err)
	}
	cmd := exec.Command(program) // it ends with its input
	cmd.Env, cmd.Stderr = append(os.Environ(), mark+"="+dir), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("cutfs: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("cutfs: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cutfs: %w", err)
	}
	f := &FS{from: from.clone(), cmd: cmd, in: in, requests: gob.NewEncoder(in), replies: gob.NewDecoder(out)}
	if _, err := f.ask(request{From: from}); err != nil {
		return nil, errors.Join(err, in.Close(), cmd.Wait())
	}
	return f, nil
}

func (f *FS) ask(r request) (reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var answer reply
	if err := f.requests.Encode(r); err != nil {
		return answer, fmt.Errorf("cutfs: %w", err)
	}
	if err := f.replies.Decode(&answer); err != nil {
		return answer, fmt.Errorf("cutfs: %w", err)
	}
	if answer.Err != "" {
		return answer, errors.New(answer.Err)
	}
	return answer, nil
}

// Unmount ends the filesystem.
func (f *FS) Unmount() error {
	_, err := f.ask(request{Unmount: true})
	return errors.Join(err, f.in.Close(), f.cmd.Wait())
}

// Log gives what was done so far.
func (f *FS) Log() (*Log, error) {
	r, err := f.ask(request{Log: true})
	return &Log{From: f.from, Ops: r.Ops}, err
}

// Note puts a word of the test into the log and gives its place there.
func (f *FS) Note(text string) (int, error) {
	r, err := f.ask(request{Note: &text})
	return r.At, err
}

// Fail makes operations fail from now on, and tells how many did by the fault before.
func (f *FS) Fail(fault Fault) (before int, err error) {
	r, err := f.ask(request{Fail: &fault})
	return r.Hits, err
}
