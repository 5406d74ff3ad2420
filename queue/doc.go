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
// What a person waits for is urgent; what only the platform waits for leaves the disk half
// of the time, so that a settlement seldom finds it busy. After an orderly end the next
// Open reads no more than it must; after kill -9 it replays what stands behind bbolt's
// position; when the machine was started since, it looks at more.
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
// # Entries
//
// Kinds of entries; all are only ever appended:
//
//	owner        the first: whose journal this is
//	known        what the platform said of a person: usage, balance, benefits
//	link         an account may pay for a person (家庭共济)
//	link_end     the last day of a link
//	settlement   a split that was confirmed
//	self_paid    a bill that the patient paid whole, beyond a limit: it never goes out
//	void         a settlement was reversed whole (撤销)
//	refund       a settlement was reversed, and the lines that are kept settled anew (退费)
//	undone       the platform has nothing of a reversed settlement any more
//	ids          message ids were reserved
//	request      a message to the platform, before it is sent
//	answer       what came of it
//	ack          the platform has a settlement
//	difference   and its amounts are not the split's
//	squared      which was collected, given back or written off
//	held         a settlement or void was taken out of the outbox, with the reason
//	repair       what the platform is told of a held settlement was mended
//	release      it was put back
//	shift_open   a shift began at a seat, with the cash in the drawer
//	shift_close  it ended: totals by kind and source, cash expected and counted
//	rules        a set of rules became active
//	note         something that people should know later
//	key          another key seals from here on
//	archive      entries were copied to an archive
//	restore      what follows was written by a copy, restored from a backup
//
// # Guarantee
//
// The order of the journal is a serial order of all operations: each answer, a refusal
// included, is what it is in the state after some entry between call and answer. What
// was answered is durable; what was not, is there whole or not at all, and the same call
// tells. A limit or a balance that every caller reads by [Queue.Position] and settles
// within is spent once, however many settle, reverse and upload at a time: a word of the
// platform that may or may not contain something is taken for what leaves less. All
// state is what the entries say, and is the same when it is built from them again.
// TestModel and TestHistories hold the queue to it.
//
// # Reversals
//
// A reversal is one line, so that no torn write leaves a refund without what is kept.
// It has a number of the same series as settlements have, and a key of its own. The
// platform's side of it is the void's, which takes the settlement's place in the outbox:
//
//	never sent    nothing goes out any more; the void is voided at once
//	sent          the void goes on with the settlement's chain: what became of it is found
//	              out, and visit and fees are taken back; if the platform turns out to have
//	              booked it, it is acknowledged, and then
//	acknowledged  the void takes it back (2208)
//
// What is kept is blocked until its void is through ([Queue.Undo]). What the reversed
// settlement used counts no more from the moment of the reversal: what it added is taken
// off if the platform's last word does not contain it, and counts negative if it does,
// until there is a word that may contain the reversal as well.
//
// # States
//
// A bill that the patient paid is self_paid, and may become voided. A settlement is pending → acknowledged | held, and held → pending when a clerk releases
// it; what was kept is blocked → pending; each of them may become voided, for good. A
// void is voided (there was nothing to tell), or pending → acknowledged (taken back) |
// voided (the platform never had it) | held.
//
// Keys are never forgotten. The key of a reversed settlement is refused: a bill that
// was reversed is settled again under another key, or not at all.
//
// # Shifts
//
// A settlement or reversal belongs to the shift that is open at the seat (By.Device) at
// the time, or to none.
package queue
