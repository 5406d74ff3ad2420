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
// at once. A bbolt file that is missing, damaged or behind is built again or caught up;
// one that is ahead of the journal proves that the journal was lost or cut, and Open
// refuses it ([Lost]).
//
// bbolt holds small rows and places in the journal; settlements and messages stay in
// the journal. Who someone is and what someone was treated for stands only in the sealed
// part of an entry: identities, the chart (diagnoses, doctor, department, outpatient
// number), the bill's lines, the names of the split's, and all messages. In clear are
// amounts, rates, buckets, steps, what is insured, period and the digest of the rules, so
// that the money can be checked without the key. Persons are referred to by a keyed hash
// ([Queue.Person]).
//
// What is sealed is SM4-GCM under the last key of a ring ([Options].Key): nonce (12 bytes), then the sealed
// text with its tag (16 bytes), the entry's kind being authenticated with it. The text
// is one byte, 0 or 1, and the data: as they are (0), or deflated (1, RFC 1951) where
// that is shorter. No text is longer than [journal.MaxLine] when inflated. Data are JSON;
// of a "request" they are the message, and of an "answer" JSON, and behind a line feed
// the answer as it came.
//
// The format of the journal, for others to read, is in docs/journal.md. [VerifyDir] and
// [VerifyFile] prove a journal; [BackupDir] copies it while it is written, and
// [RestoreDir] makes a new copy of the counter from that: an epoch later, with serials of
// its own. [Queue.Archive] takes out what is done; a checkpoint stands in its place.
//
// A settlement is pending → acknowledged | held, and held → pending when a clerk
// releases it.
package queue
