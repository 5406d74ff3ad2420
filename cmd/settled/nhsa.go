package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"settled/queue/nhsa"
)

// maxMessage is the longest message that is inspected, in bytes.
const maxMessage = 64 << 20

func newNHSA() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "nhsa",
		Short: "Messages of the national platform",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newNHSAInspect())
	return cmd
}

func newNHSAInspect() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect FILE...",
		Short: "What a request or reply says, and whether its amounts and fields are right",
		Long: `Look at requests and replies of the national platform, of any province, and print one
JSON object a line for each file ("-" is standard input):

  kind        request, reply, unreadable
  infno       the transaction; of a reply where its content tells
  outcome     of a reply: ok, business_refusal, access_refusal, unreadable
  message     the platform's words, or why the file is unreadable
  identities  I1 total = fund + personal + hospital       I2 personal = account + cash
              I3 fund = its funds   I4 total = its four parts   S1 rows = total - cash
              L1 each line = its four parts
              each holds, broken or not_applicable, with both sides
  warnings    missing fields, wrong lengths and forms, unknown codes

A message may be in UTF-8, UTF-16 or GB18030, and in a string, a list of one or a
gateway's object; what the daemon itself would not read so is warned of. A file has one
message; one that is no message is unreadable, which is an answer; one that could not be
opened or read ends with exit status 1.`,
		Example: `  settled nhsa inspect reply.json
  settled nhsa inspect messages/*.json | jq -c 'select(.identities.I1.status == "broken")'`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: inspectFiles,
	}
}

var errUnopened = errors.New("not every file could be opened and read")

func inspectFiles(cmd *cobra.Command, files []string) error {
	spec, err := nhsa.LoadSpec()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetEscapeHTML(false)
	var failed error
	for _, name := range files {
		in, err := inspectFile(spec, cmd.InOrStdin(), name)
		if err != nil {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "settled: %v\n", err)
			failed = errUnopened
		}
		line := struct {
			File string `json:"file"`
			nhsa.Inspection
		}{name, in}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return failed
}

// inspectFile inspects one file; one that cannot be opened is unreadable.
func inspectFile(spec *nhsa.Spec, stdin io.Reader, name string) (nhsa.Inspection, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			out := spec.Inspect(nil)
			out.Message = err.Error()
			return out, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxMessage+1))
	if err == nil && len(data) > maxMessage {
		err = fmt.Errorf("%s: longer than %d MiB", name, maxMessage>>20)
	}
	if err != nil {
		out := spec.Inspect(nil)
		out.Message = err.Error()
		return out, err
	}
	return spec.Inspect(data), nil
}
