package countertest

import (
	"context"
	"sync"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// ECodes redeems what it was given, and keeps what has served. Its platform says who.
type ECodes struct {
	Platform *Platform

	mu   sync.Mutex
	of   map[string]settle.Identity
	used map[string]bool
}

// Gives makes a code stand for a person.
func (c *ECodes) Gives(code string, e settle.Entitlement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of, c.used = map[string]settle.Identity{}, map[string]bool{}
	}
	c.of[code] = settle.Identity{IDNumber: e.Who.IDNumber}
}

// Redeem implements counter.ECodes.
func (c *ECodes) Redeem(ctx context.Context, code counter.ECode) (settle.Entitlement, error) {
	c.mu.Lock()
	who, ok := c.of[code.ClearSecret()]
	c.mu.Unlock()
	if !ok {
		return settle.Entitlement{}, refusal(settle.PersonUnknown)
	}
	return c.Platform.Identify(ctx, who)
}

// Claim implements counter.Used.
func (c *ECodes) Claim(_ context.Context, code counter.ECode) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used[code.ClearSecret()] {
		return refusal(counter.ECodeUsed)
	}
	c.used[code.ClearSecret()] = true
	return nil
}
