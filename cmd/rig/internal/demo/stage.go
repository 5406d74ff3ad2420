package demo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"settled/cmd/rig/internal/payment"
	"settled/cmd/rig/internal/platform"
	"settled/devices/bench"
)

// Options of a demo.
type Options struct {
	Settled  string // program under show
	Rig      string // this program, which runs the cards in a network namespace
	Testdata string // folder testdata of the module
	Slips    string // folder for the pictures of the slips; it is made anew. "": the printer is left out
	Keep     bool   // leave everything running at the end
	Out      io.Writer
	In       io.Reader // orders to what was left running
}

// stage is everything that runs.
type stage struct {
	Options
	folder   string
	began    time.Time // in Shanghai: the visits' day and time
	cards    *bench.Bench
	slots    []string // beside the two readers
	platform *platform.Simulator
	till     *payment.Till // the hospital's QR payment
	pays     *http.Server
	payURL   string
	serial   serial
	daemon   *daemon
}

const (
	paasID = "demo"
	secret = "not-a-secret"
)

// build makes the folder and starts cards, platform and daemon; more are slots beside the
// two readers.
func build(ctx context.Context, o Options, more ...string) (s *stage, err error) {
	s = &stage{Options: o, began: time.Now().In(time.FixedZone("CST", 8*60*60))}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.folder, err = os.MkdirTemp("", "settled-demo-"); err != nil {
		return s, err
	}
	socket := at(s.folder, "pcscd.comm")
	// Not ended by ctx: close takes things down in order.
	if s.cards, err = bench.Start(context.WithoutCancel(ctx), o.Rig, socket, append([]string{"patient", "guardian"}, more...)...); err != nil {
		return s, err
	}
	s.slots = more
	if s.hasPSAM() {
		if err := s.cards.Insert(psamSlot, psamSlot); err != nil {
			return s, err
		}
	}
	s.platform, err = platform.New(platform.Options{
		Data: os.DirFS(filepath.Join(o.Testdata, "platform")), Gateway: platform.Gateway{PaasID: paasID, Secret: secret},
	})
	if err != nil {
		return s, err
	}
	if err := s.platform.Start("127.0.0.1:0", ""); err != nil {
		return s, err
	}
	if err := s.startTill(ctx); err != nil {
		return s, err
	}
	if err := s.startSerial(); err != nil {
		return s, err
	}
	err = s.startDaemon(ctx, socket)
	return s, err
}

// psamSlot is the PSAM's slot, and the card in it.
const psamSlot = "psam"

func (s *stage) hasPSAM() bool { return slices.Contains(s.slots, psamSlot) }

func (s *stage) psamReader() string {
	if !s.hasPSAM() {
		return ""
	}
	return s.cards.Reader(psamSlot)
}

// startTill starts the hospital's QR payment.
func (s *stage) startTill(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.till, s.payURL = payment.New(), "http://"+l.Addr().String()
	s.pays = &http.Server{Handler: s.till, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.pays.Serve(l) }() // until close
	return nil
}

func (s *stage) startDaemon(ctx context.Context, socket string) error {
	listen, err := bench.FreeAddress(ctx)
	if err != nil {
		return err
	}
	token, err := s.credentials()
	if err != nil {
		return err
	}
	config := at(s.folder, "settled.toml")
	if err := os.WriteFile(config, []byte(s.configText(listen)), 0o600); err != nil {
		return err
	}
	s.daemon = &daemon{
		program: s.Settled, base: "http://" + listen, token: token,
		tokenFile: at(s.folder, "credentials/api.token"), log: at(s.folder, "settled.log"),
		config: config, env: []string{bench.SocketVariable + "=" + socket},
	}
	return s.daemon.start(ctx)
}

// credentials writes the secrets of this run and gives the API's token.
func (s *stage) credentials() (token string, err error) {
	folder := at(s.folder, "credentials")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", err
	}
	token = random()
	roster, err := os.ReadFile(filepath.Join(s.Testdata, "demo/operators.toml"))
	if err != nil {
		return "", err
	}
	for name, value := range map[string]string{"journal.key": random(), "slips.key": random(), "api.token": token, "operations.token": random(), "platform.secret": secret, "his.token": random(), "payment.token": random(), "operators.toml": string(roster)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(value+"\n"), 0o600); err != nil {
			return "", err
		}
	}
	return token, nil
}

func random() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return hex.EncodeToString(key)
}

func (s *stage) configText(listen string) string {
	return fmt.Sprintf(`state = "state"
credentials = "credentials"

[institution]
code = "H44030500001"
registry = %q
books = "books"

[counter]
number = "01"
operator = "0001"
operator_name = "收费员一"

[api]
listen = %q

[readers]
patient = %q
guardian = %q
psam = %q

[platform]
url = %q
paasid = %q

[payment]
url = %q

[ecode]
url = %q

[policy]
overlays = %q
%s`, filepath.Join(s.Testdata, "demo/institutions.toml"), listen,
		s.cards.Reader("patient"), s.cards.Reader("guardian"), s.psamReader(),
		s.platform.BaseURL(), paasID, s.payURL, s.platform.ECodeURL(), filepath.Join(s.Testdata, "policy.d"), s.serialConfig())
}

// close ends everything and removes the folder.
func (s *stage) close() error {
	var err error
	if s.daemon != nil {
		err = errors.Join(err, s.daemon.stop())
	}
	if s.cards != nil {
		err = errors.Join(err, s.cards.Close())
	}
	if s.platform != nil {
		s.platform.Close()
	}
	if s.pays != nil {
		err = errors.Join(err, s.pays.Close())
	}
	err = errors.Join(err, s.serial.close())
	if s.folder != "" {
		err = errors.Join(err, os.RemoveAll(s.folder))
	}
	return err
}
