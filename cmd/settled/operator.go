package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/operators"
	"settled/cmd/settled/internal/platform"
	"settled/queue"
)

// rosterName is the credential that says who may sign in at the pages.
const rosterName = "operators.toml"

func newOperator() *cobra.Command {
	var name, role string
	cmd := &cobra.Command{
		Use:   "operator ID --name NAME --role ROLE",
		Short: "Make an operator, who may sign in at the pages of a counter",
		Long: `Make an operator (操作员), who may sign in at the pages of a counter. The password is
read from standard input; what is printed is added to the credential operators.toml,
which SIGHUP reads again:

  settled operator 0001 --name 收费员一 --role cashier >> /etc/settled/credentials/operators.toml
  systemctl reload settled

Roles: cashier (收费员), supervisor (收费组长), insurance (医保办), operations (信息科),
kiosk (自助机: the terminal itself).`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			password, err := askPassword(cmd, "password: ")
			if err != nil {
				return err
			}
			text, err := operators.Stanza(given[0], name, role, password)
			if err != nil {
				return usagef("%w", err)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "as the page shows it")
	cmd.Flags().StringVar(&role, "role", "cashier", "what the operator may do")
	return cmd
}

// loadOperators reads who may sign in; without the credential nobody may.
func (d *daemon) loadOperators() error {
	text, err := d.config.secret(rosterName)
	if errors.Is(err, os.ErrNotExist) {
		text, err = "", nil
	}
	if err != nil {
		return err
	}
	roster, err := operators.Parse(text)
	if err != nil {
		return usagef("credential %s: %w", rosterName, err)
	}
	if d.config.SecondPerson != (secondPerson{}) && roster.Size() < 2 {
		d.log.Warn("a second person is asked for, and fewer than two operators may sign in", "operators", roster.Size())
	}
	d.people.Store(roster)
	d.keepOperators(roster)
	return nil
}

// keepOperators has the journal say who may sign in, where that has changed. Without it they
// may all the same, so that somebody can look; the next load makes up for it.
func (d *daemon) keepOperators(roster *operators.Roster) {
	var list []queue.Operator
	for o := range roster.All() {
		list = append(list, queue.Operator{ID: o.ID, Name: o.Name, Role: o.Role, Password: o.Password})
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	if err := d.queue.Operators(ctx, list, queue.By{Device: d.seat()}); err != nil {
		d.log.Error("changes of operators are not in the journal", "operators", len(list), "cause", err)
	}
}

// nameAt gives how the platform names an operator: those of the roster by their own number,
// if it fits (9001: opter_no C20, opter_name C50), all others by the counter's.
func (d *daemon) nameAt(id string) (platform.Operator, bool) {
	o := d.people.Load().Find(id)
	if o == nil || utf8.RuneCountInString(o.ID) > 20 || utf8.RuneCountInString(o.Name) > 50 {
		return platform.Operator{}, false
	}
	kind := "1"
	if api.Role(o.Role) == api.Kiosk {
		kind = "2"
	}
	return platform.Operator{Name: o.Name, Type: kind}, true
}

// SignIn implements api.Operators. Who signs in here does so at the platform, too.
func (d *daemon) SignIn(id, password string) (api.Operator, bool) {
	roster := d.people.Load()
	if !roster.Check(id, password) {
		return api.Operator{}, false
	}
	go d.signInAtPlatform(id)
	return operatorOf(roster.Find(id)), true
}

// signInAtPlatform signs an operator in ahead of the first message that needs it (9001).
func (d *daemon) signInAtPlatform(id string) {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	if err := d.line.SignIn(ctx, id); err != nil {
		d.log.Warn("not signed in at the platform yet", "operator", id, "cause", err)
	}
}

// Operator implements api.Operators.
func (d *daemon) Operator(id string) (api.Operator, bool) {
	o := d.people.Load().Find(id)
	if o == nil {
		return api.Operator{}, false
	}
	return operatorOf(o), true
}

// Any implements api.Operators.
func (d *daemon) Any() bool { return d.people.Load().Size() > 0 }

func operatorOf(o *operators.Operator) api.Operator {
	return api.Operator{ID: o.ID, Name: o.Name, Role: api.Role(o.Role), Mark: o.Mark()}
}
