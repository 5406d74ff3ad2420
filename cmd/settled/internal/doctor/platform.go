package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// How far this machine's clock may be from the platform's. Gateways refuse requests
// whose time stamp is off; the least that is known of is half an hour, and most keep
// theirs to themselves.
const (
	clockOff   = time.Minute
	clockWrong = 5 * time.Minute
)

// reachWithin bounds the look at the platform.
const reachWithin = 5 * time.Second

// Reach looks whether the platform's gateway answers at all, by a request that asks for
// nothing and is not signed, and holds the clock against the time that it tells. roots
// are the only ones that its certificate may come from (PEM), nil for the system's.
func Reach(ctx context.Context, url string, roots []byte, now func() time.Time) []Check {
	client, err := clientFor(roots)
	if err != nil {
		return []Check{{Kind: Platform, Name: url, State: "settings", Level: Fail, Chinese: "平台证书文件无效", English: err.Error(), Mend: "换成PEM格式的根证书文件：platform.ca / a file of root certificates (PEM)"}}
	}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, http.NoBody)
	if err != nil {
		return []Check{{Kind: Platform, Name: url, State: "settings", Level: Fail, Chinese: "平台地址无效", English: err.Error(), Mend: "改正配置项 platform.url / mend platform.url"}}
	}
	began := now()
	res, err := client.Do(req)
	took := now().Sub(began)
	if err != nil {
		return []Check{unreachable(url, err)}
	}
	_ = res.Body.Close()
	reached := Check{
		Kind: Platform, Name: url, State: "reached", Level: OK,
		Chinese: fmt.Sprintf("医保平台可连接（%d 毫秒）", took.Milliseconds()), English: fmt.Sprintf("the gateway answers (status %d)", res.StatusCode),
	}
	return []Check{reached, clock(res.Header.Get("Date"), began.Add(took/2))}
}

func clientFor(roots []byte) (*http.Client, error) {
	transport := &http.Transport{DialContext: (&net.Dialer{Timeout: reachWithin}).DialContext}
	if roots != nil {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(roots) {
			return nil, errors.New("platform.ca has no certificate")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: stay}, nil
}

// unreachable names the cause.
func unreachable(url string, err error) Check {
	f := Check{Kind: Platform, Name: url, State: "unreachable", Level: Fail, Chinese: "医保平台连接不上", English: err.Error()}
	var name *net.DNSError
	var trust *tls.CertificateVerificationError
	var late net.Error
	switch {
	case errors.As(err, &name):
		f.State, f.Chinese, f.Mend = "dns", "医保平台域名解析失败", "检查专线和DNS：resolvectl query "+name.Name+" / check line and DNS"
	case errors.As(err, &trust):
		f.State, f.Chinese, f.Mend = "certificate", "医保平台证书不可信", "核对 platform.ca 与系统时间 / check platform.ca and the clock"
	case errors.As(err, &late) && late.Timeout():
		f.State, f.Chinese, f.Mend = "timeout", "医保平台无应答（超时）", "检查医保专线、防火墙 / check line and firewall"
	default:
		f.Mend = "检查网线、医保专线、platform.url / check cable, line and platform.url"
	}
	return f
}

// clock holds our time against the one that the platform told, which has whole seconds.
func clock(told string, ours time.Time) Check {
	f := Check{Kind: Clock, State: "right", Level: OK}
	theirs, err := http.ParseTime(told)
	if err != nil {
		f.State, f.Level, f.Chinese, f.English = "unknown", Warn, "平台未告知时间，无法核对时钟", "the gateway's answer has no Date"
		f.Mend = "timedatectl"
		return f
	}
	off := ours.Sub(theirs).Round(time.Second)
	f.Chinese, f.English = fmt.Sprintf("时钟与平台相差 %v", off.Abs()), fmt.Sprintf("this machine is %v ahead of the platform", off)
	switch {
	case off.Abs() > clockWrong:
		f.State, f.Level = "wrong", Fail
	case off.Abs() > clockOff:
		f.State, f.Level = "off", Warn
	default:
		return f
	}
	f.Mend = "timedatectl set-ntp true；或 date -s … 后重启 settled / set the clock, not back beyond the journal"
	return f
}
