// Package queue keeps the counter's record of truth: a journal (package journal),
// and behind it, in bbolt, all that is derived from it: the outbox, what is used of
// the limits, balances, ids, idempotency keys and indexes.
//
// One goroutine, the writer, runs every operation against the present state, the
// earlier operations of its batch included. An operation returns the entries to
// append or an error; after an error nothing of it is written. The entries of a
// batch become durable by one fdatasync, and only then are they visible and the
// callers told. The state changes by nothing but the entries: each kind has one
// reduce, used live and when the journal is replayed. A second goroutine, the
// applier, brings the changes to bbolt in batches, together with the journal's
// position that they reflect; no commit waits for it, and reads see what is committed
// at once. A bbolt file that is missing, damaged or not of this journal is set aside
// and built again.
//
// bbolt holds small rows and places in the journal; settlements and messages stay in
// the journal. Personal data stands only in the sealed part of an entry; persons are
// referred to by a keyed hash ([Queue.Person]).
//
// A settlement is pending → acknowledged | held, and held → pending when a clerk
// releases it.
package queue
