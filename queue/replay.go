package queue

// Replay finds the settlement that an idempotency key made; found is false if it made
// none. A key that was used for other content is refused ([CodeConflict]), and one whose
// settlement was reversed since ([CodeReversed]): the bill is not paid. A queue that
// stopped in a write cannot tell that a key made none ([ErrStopped]): the write may be found
// at the next start.
func (q *Queue) Replay(key, contentDigest string) (r Record, found bool, err error) {
	var row keyRow
	err = q.read(func(v *view) (err error) {
		if row, found, err = replayed(v, key, contentDigest); err == nil && !found {
			err = q.stopped
		}
		return err
	})
	if err != nil || !found {
		return Record{}, false, err
	}
	r, err = q.Get(row.Number)
	return r, err == nil, err
}
