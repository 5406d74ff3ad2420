//go:build race

package queue

// thin says how few of the power cuts are judged, and of what else is tried in numbers:
// the race detector makes each five times as slow and finds little in them, so that it
// sees one in so many. All are made without it, by a step of `make test` of their own.
const thin = 8
