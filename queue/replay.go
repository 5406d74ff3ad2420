package queue

// Replay finds the settlement that an idempotency key made; found is false if it made
// none. A key that was used for other content is refused ([CodeConflict]), and one whose
// settlement was reversed since ([CodeReversed]): the bill is not paid.
func (q *Queue) Replay(key, contentDigest string) (r Record, found bool, err error) {
	var row keyRow
	err = q.read(func(v *view) (err error) {
		row, found, err = replayed(v, key, contentDigest)
		return err
	})
	if err != nil || !found {
		return Record{}, false, err
	}
	r, err = q.Get(row.Number)
	return r, err == nil, err
}
