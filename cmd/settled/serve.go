package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/doctor"
	"settled/cmd/settled/internal/family"
	"settled/cmd/settled/internal/kiosk"
	"settled/cmd/settled/internal/operators"
	"settled/cmd/settled/internal/overlays"
	"settled/cmd/settled/internal/pages"
	"settled/cmd/settled/internal/platform"
	"settled/cmd/settled/internal/readers"
	"settled/cmd/settled/internal/roster"
	"settled/devices/pcsc"
	"settled/queue"
	"settled/queue/catalogue"
	"settled/queue/nhsa"
	"settled/settle"
	"settled/settle/policy"
)

func newServe() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Run the daemon",
		Long: `Run the daemon of one counter. It says READY to the service manager when it can
settle: the journal is replayed, the rules are loaded, the API listens, and the
patient's card reader is there. SIGTERM ends it after what is committed; SIGHUP reads
the rules and operators again. With a journal that is damaged, lost or cannot be written it is never
ready, and /readyz says why and what to do.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(path)
			if err != nil {
				return err
			}
			log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
			return serve(cmd.Context(), c, log)
		},
	}
	cmd.Flags().StringVar(&path, "config", "/etc/settled/settled.toml", "configuration file")
	return cmd
}

// daemon is the wired parts of one counter.
type daemon struct {
	config  *config
	log     *slog.Logger
	rules   atomic.Pointer[policy.Set]
	broken  atomic.Pointer[error] // why the last reload of the rules changed nothing; nil: it did
	shelf   *overlays.Shelf       // nil: the rules have no directory
	people  atomic.Pointer[operators.Roster]
	items   *catalogue.Store
	queue   *queue.Queue
	line    *platform.Line
	watcher *pcsc.Watcher
	readers *readers.Readers
	devices *counterDevices
	changes doctor.Watch // of readers and devices
	window  *counter.Session
	ledger  *ledger
	upload  *platform.Upload
	kiosk   *kiosk.Desk
	filer   *platform.Filer
	family  *family.Desk
	roster  *roster.Loader
	api     *api.Server
}

func serve(ctx context.Context, c *config, log *slog.Logger) (err error) {
	loose()
	d := &daemon{config: c, log: log}
	if err := d.openOverlays(); err != nil {
		return err
	}
	if err := d.loadRules(); err != nil {
		return err
	}
	known, err := readRegistry(c.Institution.Registry)
	if err != nil {
		return err
	}
	here, ok := known[c.Institution.Code]
	if !ok {
		return usagef("institution.code: %s is not in %s", c.Institution.Code, c.Institution.Registry)
	}
	if err := d.awaitQueue(ctx); err != nil || d.queue == nil {
		return err
	}
	defer func() { err = errors.Join(err, d.queue.Close()) }()
	d.openCatalogue()
	defer func() { err = errors.Join(err, d.items.Close()) }()
	if err := d.connect(known, here); err != nil {
		return err
	}
	if d.watcher, err = pcsc.Watch(context.WithoutCancel(ctx), pcsc.Options{}); err != nil {
		return fmt.Errorf("card readers: %w", err)
	}
	defer func() {
		if closing := d.watcher.Close(); closing != nil { // a stuck reader is no failure of an orderly end
			log.Warn("card readers left behind", "cause", closing)
		}
	}()
	if err := d.openWindow(here); err != nil {
		return err
	}
	d.openFamily(known, here)
	defer d.window.Close()
	listener, err := d.listen(ctx)
	if err != nil {
		return err
	}
	if err := d.openAPI(); err != nil {
		return errors.Join(err, listener.Close())
	}
	return d.run(ctx, listener)
}

// loose lets the heap grow to five times of what is in use before it is collected,
// unless the environment says otherwise: a few MB are in use, and a settlement takes a
// tenth of one, so that otherwise every second cashier would wait for a collection.
func loose() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

func (d *daemon) by() queue.By {
	return queue.By{Operator: d.config.Counter.Operator, Device: d.seat()}
}

// seat names the counter's window in the journal.
func (d *daemon) seat() string { return "W" + d.config.Counter.Number }

// openQueue opens the queue and has it take an entry.
func (d *daemon) openQueue(ctx context.Context) error {
	key, err := d.config.key()
	if err != nil {
		return usagef("%w", err) // the disk of the credentials is not the journal's
	}
	q, err := queue.Open(d.config.State, queue.Options{
		Institution: d.config.Institution.Code, Counter: d.config.Counter.Number, Key: key, Archives: d.config.Archives,
		Now: time.Now, Log: d.log, Rules: d.rules.Load().Digest(),
	})
	if err != nil {
		return err
	}
	if _, err := q.MsgID(ctx); err != nil { // reserves ids: proves that the disk takes a write
		return errors.Join(fmt.Errorf("the journal takes no entry: %w", err), q.Close())
	}
	activate := func(staged, approved string) error {
		by := d.by()
		by.Operator = cmp.Or(approved, by.Operator)
		return q.Activate(ctx, d.rules.Load().Digest(), staged, by)
	}
	if err := d.finished(activate); err != nil {
		return errors.Join(fmt.Errorf("the journal takes no entry: %w", err), q.Close())
	}
	d.queue = q
	return nil
}

// openCatalogue says which catalogue there is. One that cannot be read stops quotes, each
// with the reason, until it is loaded anew: the daemon need not start again for that.
func (d *daemon) openCatalogue() {
	d.items = catalogue.New(d.config.State)
	census, _, err := d.items.List()
	if err != nil {
		d.log.Error("catalogue not readable", "cause", err)
		return
	}
	d.log.Info("catalogue", "digest", census.Digest, "items", census.Tables[catalogue.Items].Codes)
}

// connect makes the line to the platform; nothing is sent yet.
func (d *daemon) connect(known registry, here settle.Institution) error {
	secret, err := d.config.secret("platform.secret")
	if err != nil {
		return usagef("%w", err)
	}
	c := d.config
	gateway, err := nhsa.NewGateway(c.Platform.Gateway, c.Platform.PaasID, nhsa.Secret(secret))
	if err != nil {
		return usagef("platform: %w", err)
	}
	roots, err := c.roots()
	if err != nil {
		return usagef("platform.ca: %w", err)
	}
	client, err := nhsa.New(nhsa.Options{BaseURL: c.Platform.URL, Gateway: gateway, CA: roots, MaxReply: queue.MaxAnswer, Now: time.Now})
	if err != nil {
		return usagef("platform: %w", err)
	}
	codes, err := d.config.ecodes()
	if err != nil {
		return err
	}
	head := nhsa.Head{
		Institution: c.Institution.Code, InstitutionName: here.Name, TreatmentArea: c.Platform.Area, Receiver: c.Platform.System,
		Operator: c.Counter.Operator, OperatorName: cmp.Or(c.Counter.OperatorName, c.Counter.Operator), Device: d.seat(),
	}
	if err := platform.CheckHead(head, time.Now()); err != nil {
		return usagef("no message to the platform can be made (look at counter.operator and operator_name, platform.area and system, and the institution's name in %s): %w", c.Institution.Registry, err)
	}
	d.line = platform.NewLine(platform.Options{
		Client: client, ECodes: codes, Queue: d.queue, Registry: known, Now: time.Now, By: d.by(), Names: d.nameAt, Head: head,
	})
	return nil
}

func (d *daemon) openWindow(here settle.Institution) (err error) {
	attached := d.config.readers()
	attached.Log, attached.Watch = d.log, &d.changes
	d.readers = readers.New(d.watcher, attached)
	if err := d.openDevices(); err != nil {
		return err
	}
	b := &book{queue: d.queue, by: d.by()}
	d.roster = roster.New(roster.Ports{Platform: d.line, People: b, Rulebook: d, Now: time.Now, Log: d.log})
	completer := &catalogue.Completer{Store: d.items, Manner: catalogue.Manner{
		AcceptStated: d.config.Catalogue.Unknown == "as_stated", CapTypes: d.config.Catalogue.CapTypes,
	}}
	at, err := d.lastEntry()
	if err != nil {
		return err
	}
	began := time.Now()
	clock := newForward(time.Now, func() time.Duration { return time.Since(began) }, at)
	d.window, err = counter.New(counter.Ports{
		Cards: d.readers, Rulebook: d, Catalogue: completer, Platform: d.line, People: b, Book: b, Links: b, Returns: b, Shifts: b, Exposure: b, Form: d.line, Printer: d.devices.printer, ECodes: d.line, Used: d.config.usedCodes(), Clock: clock.Now,
	}, counter.Options{
		Seat: d.seat(), Institution: here, Paperless: d.devices.printer.device == nil, ShiftRequired: d.config.Counter.Shift == "required", SecondOver: d.config.SecondPerson.Over,
		Offline: d.config.offline(),
	})
	return err
}

// lastEntry is the time of the journal's last entry.
func (d *daemon) lastEntry() (time.Time, error) {
	status, err := d.queue.Status()
	return status.At, err
}

func (d *daemon) openAPI() (err error) {
	token, err := d.config.secret("api.token")
	if err != nil {
		return err
	}
	tokens := map[string]api.Grant{token: {Seat: d.seat(), Role: api.Cashier, Operator: d.config.Counter.Operator}}
	if err := d.grantOthers(tokens); err != nil {
		return err
	}
	if err := d.loadOperators(); err != nil {
		return err
	}
	waiting, err := d.openBills()
	if err != nil {
		return err
	}
	if err := d.openKiosk(waiting); err != nil {
		return err
	}
	shares, err := d.config.shares()
	if err != nil {
		return err
	}
	d.ledger = newLedger(d.queue, d.config.Counter.Number, d.log)
	d.ledger.state, d.ledger.second = d.degraded(), d.config.SecondPerson.Release
	d.upload = platform.NewUpload(d.line, platform.Pace{InFlight: d.config.Platform.InFlight, OnlyInBatches: d.config.Platform.Upload == "window"}, d.log, d.ledger.moved)
	d.api, err = api.New(api.Options{
		Windows: map[string]api.Window{d.seat(): d.window},
		Tokens:  tokens,
		Books:   &books{platform.NewReconciler(d.line, d.config.Counter.Number, shares), d.ledger, d.config.Platform.Tolerate, d.config.Counter.Shift == "required"},
		Ledger:  d.ledger, Keeper: d.ledger, Uploads: d.ledger, Batches: &batches{d.upload}, Repairs: &repairs{d.line, d.ledger}, Rosters: &rosters{d.roster}, Ready: d, Devices: d.attached(), ECodes: d.config.ECode.Prefixes, SlipKeys: d.devices.printer.slips, Log: d.log, BuildVersion: version,
		Bills: waiting, Pages: pages.New(), SignIn: &api.SignIn{Operators: d, Seat: d.seat(), Token: token},
		Terminal: d.kiosk, Family: d.family, Overlays: d.staging(), Past: d.ledger, Acts: acts{d.queue}, Policy: func() api.Policy { return d.rules.Load() },
	})
	return err
}

// attached is what can say how it is: a device that has checks is added here.
func (d *daemon) attached() *attached {
	return &attached{Readers: d.readers, others: []doctor.Source{d.devices}}
}

// grantOthers lets the holders of the credentials operations.token and his.token, where
// they are, look after the queue and send bills.
func (d *daemon) grantOthers(tokens map[string]api.Grant) error {
	for name, grant := range map[string]api.Grant{
		"operations.token": {Role: api.Operations, Operator: "operations"},
		"his.token":        {Role: api.Hospital, Operator: "his"},
	} {
		token, err := d.config.secret(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if _, twice := tokens[token]; twice {
			return usagef("credential %s: it is the same as another one", name)
		}
		grant.Seat = d.seat()
		tokens[token] = grant
	}
	return nil
}

// Ready gives the reasons why nothing can be settled; it is the API's readiness.
func (d *daemon) Ready(context.Context) []counter.Notice {
	var why []counter.Notice
	if d.stopped() != nil {
		why = append(why, counter.Notice{Code: settle.JournalStopped, Text: settle.JournalStopped.Cashier()})
	}
	if code := d.readers.Missing(); code != "" {
		why = append(why, counter.Notice{Code: code, Text: code.Cashier()})
	}
	return why
}

// Notices implements api.Readiness.
func (d *daemon) Notices(context.Context) []counter.Notice {
	var list []counter.Notice
	if why := d.broken.Load(); why != nil {
		list = append(list, counter.Notice{Code: settle.RulesNotReloaded, Text: settle.RulesNotReloaded.Cashier() + (*why).Error()})
	}
	if status, err := d.queue.Status(); err == nil {
		list = append(list, d.ledger.state.risk(status.Exposed).Alerts...)
	}
	if away := d.line.TurnedAway(); away != nil {
		list = append(list, counter.Notice{Code: away.Code, Text: away.Cashier})
	}
	return append(list, d.devices.notices()...)
}

// stopped gives the reason why the journal takes nothing more.
func (d *daemon) stopped() error {
	status, err := d.queue.Status()
	if err != nil {
		return err
	}
	return status.Stopped
}

// lastCard is how long the readers stay for what is under way when the daemon ends.
const lastCard = 600 * time.Millisecond

// run keeps the parts going until ctx ends or one of them fails.
func (d *daemon) run(ctx context.Context, listener net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	served := make(chan struct{})
	parts := map[string]func(context.Context) error{
		"local API": func(ctx context.Context) error {
			defer close(served)
			return d.api.Serve(ctx, listener)
		},
		"upload":   d.upload.Run,
		"kiosk":    d.kiosk.Run,
		"filer":    d.filer.Run,
		"devices":  func(ctx context.Context) error { return d.devices.run(ctx, d.window) },
		"watchdog": d.notify,
		"reload":   d.reload,
		"exposure": d.watchExposure,
		"backtest": d.backtests,
		"roster":   d.roster.Run,
		"readers": func(ctx context.Context) error {
			go func() {
				<-ctx.Done()
				select { // a confirmation under way still needs its card
				case <-served:
				case <-time.After(lastCard):
				}
				_ = d.watcher.Close() // again, with its error, by serve
			}()
			d.readers.Follow(d.window.Handle, d.window.ShowReaders)
			return nil
		},
	}
	ended := make(chan error, len(parts))
	for name, part := range parts {
		go func() {
			err := part(ctx)
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
				cancel(err)
			}
			ended <- err
		}()
	}
	var failed error
	for range parts {
		failed = errors.Join(failed, <-ended)
	}
	return failed
}
