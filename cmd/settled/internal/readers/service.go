package readers

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"settled/devices/apdu"
)

// outage is why the card service does not answer.
type outage struct {
	state                  string
	chinese, english, mend string
}

// Where the card service listens, and what says otherwise to its library.
const (
	systemSocket   = "/run/pcscd/pcscd.comm"
	socketVariable = "PCSCLITE_CSOCK_NAME"
	servicePath    = "/usr/sbin/pcscd"
)

// hangUp is how soon a service that refuses a client hangs up, on a busy machine as well.
const hangUp = 500 * time.Millisecond

// diagnose finds the cause of the service's absence at its socket. why is what a call
// failed with, if one did.
func diagnose(socket string, why error) *outage {
	if errors.Is(why, apdu.ErrDenied) {
		return hungUp(socket, true)
	}
	return lookAtSocket(cmp.Or(socket, os.Getenv(socketVariable), systemSocket), false)
}

// lookAtSocket connects, again if that is the second time since it was hung up on.
func lookAtSocket(socket string, again bool) *outage {
	conn, err := (&net.Dialer{Timeout: hangUp}).DialContext(context.Background(), "unix", socket)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(servicePath); errors.Is(err, fs.ErrNotExist) {
			return &outage{
				"not_installed", "读卡服务（pcscd）未安装", "the card service pcscd is not installed",
				"apt-get install --no-install-recommends pcscd",
			}
		}
		return &outage{
			"not_started", "读卡服务（pcscd）未启动", "the card service has no socket at " + socket + ": it is not started",
			"systemctl enable --now pcscd.socket",
		}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &outage{
			"dead", "读卡服务（pcscd）已退出", "nobody listens at " + socket + ": the card service was killed or crashed",
			"systemctl restart pcscd.socket pcscd.service; journalctl -u pcscd",
		}
	case errors.Is(err, fs.ErrPermission):
		return &outage{
			"forbidden", "无权连接读卡服务（pcscd）", "this user may not open " + socket,
			"ls -l " + socket + "; systemctl restart pcscd.socket",
		}
	case err != nil:
		return &outage{"unknown", "读卡服务（pcscd）连接失败", "card service: " + err.Error(), "systemctl status pcscd"}
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetReadDeadline(time.Now().Add(hangUp)) // a healthy service waits for us to speak
	_, err = conn.Read(make([]byte, 1))
	var late net.Error
	if err != nil && !(errors.As(err, &late) && late.Timeout()) {
		return hungUp(socket, again)
	}
	return &outage{
		"silent", "读卡服务（pcscd）无响应，正在重试", "the card service takes connections and does not answer (hung, or just starting)",
		"systemctl restart pcscd.service",
	}
}

// hungUp tells a service that hangs up on us from one that just died with us in its queue.
func hungUp(socket string, again bool) *outage {
	if !again {
		return lookAtSocket(socket, true)
	}
	return &outage{
		"refused", "系统策略（polkit）拒绝本程序使用读卡器",
		"the card service hangs up on this user at " + socket + ": polkit's rule org.debian.pcsc-lite.access_pcsc refuses it",
		"printf 'polkit.addRule(function(a,s){if(a.id.indexOf(\"org.debian.pcsc-lite.\")==0&&s.user==\"settled\")return \"yes\"})' >/etc/polkit-1/rules.d/50-settled.rules",
	}
}
