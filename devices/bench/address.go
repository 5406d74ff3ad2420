package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports that the system gives to nobody who asks for any: its own begin at 32768.
const firstPort, ports = 20_000, 10_000

// FreeAddress finds an address of the loopback for a program that is started later, and
// again: a port of the system's own could be another's by then.
func FreeAddress(ctx context.Context) (address string, err error) {
	for range 100 {
		var l net.Listener
		l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(ports)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", fmt.Errorf("find a free port: %w", err)
}
