package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// openSerial builds a stage with a printer.
func openSerial(t *testing.T) *stage {
	t.Helper()
	var out bytes.Buffer
	o := options(t, &out)
	o.Slips = t.TempDir()
	s, err := build(t.Context(), o)
	must(t, err)
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	if s.serial.printer == nil {
		t.Skip(out.String())
	}
	return s
}

// scanChild shows the child's 医保码 to the scanner.
func (s *stage) scanChild(t *testing.T) (code string) {
	t.Helper()
	code, err := s.platform.Books.ECode(childPsn)
	must(t, err)
	_, err = s.serial.lines["scanner"].Write([]byte(code + "\r\n"))
	must(t, err)
	return code
}

func (s *stage) awaitScreen(t *testing.T, want string) {
	t.Helper()
	must(t, s.daemon.await(t.Context(), "screen", func(data []byte) bool { return bytes.Contains(data, []byte(want)) }))
}

// TestScanned settles a visit by a 医保码 from the scanner as by a card: quote, display,
// paper with a code that leads back to the settlement, platform. The code is in no file,
// serves once, and is refused with the platform down.
func TestScanned(t *testing.T) {
	t.Parallel()
	s := openSerial(t)
	code := s.scanChild(t)
	must(t, s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Patient != nil }))
	s.awaitDisplay(t, "WELCOME")
	bill, err := s.visit("child-visit.json", 1)
	must(t, err)
	_, _, err = s.post(t, "/v1/quotes", bill)
	must(t, err)
	s.awaitDisplay(t, "TO PAY")
	if status, reply, err := s.call(t, "/v1/session/tender", []byte(`{"received":"500.00"}`)); err != nil || status != http.StatusOK {
		t.Errorf("%d %s %v", status, reply, err)
	}
	s.awaitDisplay(t, "CHANGE")
	status, a, err := s.settle(t, 1)
	if err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	if !s.serial.printer.Await(1, soon(t)) {
		t.Fatal("no slip")
	}
	text := readCode(t, s.serial.printer.Slips()[0])
	body, _ := json.Marshal(map[string]string{"code": text})
	status, reply, err := s.call(t, "/v1/scans", body)
	if err != nil || status != http.StatusAccepted || !bytes.Contains(reply, []byte(`"genuine":true`)) || !bytes.Contains(reply, []byte(a.Number)) {
		t.Errorf("the slip says %q: %d %s %v", text, status, reply, err)
	}
	keys := filepath.Join(s.folder, "credentials", "slips.key")
	if out, err := s.daemon.run(t.Context(), "receipt", "verify", text, "--key-file", keys); err != nil || !strings.Contains(out, "真：防伪码相符") {
		t.Errorf("without the daemon: %s %v", out, err)
	}
	if out, err := s.daemon.run(t.Context(), "receipt", "verify", text); err != nil || !strings.Contains(out, "真：与本窗口的日志一致") {
		t.Errorf("by the daemon: %s %v", out, err)
	}
	s.awaitDisplay(t, "THANK YOU")
	s.awaitCount(t, "acknowledged", 1)
	s.sameBooks(t)
	_, err = s.serial.lines["scanner"].Write([]byte("\x02" + strings.Replace(code, "424", "opc", 1) + "\x03")) // nobody's
	must(t, err)
	s.awaitScreen(t, "PLATFORM_REFUSED")
	_, err = s.serial.lines["scanner"].Write([]byte("HIS-7\r"))
	must(t, err)
	s.awaitScreen(t, `"HIS-7"`)
	_, err = s.serial.lines["scanner"].Write([]byte(code + code + "\r")) // run together: no bill's number
	must(t, err)
	s.awaitScreen(t, "UNKNOWN_SCAN")
	s.platform.Down()
	_, err = s.serial.lines["scanner"].Write([]byte("4240000000000000000001440000\r")) // made up
	must(t, err)
	s.awaitScreen(t, "ECODE_OFFLINE")
	must(t, s.daemon.stop())
	must(t, filepath.WalkDir(s.folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(code)) || bytes.Contains(data, []byte("EC440300")) {
			t.Errorf("%s holds the code or its token", path)
		}
		return err
	}))
	if faults := append(s.serial.display.Faults(), s.serial.printer.Faults()...); len(faults) > 0 {
		t.Errorf("%q", faults)
	}
}

// soon is closed when something has taken so long that it will not come.
func soon(t *testing.T) <-chan struct{} {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx.Done()
}

func (s *stage) awaitDisplay(t *testing.T, want string) {
	t.Helper()
	if !s.serial.display.Await(want, soon(t)) {
		t.Errorf("the display never says %s: %q", want, s.serial.display.Lines())
	}
}

func readCode(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	var img image.Image
	img, err = png.Decode(f)
	must(t, err)
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	must(t, err)
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	must(t, err)
	return result.GetText()
}

// TestPrinterFaults: without paper the cashier is told before the commit, settles
// anyway, the daemon is killed, and the slip comes out once when there is paper; with
// every device stuck the window settles at once, and the daemon ends within 2 s.
func TestPrinterFaults(t *testing.T) {
	t.Parallel()
	s := openSerial(t)
	must(t, s.bothCards(t.Context()))
	must(t, s.serial.printer.Set("paper=out"))
	s.awaitReadyz(t, "PRINTER_PAPER_OUT")
	if r, status := s.doctor(t); status != 2 || r.of("printer", "").State != "paper_out" || !strings.Contains(r.of("printer", "").Chinese, "缺纸") {
		t.Errorf("doctor: %d %+v", status, r.of("printer", ""))
	}
	bill, err := s.visit("child-visit.json", 1)
	must(t, err)
	if status, reply, err := s.call(t, "/v1/quotes", bill); err != nil || status != http.StatusOK || !bytes.Contains(reply, []byte("PRINTER_PAPER_OUT")) {
		t.Errorf("the quote does not say that there is no paper: %d %v\n%s", status, err, reply)
	}
	if status, a, err := s.settle(t, 1); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	s.awaitScreen(t, `"kept"`)
	s.awaitCount(t, "acknowledged", 1)
	must(t, s.daemon.cmd.Process.Kill())
	if err := <-s.daemon.ended; err == nil {
		t.Fatal("the daemon was killed, yet ended well")
	}
	must(t, s.serial.printer.Set("paper=ok"))
	must(t, s.daemon.start(t.Context()))
	if !s.serial.printer.Await(1, soon(t)) {
		t.Fatal("the slip is lost")
	}
	must(t, s.bothCardsAgain(t))
	must(t, s.serial.printer.Set("stuck=yes"))
	s.awaitReadyz(t, "PRINTER_SILENT")
	for n := 2; n <= 4; n++ {
		if status, a, err := s.settle(t, n); err != nil || status != http.StatusCreated {
			t.Fatalf("%d %+v %v", status, a, err)
		}
	}
	began := time.Now()
	must(t, s.daemon.stop())
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s to end", took)
	}
	must(t, s.serial.printer.Set("stuck=no"))
	must(t, s.daemon.start(t.Context()))
	if !s.serial.printer.Await(4, soon(t)) {
		t.Fatal("slips are lost")
	}
	s.awaitCount(t, "acknowledged", 4)
	s.sameBooks(t)
	if slips := s.serial.printer.Slips(); len(slips) != 4 {
		t.Errorf("%d slips of 4 settlements", len(slips))
	}
}

// bothCardsAgain waits for the cards that still lie in the readers.
func (s *stage) bothCardsAgain(t *testing.T) error {
	return s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Patient != nil && sc.Guardian != nil })
}

func (s *stage) awaitReadyz(t *testing.T, want string) {
	t.Helper()
	s.awaitAt(t, "/readyz", want)
}

// awaitAt asks until the answer has what is wanted.
func (s *stage) awaitAt(t *testing.T, path, want string) {
	t.Helper()
	limit := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		res, err := s.daemon.get(t.Context(), path)
		must(t, err)
		var said bytes.Buffer
		_, err = said.ReadFrom(res.Body)
		must(t, errors.Join(err, res.Body.Close()))
		if strings.Contains(said.String(), want) {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s never says %s: %s", path, want, said.String())
		}
	}
}
