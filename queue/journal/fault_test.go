package journal

import (
	"errors"
	"os"
	"testing"
)

// faulty is a disk that fails one write or sync, having done it or not.
type faulty struct {
	Disk
	file  string
	fail  string // "write lost", "write kept", "half a write", "sync lost", "sync kept"
	syncs int
	size  int64
}

var errFault = errors.New("input/output error")

func (d *faulty) WriteAt(p []byte, off int64) (int, error) {
	d.size = off
	switch d.fail {
	case "write lost":
		return 0, errFault
	case "half a write":
		n, _ := d.Disk.WriteAt(p[:len(p)/2], off) // all of the first line
		return n, errFault
	case "write kept":
		n, _ := d.Disk.WriteAt(p, off)
		return n, errFault
	}
	return d.Disk.WriteAt(p, off)
}

func (d *faulty) Sync() error {
	d.syncs++
	switch d.fail {
	case "sync lost":
		return errors.Join(errFault, os.Truncate(d.file, d.size))
	case "sync kept":
		return errors.Join(errFault, d.Disk.Sync())
	}
	return d.Disk.Sync()
}

// TestFaults breaks a commit in each way: it is reported as unknown, nothing more
// is written, and the journal opened again tells what is there.
func TestFaults(t *testing.T) {
	for fail, want := range map[string]int{"write lost": 1, "half a write": 2, "write kept": 3, "sync lost": 1, "sync kept": 3} {
		t.Run(fail, func(t *testing.T) {
			dir := t.TempDir()
			var d *faulty
			j := mustOpen(t, dir, Options{Wrap: func(under Disk) Disk {
				d = &faulty{Disk: under, file: path(dir)}
				return d
			}})
			batch(t, j, 1)
			d.fail = fail
			for range 2 {
				if _, err := j.Add(Record{Kind: "test", Body: []byte(`{"x":1}`)}); err != nil {
					t.Fatal(err)
				}
			}
			if err := j.Commit(); !errors.Is(err, ErrStopped) || !errors.Is(err, errFault) {
				t.Fatalf("commit: %v", err)
			}
			if head, _ := j.Head(); head.N != 1 {
				t.Errorf("head after the fault: %+v", head)
			}
			d.fail = ""
			if err := j.Commit(); !errors.Is(err, ErrStopped) {
				t.Errorf("commit after the fault: %v", err)
			}
			if _, err := j.Add(Record{Kind: "test", Body: []byte(`{}`)}); !errors.Is(err, ErrStopped) {
				t.Errorf("add after the fault: %v", err)
			}
			if err := j.Roll(); !errors.Is(err, ErrStopped) {
				t.Errorf("roll after the fault: %v", err)
			}
			mustClose(t, j)
			j = mustOpen(t, dir, Options{})
			defer mustClose(t, j)
			if n := len(all(t, j)); n != want {
				t.Errorf("%d entries after opening again, want %d", n, want)
			}
			batch(t, j, 1)
		})
	}
}

// TestOneSyncABatch: however many records, one write and one sync.
func TestOneSyncABatch(t *testing.T) {
	var d *faulty
	j := mustOpen(t, t.TempDir(), Options{Wrap: func(under Disk) Disk {
		d = &faulty{Disk: under}
		return d
	}})
	defer mustClose(t, j)
	batch(t, j, 32)
	batch(t, j, 1)
	if err := j.Commit(); err != nil { // nothing staged
		t.Fatal(err)
	}
	if d.syncs != 2 {
		t.Errorf("%d syncs", d.syncs)
	}
}
