// Package demo plays a child's visit at a counter, from the card to the platform and
// back, on real parts: pcscd with virtual readers and cards, "settled serve" as a
// process of its own, and the platform simulator over HTTP. It plays it twice, the
// second time with the platform down, gives a line back, closes the shift, and compares
// the books at the end.
package demo
