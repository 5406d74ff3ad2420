package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/queue"
	"settled/queue/journal"
	"settled/settle"
)

// awaitQueue opens the queue. If the journal is damaged, lost or cannot be written, the
// daemon does not end, to be started and fail again and again: it stays, is never ready,
// and tells on its API and to the service manager what is the matter and what to do. A
// disk that does not take the journal is tried again; a journal that needs a person is
// not, and nothing is written to it. It returns without a queue when ctx ends.
func (d *daemon) awaitQueue(ctx context.Context) error {
	err := d.openQueue(ctx)
	first, again := outageOf(err, d.config.State)
	if first == nil {
		return withMend(err)
	}
	listener, err := d.listen(ctx)
	if err != nil {
		return errors.Join(err, errors.New(first.Why))
	}
	var present atomic.Pointer[api.Outage]
	present.Store(first)
	serving, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- api.NewOutage(func() api.Outage { return *present.Load() }, d.log).Serve(serving, listener)
	}()
	tick := time.NewTicker(extend / 3)
	defer tick.Stop()
	d.log.Error("not ready", "code", first.Code, "why", first.Why, "api", listener.Addr().String())
	for {
		o := present.Load()
		d.tell(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d\nSTATUS=%s: %s", extend.Microseconds(), o.Code, o.Why))
		select {
		case err := <-ended:
			return err
		case <-tick.C:
		}
		if !again {
			continue
		}
		err := d.openQueue(ctx)
		o, again = outageOf(err, d.config.State)
		if o == nil {
			cancel()
			return errors.Join(err, <-ended)
		}
		present.Store(o)
	}
}

// listen opens the address of the local API.
func (d *daemon) listen(ctx context.Context) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", d.config.API.Listen)
	if err != nil {
		return nil, fmt.Errorf("local API: %w", withMend(err))
	}
	return listener, nil
}

// withMend adds to an error that ends the start what a person does about it.
func withMend(err error) error {
	var do string
	switch {
	case errors.Is(err, journal.ErrLocked):
		do = "a daemon runs on it already, or restore or archive is at work; see: systemctl status settled; ps -C settled -o pid,args"
	case errors.Is(err, syscall.EADDRINUSE):
		do = "another program listens there, or a second daemon; see: ss -ltnp; or choose another api.listen"
	case errors.Is(err, queue.ErrForeign):
		do = "put the newest copy of journal.key in place, or mend institution.code and counter.number"
	default:
		return err
	}
	return fmt.Errorf("%w (%s)", err, do)
}

// outageOf tells what an error of opening the queue means for the people who must mend
// it, nil if it is none of theirs; again says that it may mend itself.
func outageOf(err error, state string) (o *api.Outage, again bool) {
	if err == nil {
		return nil, false
	}
	restore := []string{
		"停止服务：systemctl stop settled",
		fmt.Sprintf("先把 %s 整个目录另存一份，不要修改其中的文件", state),
		fmt.Sprintf("从备份恢复：sudo settled restore 备份文件 %s --replace --take-over 账本末尾摘要（见 settled restore --help）", state),
		"启动服务：systemctl start settled",
	}
	if l, ok := errors.AsType[*queue.Lost](err); ok {
		return &api.Outage{Code: settle.JournalLost, Why: err.Error(), Entry: l.Last + 1, LastEntry: l.Last, LastHash: l.LastHash, Do: restore}, false
	}
	if d, ok := errors.AsType[*journal.Damage](err); ok {
		o := &api.Outage{Code: settle.JournalDamaged, Why: err.Error(), File: d.File, Offset: d.Offset, Entry: d.Entry, Do: restore}
		if d.Entry > 0 {
			o.LastEntry = d.Entry - 1
		}
		return o, false
	}
	_, settings := errors.AsType[usageError](err)
	if settings || errors.Is(err, journal.ErrLocked) || errors.Is(err, queue.ErrForeign) {
		return nil, false
	}
	_, disk := errors.AsType[*os.PathError](err)
	_, code := errors.AsType[syscall.Errno](err)
	if !disk && !code {
		return nil, false
	}
	return &api.Outage{Code: settle.JournalUnavailable, Why: err.Error(), Do: []string{
		fmt.Sprintf("查看磁盘空间和权限：df -h %s；ls -ld %[1]s", state),
		"查看磁盘错误：journalctl -k | grep -i error",
		"排除后无需操作，服务每 10 秒自动重试",
	}}, true
}
