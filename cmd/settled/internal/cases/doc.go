// Package cases runs a bundle of worked settlement cases: `settled quote --bundle`.
//
// A bundle is one JSON object with "institutions" (a registry by id) and "cases";
// testdata/cases/settlements.json is one. For every settlement and refund case one
// JSON object a line is written, in case order: its id and what was computed, or its
// id and an error. Cases stream through, on all cores: of each case 28 bytes are kept,
// where it stands and the hash of its id, and refunds read their originals again.
package cases
