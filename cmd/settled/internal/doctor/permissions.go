package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// PermissionsOf looks at who may read and write the daemon's directories: state, where
// all must be the daemon's own, and credentials, which nobody else may read. needed are
// the names of the credentials without which it does not start.
func PermissionsOf(state, credentials string, needed []string) (list []Check) {
	list = append(list, own(state)...)
	for _, name := range needed {
		if _, err := os.Stat(filepath.Join(credentials, name)); errors.Is(err, fs.ErrNotExist) {
			list = append(list, Check{
				Kind: Permissions, Name: name, State: "missing", Level: Fail,
				Chinese: "缺少凭据文件 " + name, English: "there is no " + filepath.Join(credentials, name),
				Mend: "见 docs/operations.md 安装一节 / see Install in docs/operations.md",
			})
		}
	}
	entries, err := os.ReadDir(credentials)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		list = append(list, Check{
			Kind: Permissions, Name: credentials, State: "forbidden", Level: Warn,
			Chinese: "无权查看凭据目录", English: err.Error(), Mend: "sudo settled doctor",
		})
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 {
			continue
		}
		path := filepath.Join(credentials, e.Name())
		list = append(list, Check{
			Kind: Permissions, Name: e.Name(), State: "open", Level: Fail,
			Chinese: "凭据文件 " + e.Name() + " 可被他人读取", English: fmt.Sprintf("%s has mode %04o", path, info.Mode().Perm()),
			Mend: "chmod 600 " + path,
		})
	}
	if len(list) == 0 {
		list = append(list, Check{Kind: Permissions, State: "good", Level: OK, Chinese: "目录和凭据权限正常", English: "state and credentials are the daemon's alone"})
	}
	return list
}

// mostFiles bounds the look: years of slips are many.
const mostFiles = 50_000

// own looks at the state directory: it is closed to others, and no file in it is
// another user's, as after a restore by root.
func own(state string) (list []Check) {
	at, err := os.Stat(state)
	if err != nil {
		return nil // the disk's check says so
	}
	if at.Mode().Perm()&0o077 != 0 {
		list = append(list, Check{
			Kind: Permissions, Name: state, State: "open", Level: Fail,
			Chinese: "数据目录可被他人读取", English: fmt.Sprintf("%s has mode %04o", state, at.Mode().Perm()),
			Mend: "chmod 700 " + state,
		})
	}
	owner, known := ownerOf(at)
	looked := 0
	walk := func(path string, e fs.DirEntry, err error) error {
		looked++
		if looked > mostFiles {
			return fs.SkipAll
		}
		if err != nil || !known {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return nil //nolint:nilerr // it went while we looked
		}
		if other, _ := ownerOf(info); other != owner {
			list = append(list, Check{
				Kind: Permissions, Name: path, State: "foreign", Level: Fail,
				Chinese: "数据目录中有属于其他用户的文件", English: fmt.Sprintf("%s belongs to user %d, the directory to %d", path, other, owner),
				Mend: fmt.Sprintf("chown -R --reference=%s %[1]s", state),
			})
			return fs.SkipAll
		}
		return nil
	}
	if err := filepath.WalkDir(state, walk); err != nil {
		list = append(list, Check{Kind: Permissions, Name: state, State: "forbidden", Level: Warn, Chinese: "无权查看数据目录", English: err.Error(), Mend: "sudo settled doctor"})
	}
	return list
}

func ownerOf(info fs.FileInfo) (uid uint32, known bool) {
	s, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 0, false
	}
	return s.Uid, true
}
