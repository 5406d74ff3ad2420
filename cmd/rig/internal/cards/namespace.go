package cards

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Enclose runs this program again, with the same standard streams, in network and
// mount namespaces of its own, and waits for it. Root needs nothing more; any other
// user gets a user namespace in which it is root. The inner program ends when the
// outer does, by Pdeathsig, which counts from the thread that started it: hence the
// lock.
func Enclose(ctx context.Context, arguments ...string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", arguments...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
		Pdeathsig:  syscall.SIGTERM,
	}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("card bench in its namespace: %w", err)
	}
	return nil
}

// settleIn finishes the namespaces from inside: the loopback interface comes up, and
// /run/pcscd gets a file system of its own, so that the pid file of the machine's
// own pcscd is neither seen nor overwritten.
func settleIn() error {
	for _, kind := range []string{"net", "mnt"} {
		if err := ownNamespace(kind); err != nil {
			return err
		}
	}
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("bring up lo: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	err := unix.Mount("tmpfs", "/run/pcscd", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=1m")
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("mount /run/pcscd: %w", err)
	}
	return nil
}

// ownNamespace keeps the mounts above from ever being made on the machine itself.
func ownNamespace(kind string) error {
	own, err := os.Readlink("/proc/self/ns/" + kind)
	if err != nil {
		return err
	}
	parent, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", os.Getppid(), kind))
	if err == nil && parent == own {
		return fmt.Errorf("no %s namespace of its own: start the bench without --enclosed", kind)
	}
	return nil
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}
