package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"settled/cmd/rig/internal/escpos"
	"settled/cmd/rig/internal/pole"
	"settled/cmd/rig/internal/tty"
)

// newSerialCommands are the simulated devices at a counter's serial lines, each on a
// pseudo-terminal of its own and told what to do by lines on standard input.
func newSerialCommands() []*cobra.Command {
	var slips string
	var columns int
	printer := &cobra.Command{
		Use: "printer LINK", Short: "Run a simulated receipt printer whose slips are pictures", Args: cobra.ExactArgs(1),
		Long: `Run a simulated receipt printer (ESC/POS). Its line is a pseudo-terminal at LINK.

Commands: paper=ok|low|out, out=N (the paper ends after N lines), cover=shut|open,
online=yes|no, error=no|yes, mute=no|yes, stuck=no|yes, ordered=yes|no (GS r),
power (off and on), unplug, plug, slips, quit`,
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, err := escpos.Ordinary(columns)
			if err != nil {
				return err
			}
			p, err := escpos.New(kind, slips)
			if err != nil {
				return err
			}
			return atLine(cmd, args[0], p.Serve, func(order string, _, out io.Writer) error {
				switch order {
				case "power":
					p.Power()
				case "slips":
					_, err := fmt.Fprintln(out, strings.Join(p.Slips(), "\n"))
					return err
				default:
					return p.Set(order)
				}
				return nil
			})
		},
	}
	printer.Flags().StringVar(&slips, "slips", "slips", "folder for the pictures")
	printer.Flags().IntVar(&columns, "columns", 48, "48: 80 mm paper, 32: 58 mm")
	display := &cobra.Command{
		Use: "display LINK", Short: "Run a simulated customer display", Args: cobra.ExactArgs(1),
		Long: "Run a simulated customer display (CD5220, LED8) at LINK. Commands: show, unplug, plug, quit",
		RunE: func(cmd *cobra.Command, args []string) error {
			d := pole.New()
			return atLine(cmd, args[0], func(line io.ReadWriter) error { return d.Serve(line) }, func(_ string, _, out io.Writer) error {
				_, err := fmt.Fprintln(out, strings.Join(d.Lines(), " | "))
				return err
			})
		},
	}
	scanner := &cobra.Command{
		Use: "scanner LINK", Short: "Run a simulated barcode scanner", Args: cobra.ExactArgs(1),
		Long: `Run a simulated barcode scanner at LINK. Commands: unplug, plug, quit; any other line is
a code that is scanned, in the form of Go's strings: \r, \t, \x02 … \x03.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return atLine(cmd, args[0], func(line io.ReadWriter) error {
				_, err := io.Copy(io.Discard, line)
				return err
			}, func(order string, line, _ io.Writer) error {
				code, err := strconv.Unquote(`"` + order + `"`)
				if err != nil {
					return fmt.Errorf("%s: not in the form of Go's strings: %w", order, err)
				}
				_, err = io.WriteString(line, code)
				return err
			})
		},
	}
	return []*cobra.Command{printer, newPaper(), display, scanner}
}

// newPaper draws what a printer is sent.
func newPaper() *cobra.Command {
	return &cobra.Command{
		Use: "paper FILE…", Short: "Draw slips from the bytes (ESC/POS) that a printer was sent", Args: cobra.MinimumNArgs(1),
		Long: `Draw slips from the bytes (ESC/POS) that a printer was sent: NAME.png beside each
NAME.escpos. Paper of 58 mm if the name ends in -58mm, else of 80 mm.`,
		RunE: func(_ *cobra.Command, args []string) error {
			for _, path := range args {
				if err := drawPaper(path); err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
			}
			return nil
		},
	}
}

func drawPaper(path string) error {
	name := strings.TrimSuffix(path, ".escpos")
	columns := 48
	if strings.HasSuffix(name, "-58mm") {
		columns = 32
	}
	kind, err := escpos.Ordinary(columns)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	slips, faults := escpos.Render(kind, data)
	if len(slips) != 1 || len(faults) > 0 {
		return fmt.Errorf("%d slips, want 1; %q", len(slips), faults)
	}
	f, err := os.Create(name + ".png")
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, slips[0]), f.Close())
}

// obeyFunc carries out an order to a device at a line; out is for what it says.
type obeyFunc func(order string, line, out io.Writer) error

// atLine lets a device work at a line and obeys commands, until there are no more or it
// is interrupted.
func atLine(cmd *cobra.Command, link string, serve func(io.ReadWriter) error, obey obeyFunc) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	line, err := tty.Open(link)
	if err != nil {
		return err
	}
	plugged := func() { go func() { _ = serve(line) }() } // until it is unplugged
	plugged()
	orders := make(chan string)
	go func() {
		defer close(orders)
		for in := bufio.NewScanner(cmd.InOrStdin()); in.Scan(); {
			select {
			case orders <- in.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return errors.Join(obeyAll(ctx, cmd.OutOrStdout(), orders, line, plugged, obey), line.Close())
}

func obeyAll(ctx context.Context, out io.Writer, orders <-chan string, line *tty.Line, plugged func(), obey obeyFunc) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case order, more := <-orders:
			if !more || order == "quit" {
				return nil
			}
			var err error
			switch order {
			case "unplug":
				err = line.Unplug()
			case "plug":
				if err = line.Plug(); err == nil {
					plugged()
				}
			default:
				err = obey(order, line, out)
			}
			if _, err := fmt.Fprintln(out, map[bool]string{true: "ok", false: fmt.Sprint(err)}[err == nil]); err != nil {
				return err
			}
		}
	}
}
