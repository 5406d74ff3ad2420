package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Cards of the demo: the platform simulator knows their holders.
const (
	childCard  = "demo-child"
	childNew   = "demo-child-v3" // the same child's, whose data only a PSAM opens
	parentCard = "demo-parent"
	childID    = "440305201806010023"
	childPsn   = "44030000000000000100000001"
)

// Run plays the acts and gives an error if the books do not agree.
func Run(ctx context.Context, o Options) (err error) {
	s, err := build(ctx, o, psamSlot)
	if err != nil {
		return err
	}
	defer func() {
		if closing := s.close(); ctx.Err() == nil { // an interrupt reaches what runs here, too
			err = errors.Join(err, closing)
		}
	}()
	for _, act := range []func(context.Context) error{s.online, s.scanned, s.offline, s.refunded, s.books} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	if !o.Keep {
		return nil
	}
	if err := s.leave(ctx); err != nil {
		return err
	}
	s.obey(ctx)
	return nil
}

func (s *stage) say(format string, args ...any) { _, _ = fmt.Fprintf(s.Out, format+"\n", args...) }

func (s *stage) title(text string) {
	s.say("\n━━━ %s %s", text, strings.Repeat("━", max(0, 60-2*len([]rune(text)))))
}

// show runs a verb as a person would and prints command and output.
func (s *stage) show(ctx context.Context, args ...string) error {
	words := make([]string, len(args))
	for i, a := range args {
		if words[i] = strings.TrimPrefix(a, s.folder+"/"); strings.Contains(a, " ") {
			words[i] = "'" + a + "'"
		}
	}
	s.say("\n$ settled %s", strings.Join(words, " "))
	out, err := s.daemon.run(ctx, args...)
	_, _ = fmt.Fprint(s.Out, out)
	return err
}

// online is the first act: the line is up.
func (s *stage) online(ctx context.Context) error {
	s.title("第一幕　联网结算 · the line is up")
	if err := s.bothCards(ctx); err != nil {
		return err
	}
	bill, err := s.bill("child-visit.json", 1)
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"shift", "open", "--float", "500.00"},
		{"card", "read", "--reader", s.cards.Reader("patient")},
		{"link", "child"},
		{"quote", bill},
		{"settle", bill, "--yes"},
	} {
		if err := s.show(ctx, args...); err != nil {
			return err
		}
	}
	s.onPaper(ctx, 1)
	return s.acknowledged(ctx, 1)
}

// scanned is the second act: a new card that a PSAM opens, and no card at all.
func (s *stage) scanned(ctx context.Context) error {
	s.title("第二幕　新卡与医保码 · a locked card, a code")
	if err := s.takeCards(ctx); err != nil {
		return err
	}
	if err := s.cards.Insert("patient", childNew); err != nil {
		return err
	}
	if err := s.known(ctx, "（孩子换了三代社保卡，卡内信息由 PSAM 打开）"); err != nil {
		return err
	}
	if err := s.show(ctx, "devices"); err != nil {
		return err
	}
	if err := s.cards.Remove("patient"); err != nil {
		return err
	}
	if err := s.daemon.awaitState(ctx, "idle", func(sc screen) bool { return sc.Patient == nil }); err != nil {
		return err
	}
	code, err := s.platform.Books.ECode(childPsn)
	if err != nil {
		return err
	}
	if _, err := s.serial.lines["scanner"].Write([]byte(code + "\r\n")); err != nil {
		return err
	}
	if err := s.known(ctx, "（这次没有带卡：家长手机上的医保码，扫一下）"); err != nil {
		return err
	}
	bill, err := s.bill("child-visit.json", 2)
	if err != nil {
		return err
	}
	if err := s.show(ctx, "settle", bill, "--yes"); err != nil {
		return err
	}
	s.onPaper(ctx, 2)
	return s.acknowledged(ctx, 2)
}

// known waits until the window knows its patient, and says who it is.
func (s *stage) known(ctx context.Context, how string) error {
	return s.daemon.awaitState(ctx, "identified", func(sc screen) bool {
		if sc.Patient != nil {
			s.say("%s\n  患者　 %v", how, sc.Patient)
		}
		return sc.Patient != nil
	})
}

// offline is the third act: the platform is down, then comes back.
func (s *stage) offline(ctx context.Context) error {
	s.title("第三幕　平台中断 · the platform is down")
	s.platform.Down()
	s.say("（平台已断开；同一孩子再次就诊，身份与待遇取自上次平台的答复）")
	if err := s.bothCards(ctx); err != nil {
		return err
	}
	bill, err := s.bill("child-follow-up.json", 3)
	if err != nil {
		return err
	}
	if err := s.show(ctx, "settle", bill, "--yes"); err != nil {
		return err
	}
	s.onPaper(ctx, 3)
	if err := s.show(ctx, "queue", "list"); err != nil {
		return err
	}
	s.say("\n（平台恢复；无人操作，自动上传）")
	if err := s.platform.Up(); err != nil {
		return err
	}
	return s.acknowledged(ctx, 3)
}

// refunded is the fourth act: a line is given back after the upload, and the shift ends.
func (s *stage) refunded(ctx context.Context) error {
	s.title("第四幕　退费与结班 · a refund, the shift's close")
	if err := s.takeCards(ctx); err != nil {
		return err
	}
	s.say("（家长不要布洛芬了，退第3行；不需要卡）")
	var page struct {
		Entries []row `json:"entries"`
	}
	if err := s.daemon.runJSON(ctx, &page, "queue", "list", "--state", "acknowledged"); err != nil {
		return err
	}
	last := page.Entries[len(page.Entries)-1].Number
	if err := s.show(ctx, "refund", last, "--keep", "1,2", "--reason", "未取药", "--yes"); err != nil {
		return err
	}
	s.say("\n（自动：平台撤回原单，收下保留的项目）")
	if err := s.acknowledged(ctx, 3); err != nil {
		return err
	}
	if err := s.show(ctx, "queue", "show", last); err != nil {
		return err
	}
	var shift struct {
		Expected string `json:"expected"`
	}
	if err := s.daemon.runJSON(ctx, &shift, "shift", "show"); err != nil {
		return err
	}
	if err := s.show(ctx, "shift", "close", "--counted", shift.Expected); err != nil {
		return err
	}
	s.onPaper(ctx, 6) // the refund's two papers, the shift's
	return nil
}

// bothCards puts the child's and the parent's card in and waits until both are known.
func (s *stage) bothCards(ctx context.Context) error {
	s.say("（孩子的社保卡插入患者读卡器，家长的社保卡插入监护人读卡器）")
	if err := s.cards.Insert("patient", childCard); err != nil {
		return err
	}
	if err := s.cards.Insert("guardian", parentCard); err != nil {
		return err
	}
	var seen screen
	err := s.daemon.awaitState(ctx, "identified", func(sc screen) bool {
		seen = sc
		return sc.Patient != nil && sc.Guardian != nil
	})
	if err != nil {
		return err
	}
	s.say("  患者　 %v", seen.Patient)
	s.say("  监护人 %v", seen.Guardian)
	return nil
}

func (s *stage) takeCards(ctx context.Context) error {
	for _, role := range []string{"guardian", "patient"} {
		if err := s.cards.Remove(role); err != nil {
			return err
		}
	}
	return s.daemon.awaitState(ctx, "idle", func(sc screen) bool { return sc.Patient == nil && sc.Guardian == nil })
}

// acknowledged waits until the platform has n settlements.
func (s *stage) acknowledged(ctx context.Context, n int) error {
	var failed error
	err := s.daemon.await(ctx, "", func([]byte) bool {
		var page struct {
			Entries []row `json:"entries"`
		}
		failed = s.daemon.runJSON(ctx, &page, "queue", "list", "--state", "acknowledged")
		return failed != nil || len(page.Entries) >= n
	})
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	return s.show(ctx, "queue", "list", "--state", "acknowledged")
}

// bill writes the n-th visit of today, made from a bill of testdata.
func (s *stage) bill(name string, n int) (path string, err error) {
	data, err := s.visit(name, n)
	if err != nil {
		return "", err
	}
	path = at(s.folder, fmt.Sprintf("bill-%d.json", n))
	return path, os.WriteFile(path, data, 0o600)
}

func (s *stage) visit(name string, n int) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(s.Testdata, "bills", name))
	if err != nil {
		return nil, err
	}
	var bill map[string]json.RawMessage
	var visit map[string]json.RawMessage
	if err := json.Unmarshal(data, &bill); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := json.Unmarshal(bill["visit"], &visit); err != nil {
		return nil, fmt.Errorf("%s: visit: %w", name, err)
	}
	now := s.began
	set := func(in map[string]json.RawMessage, key string, value any) {
		in[key], _ = json.Marshal(value) // strings and maps of strings
	}
	set(visit, "date", now.Format(time.DateOnly))
	set(visit, "began", now.Format(time.DateTime))
	set(visit, "outpatient_no", fmt.Sprintf("MZ%s%02d", now.Format("20060102150405"), n))
	set(bill, "visit", visit)
	set(bill, "key", s.key(n))
	set(bill, "patient", map[string]string{"id_number": childID})
	return json.MarshalIndent(bill, "", "  ")
}

// key is the n-th visit's own number.
func (s *stage) key(n int) string {
	return fmt.Sprintf("HIS-%s-%d", s.began.Format("20060102-150405"), n)
}

// next is the number of the visit that is left to be tried.
const next = 4

// leave puts the cards back and says what can be tried, and where to look.
func (s *stage) leave(ctx context.Context) error {
	s.title("轮到您 · your turn")
	if err := s.bothCards(ctx); err != nil {
		return err
	}
	bill, err := s.bill("child-visit.json", next)
	if err != nil {
		return err
	}
	s.say("\n一切仍在运行 · everything is still running, Ctrl-C ends it:")
	s.say("  export SETTLED_API=%s SETTLED_TOKEN_FILE=%s %s", s.daemon.base, s.daemon.tokenFile, s.daemon.env[0])
	s.say("  %s quote %s", s.Settled, bill)
	s.say("  %s settle %s", s.Settled, bill)
	s.say("  %s queue list --state acknowledged", s.Settled)
	s.say("  pages     %s/cashier  /kiosk  /office   (operators 0001, 0100, 0003; password demo-1234)", s.daemon.base)
	s.say("  folder    %s (state/, settled.toml, settled.log)", s.folder)
	s.say("  platform  %s", s.platform.BaseURL())
	s.say("\n在此输入 · to be typed here:\n%s", orders)
	return nil
}
