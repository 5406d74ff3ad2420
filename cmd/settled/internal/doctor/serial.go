package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Port is a configured serial device.
type Port struct {
	Kind Kind   // Printer, Scanner, Display
	Path string // such as /dev/serial/by-id/…
}

// chinese names kinds of devices: read-only.
var chinese = map[Kind]string{Printer: "打印机", Scanner: "扫码枪", Display: "客显", Serial: "串口设备"}

// PortOf looks at a configured port while no daemon has it open: it is there, it may be
// used, and nobody else has locked it.
func PortOf(p Port) Check {
	f := Check{Kind: p.Kind, Name: p.Path, Level: Fail}
	title := chinese[p.Kind]
	info, err := os.Stat(p.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.State, f.Chinese, f.English = "missing", title+"未连接", "there is no "+p.Path
		f.Mend = "检查电源和线缆；ls -l /dev/serial/by-id/ / check power and cable"
		return f
	case err != nil:
		f.State, f.Chinese, f.English, f.Mend = "forbidden", title+"无法查看", err.Error(), "sudo settled doctor"
		return f
	case info.Mode()&fs.ModeCharDevice == 0:
		f.State, f.Chinese, f.English, f.Mend = "no_device", title+"路径不是设备", p.Path+" is no device", "ls -l /dev/serial/by-id/"
		return f
	}
	// Not a terminal of ours, and not waiting for a carrier.
	fd, err := syscall.Open(p.Path, syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		f.State, f.Chinese, f.English = "forbidden", title+"不能打开", fmt.Sprintf("%s: %v", p.Path, err)
		f.Mend = "systemctl edit settled：DeviceAllow、SupplementaryGroups=dialout，见 settled.service / usermod -aG dialout settled"
		if errors.Is(err, syscall.EBUSY) {
			f.State, f.Chinese, f.Mend = "busy", title+"被其他程序占用", "fuser -v "+p.Path
		}
		return f
	}
	defer func() { _ = syscall.Close(fd) }()
	err = syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		f.State, f.Chinese, f.English, f.Mend = "busy", title+"被其他程序占用", p.Path+" is locked by another program", "fuser -v "+p.Path
		return f
	}
	f.State, f.Level, f.Chinese, f.English = "there", OK, title+"端口正常", p.Path+" is there and may be used"
	return f
}
