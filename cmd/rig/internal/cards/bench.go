package cards

import (
	"context"

	"settled/devices/bench"
)

// Bench drives a bench that runs in a process of its own; see [bench.Bench].
type Bench = bench.Bench

// Start runs binary, a build of cmd/rig, as "rig cards" with pcscd on socket and the
// readers "patient" and "guardian". A program that is to use them is started with
// PCSCLITE_CSOCK_NAME=socket. The bench lives until Close or the end of ctx.
func Start(ctx context.Context, binary, socket string) (*Bench, error) {
	return bench.Start(ctx, binary, socket)
}
