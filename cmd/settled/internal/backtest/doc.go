// Package backtest computes settlements of the past again by other rules, each at its
// own position, and sums up who would get more or less: `settled policy backtest`.
//
// First each settlement is computed by the rules that made it, where they are at hand:
// what then comes out must be what was recorded, to the fen. Settlements stream
// through; what is kept of them does not grow with their number.
package backtest
