package queue

// Replay finds the settlement that an idempotency key made; found is false if it made
// none. A key that was used for other content is refused ([CodeConflict]).
func (q *Queue) Replay(key, contentDigest string) (r Record, found bool, err error) {
	var row keyRow
	err = q.read(func(v *view) (err error) {
		row, found, err = get(v, keys, key)
		return err
	})
	if err != nil || !found {
		return Record{}, false, err
	}
	if row.Digest != contentDigest {
		return Record{}, false, conflict(row.Number)
	}
	r, err = q.Get(row.Number)
	return r, err == nil, err
}
