// Package hospital is a soak: its tests run the counters of a hospital for days, in
// virtual time, against a simulated platform that fails in every way that can be drawn
// from a seed. Queue, journal, client, upload and reconciliation are the real ones, and
// so is the wire; the network's waiting and the clock are not. docs/reliability.md says
// what it holds the counters to.
package hospital
