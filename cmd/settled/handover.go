package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// handOver gives what root wrote into a directory to the directory's owner, the daemon's
// user, who otherwise could not open it. Anybody else writes as himself. Links that lead
// elsewhere are not followed.
func handOver(dir string) error {
	return handOverAt(dir, ".")
}

// handOverFile does that with one file.
func handOverFile(path string) error {
	return handOverAt(filepath.Dir(path), filepath.Base(path))
}

// handOverAt does that with what is under a name in dir.
func handOverAt(dir, name string) (err error) {
	if os.Geteuid() != 0 {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	top, err := root.Stat(".")
	if err != nil {
		return err
	}
	owner, ok := top.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	return fs.WalkDir(root.FS(), name, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		of, ok := info.Sys().(*syscall.Stat_t)
		if !ok || of.Uid != 0 || !d.IsDir() && of.Nlink > 1 { // a file with a second name may be anybody's
			return nil
		}
		return root.Lchown(path, int(owner.Uid), int(owner.Gid))
	})
}
