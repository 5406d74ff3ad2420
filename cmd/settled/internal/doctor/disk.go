package doctor

import (
	"fmt"
	"syscall"
)

// Free space of the state directory's disk, in bytes. A settlement takes about 10 kB.
const (
	littleSpace = 1 << 30
	noSpace     = 100 << 20
	fewFiles    = 1000
)

// DiskOf looks at the disk of a directory.
func DiskOf(dir string) Check {
	f := Check{Kind: Disk, Name: dir, Level: OK}
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		f.Level, f.State = Fail, "missing"
		f.Chinese, f.English = "数据目录无法访问", err.Error()
		f.Mend = fmt.Sprintf("ls -ld %s; mount", dir)
		return f
	}
	free := s.Bavail * uint64(s.Bsize)
	f.Chinese, f.English = "磁盘剩余 "+size(free), size(free)+" free"
	f.Mend = fmt.Sprintf("df -h %s; settled archive --before … /srv/archive", dir)
	switch {
	case s.Flags&syscall.MS_RDONLY != 0:
		f.Level, f.State, f.Chinese, f.English = Fail, "read_only", "磁盘只读，不能记账", "the disk is read-only"
		f.Mend = "journalctl -k | grep -i error; mount -o remount,rw …"
	case free < noSpace || s.Files > 0 && s.Ffree < fewFiles:
		f.Level, f.State, f.Chinese = Fail, "full", f.Chinese+"，即将写满"
	case free < littleSpace:
		f.Level, f.State, f.Chinese = Warn, "low", f.Chinese+"，请清理"
	default:
		f.State, f.Mend = "enough", ""
	}
	return f
}

func size(bytes uint64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%.1f GB", float64(bytes)/(1<<30))
	}
	return fmt.Sprintf("%d MB", bytes>>20)
}
