package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"settled/cmd/settled/internal/platform"
	"settled/cmd/settled/internal/readers"
	"settled/devices/hsm"
	"settled/settle"
)

// config is the configuration file of the daemon (TOML). A key that is not listed
// here is an error, so that a slip of the pen is not silently ignored.
type config struct {
	// State is the directory of journal, queue and receipts; $STATE_DIRECTORY of
	// the service manager when empty.
	State string `toml:"state"`
	// Credentials is the directory of the secrets journal.key, platform.secret, api.token
	// (the cashier's) and, if there is one, operations.token;
	// $CREDENTIALS_DIRECTORY of the service manager when empty.
	Credentials string `toml:"credentials"`

	// Archives is the directory of archives, to look up what is in them; none when empty.
	Archives string `toml:"archives"`

	Institution struct {
		Code     string `toml:"code"`     // 定点医药机构编号, letter + 11 digits
		Registry string `toml:"registry"` // file of the institutions of the city
		Books    string `toml:"books"`    // directory that its counters share, see reconcile.Shares; none when empty
	} `toml:"institution"`
	Counter struct {
		Number       string `toml:"number"`        // two digits, unique in the institution
		Operator     string `toml:"operator"`      // 经办人编号
		OperatorName string `toml:"operator_name"` // 经办人姓名
		Shift        string `toml:"shift"`         // required: nothing is settled or reversed without an open shift; optional
	} `toml:"counter"`
	// SecondPerson says for what a second operator has to sign in for that one act (二人复核).
	SecondPerson secondPerson `toml:"second_person"`
	API          struct {
		Listen string `toml:"listen"` // loopback address
	} `toml:"api"`
	Readers struct {
		Patient  string `toml:"patient"`  // identity or part of it, see readers.Role
		Guardian string `toml:"guardian"` // likewise
		Spare    string `toml:"spare"`    // stands in for the patient's
		PSAM     string `toml:"psam"`     // the slot of the PSAM
		// HSM is a command that asks the region's HSM, with its arguments; see package hsm.
		HSM         []string `toml:"hsm"`
		HSMDeadline duration `toml:"hsm_deadline"`
	} `toml:"readers"`
	Platform struct {
		URL     string `toml:"url"`     // the gateway, without the transaction number
		Gateway string `toml:"gateway"` // tif (Guangdong, the default), csb (Hunan, Jiangsu), ca (Zhejiang)
		PaasID  string `toml:"paasid"`  // x-tif-paasid, _api_access_key or x-ca-key
		CA      string `toml:"ca"`      // file of the only roots (PEM) that the platform's certificate may come from
		Area    string `toml:"area"`    // 就医地医保区划
		System  string `toml:"system"`  // recer_sys_code

		InFlight int    `toml:"in_flight"` // requests on their way at a time, 1 to 64
		Upload   string `toml:"upload"`    // at_once; window: only in the batches of `settled upload`
		// Tolerate is the difference in cash, either way, for which nobody is asked.
		Tolerate settle.Fen `toml:"tolerate"`
	} `toml:"platform"`
	Offline struct {
		// Soft limits warn, hard ones end what is granted: see counter.Offline.
		WarnAge      duration   `toml:"warn_age"`      // soft, of max_age
		MaxAge       duration   `toml:"max_age"`       // how old may what we know of a person be
		PersonWarn   settle.Fen `toml:"person_warn"`   // soft, of person_limit; half of it when 0
		PersonLimit  settle.Fen `toml:"person_limit"`  // fund money of one person not yet at the platform
		AccountWarn  settle.Fen `toml:"account_warn"`  // soft, of account_limit; half of it when 0
		AccountLimit settle.Fen `toml:"account_limit"` // drawn from one account, not yet at the platform
		CounterWarn  settle.Fen `toml:"counter_warn"`  // soft, of counter_limit; half of it when 0
		CounterLimit settle.Fen `toml:"counter_limit"` // fund money of this counter not yet at the platform

		ProbePercent  int      `toml:"probe_percent"`  // share of settlements confirmed by the platform anew
		ProbeDeadline duration `toml:"probe_deadline"` // how long that may take

		LossBorneBy string   `toml:"loss_borne_by"` // who bears what the platform does not confirm
		ClaimWhere  string   `toml:"claim_where"`   // where what was not granted is claimed
		ClaimBring  []string `toml:"claim_bring"`
		ClaimDays   int      `toml:"claim_days"` // within which; 0: the slip names no day
	} `toml:"offline"`
	Policy struct {
		Overlays string `toml:"overlays"` // directory of *.toml; none when empty
	} `toml:"policy"`
	Catalogue struct {
		Area     string   `toml:"area"`      // 医保区划 of its rows; as the platform's when empty
		Unknown  string   `toml:"unknown"`   // a code that a loaded catalogue lacks: "refuse", or "as_stated"
		CapTypes []string `toml:"cap_types"` // kinds of price limit that hold here; by the hospital's level when empty
	} `toml:"catalogue"`
	Payment struct {
		URL string `toml:"url"` // of the hospital's QR payment, for self-service; none when empty
	} `toml:"payment"`
	Printer printerConfig `toml:"printer"` // see deviceconfig.go
	Scanner scannerConfig `toml:"scanner"` // likewise
	Display displayConfig `toml:"display"` // likewise
	Voice   voiceConfig   `toml:"voice"`   // likewise
	ECode   ecodeConfig   `toml:"ecode"`   // likewise
	Receipt struct {
		Columns int `toml:"columns"` // 48 (80 mm) or 32 (58 mm)
	} `toml:"receipt"`
}

// secondPerson says what nobody does alone.
type secondPerson struct {
	Over    settle.Fen `toml:"over"`    // reversals that give back more of a bill; 0: none
	Release bool       `toml:"release"` // all that puts back what was held
}

// mostInFlight bounds the requests on their way at a time.
const mostInFlight = 64

// defaultArea is the 医保区划 of Shenzhen.
const defaultArea = "440300"

// duration is a time span in the configuration: "168h".
type duration struct{ time.Duration }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *duration) UnmarshalText(text []byte) (err error) {
	d.Duration, err = time.ParseDuration(string(text))
	return err
}

// Where the unit keeps things, for verbs that no service manager has started.
const (
	unitState       = "/var/lib/settled"
	unitCredentials = "/etc/settled/credentials" //nolint:gosec // a directory
)

// readConfig reads the configuration of the daemon, whose directories the service manager
// names where the file does not.
func readConfig(path string) (*config, error) {
	return readConfigAt(path, os.Getenv("STATE_DIRECTORY"), os.Getenv("CREDENTIALS_DIRECTORY"))
}

// readInstalled reads the configuration for a verb that a person or a timer starts: the
// directories are the unit's where neither the file nor a service manager names them.
func readInstalled(path string) (*config, error) {
	return readConfigAt(path, cmp.Or(os.Getenv("STATE_DIRECTORY"), unitState), cmp.Or(os.Getenv("CREDENTIALS_DIRECTORY"), unitCredentials))
}

// readConfigAt reads a configuration with the directories that hold where it names none.
func readConfigAt(path, state, credentials string) (*config, error) {
	c := &config{}
	c.API.Listen = "127.0.0.1:8642"
	c.Platform.System, c.Platform.Area = "SY", defaultArea
	c.Platform.Upload = "at_once"
	c.Platform.InFlight = platform.DefaultInFlight
	c.Catalogue.Unknown = "refuse"
	c.Receipt.Columns = 48
	c.Printer.Baud = 115200
	c.ECode.Life.Duration = 10 * time.Minute
	c.Counter.Shift = "optional"
	c.Offline.MaxAge.Duration = 7 * 24 * time.Hour
	c.offlineDefaults()
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("configuration: %w", err)
	}
	meta, err := toml.Decode(string(text), c)
	if err != nil {
		var where toml.ParseError
		if errors.As(err, &where) {
			return nil, usagef("%s:%d: %s", path, where.Position.Line, where.Message)
		}
		return nil, usagef("%s: %w", path, err) // a value of a wrong kind: it names the line
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, usagef("%s: unknown key %s", placeOf(path, string(text), unknown[0].String()), unknown[0])
	}
	c.State = cmp.Or(c.State, state)
	c.Credentials = cmp.Or(c.Credentials, credentials)
	base := filepath.Dir(path)
	for _, p := range []*string{&c.State, &c.Credentials, &c.Archives, &c.Institution.Registry, &c.Institution.Books, &c.Policy.Overlays, &c.Platform.CA, &c.ECode.Used} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(base, *p)
		}
	}
	for i, name := range c.Printer.Fonts {
		if !filepath.IsAbs(name) {
			c.Printer.Fonts[i] = filepath.Join(base, name)
		}
	}
	if err := c.check(); err != nil {
		return nil, usagef("%s", located(path, string(text), err))
	}
	return c, nil
}

var (
	institutionForm = regexp.MustCompile(`^[A-Z]\d{11}$`)
	counterForm     = regexp.MustCompile(`^\d{2}$`)
	areaForm        = regexp.MustCompile(`^\d{6}$`)
)

func (c *config) check() error {
	switch {
	case c.State == "":
		return errors.New("state: no directory, and the service manager gave none (STATE_DIRECTORY)")
	case c.Credentials == "":
		return errors.New("credentials: no directory, and the service manager gave none (CREDENTIALS_DIRECTORY)")
	case !institutionForm.MatchString(c.Institution.Code):
		return fmt.Errorf("institution.code: %q is not a letter and 11 digits", c.Institution.Code)
	case c.Institution.Registry == "":
		return errors.New("institution.registry: missing")
	case !counterForm.MatchString(c.Counter.Number):
		return fmt.Errorf("counter.number: %q is not two digits", c.Counter.Number)
	case c.Counter.Operator == "":
		return errors.New("counter.operator: missing")
	case c.Counter.Shift != "required" && c.Counter.Shift != "optional":
		return fmt.Errorf("counter.shift: %q is neither required nor optional", c.Counter.Shift)
	case c.Platform.URL == "":
		return errors.New("platform.url: missing")
	case c.Readers.Patient == "":
		return errors.New("readers.patient: missing, see `settled devices`")
	case !loopback(c.API.Listen):
		return fmt.Errorf("api.listen: %q is not a loopback address with a port, such as 127.0.0.1:8642", c.API.Listen)
	case c.Catalogue.Unknown != "refuse" && c.Catalogue.Unknown != "as_stated":
		return fmt.Errorf("catalogue.unknown: %q is neither refuse nor as_stated", c.Catalogue.Unknown)
	case c.Receipt.Columns != 48 && c.Receipt.Columns != 32:
		return fmt.Errorf("receipt.columns: %d is neither 48 (80 mm) nor 32 (58 mm)", c.Receipt.Columns)
	case c.SecondPerson.Over < 0:
		return errors.New("second_person.over: it is negative")
	case c.Platform.Tolerate < 0:
		return errors.New("platform.tolerate: it is negative")
	}
	return errors.Join(c.checkReaders(), c.checkUpload(), c.checkOffline(), c.checkDevices())
}

func (c *config) checkReaders() error {
	switch hsm := c.Readers.HSM; {
	case len(hsm) > 0 && c.Readers.PSAM != "":
		return errors.New("readers: psam and hsm exclude each other")
	case len(hsm) > 0 && !filepath.IsAbs(hsm[0]):
		return fmt.Errorf("readers.hsm: %q is no absolute path", hsm[0])
	case c.Readers.HSMDeadline.Duration < 0:
		return errors.New("readers.hsm_deadline: it is negative")
	}
	return readers.Check(c.readers().Roles)
}

func (c *config) checkUpload() error {
	switch {
	case !areaForm.MatchString(c.Platform.Area):
		return fmt.Errorf("platform.area: %q is not six digits, such as %s", c.Platform.Area, defaultArea)
	case c.Platform.InFlight < 1 || c.Platform.InFlight > mostInFlight:
		return fmt.Errorf("platform.in_flight: %d is not from 1 to %d", c.Platform.InFlight, mostInFlight)
	case c.Platform.Upload != "at_once" && c.Platform.Upload != "window":
		return fmt.Errorf("platform.upload: %q is neither at_once nor window", c.Platform.Upload)
	}
	return nil
}

// readers says which readers there are to be.
func (c *config) readers() readers.Options {
	r := c.Readers
	o := readers.Options{Roles: map[readers.Role]string{
		readers.Patient: r.Patient, readers.Guardian: r.Guardian, readers.Spare: r.Spare, readers.PSAM: r.PSAM,
	}}
	if len(r.HSM) > 0 {
		o.HSM = hsm.New(r.HSM[0], r.HSM[1:], r.HSMDeadline.Duration)
	}
	return o
}

// roots reads the roots that the platform's certificate may come from, nil for the
// system's.
func (c *config) roots() ([]byte, error) {
	if c.Platform.CA == "" {
		return nil, nil
	}
	return os.ReadFile(c.Platform.CA)
}

// loopback tells whether an address is of this machine alone, with a port.
func loopback(address string) bool {
	host, port, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && port != "" && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// whence says where a credential that is missing comes from.
func whence(name string) string {
	switch name {
	case journalKey:
		return ": the copy that is kept elsewhere, and only for a new counter a new one, by `openssl rand -hex 32`"
	case "api.token":
		return ", by `openssl rand -hex 32`"
	}
	return ""
}

// secret reads a credential.
func (c *config) secret(name string) (string, error) {
	value, err := readSecret(filepath.Join(c.Credentials, name))
	if errors.Is(err, os.ErrNotExist) {
		return "", usagef("credential %s: %w; put it there, mode 0600%s", name, err, whence(name))
	}
	if err != nil {
		return "", fmt.Errorf("credential %s: %w", name, err)
	}
	return value, nil
}

// readSecret reads a file that must not be readable by others.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", usagef("%s: mode %04o lets others read it, want 0600 or 0400: chmod 600 %[1]s", path, info.Mode().Perm())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	value := strings.TrimSpace(string(data))
	if value == "" {
		return "", usagef("%s: empty", path)
	}
	return value, nil
}
