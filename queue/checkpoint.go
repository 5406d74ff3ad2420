package queue

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"settled/queue/journal"
)

// checkpointName is the file with the state behind entry n.
func checkpointName(n uint64) string { return fmt.Sprintf("checkpoint-%012d.json", n) }

// checkpoint is the head of a checkpoint file: one line of JSON, and behind it a line for
// each row of the state, sorted by table and key. It is a pure function of the entries up
// to N, so that whoever has them can make it anew and compare.
type checkpoint struct {
	Format int    `json:"format"` // 1
	N      uint64 `json:"n"`      // the state behind this entry
	Hash   string `json:"hash"`   // of it
	Rows   int    `json:"rows"`
}

// stateRow is a row of the state.
type stateRow struct {
	Table string          `json:"table"`
	Key   string          `json:"key"` // hex
	Row   json.RawMessage `json:"row"`
}

const checkpointFormat = 1

// freeze writes a state as a checkpoint.
func freeze(state layer, n uint64, hash string) ([]byte, error) {
	var rows bytes.Buffer
	out := json.NewEncoder(&rows)
	head := checkpoint{Format: checkpointFormat, N: n, Hash: hash}
	for _, c := range inOrder(state) {
		r := state[c]
		if r == nil {
			continue
		}
		data, err := json.Marshal(r)
		if err != nil {
			return nil, fmt.Errorf("queue: checkpoint: %w", err)
		}
		if err := out.Encode(stateRow{Table: c.table, Key: hex.EncodeToString([]byte(c.key)), Row: data}); err != nil {
			return nil, fmt.Errorf("queue: checkpoint: %w", err)
		}
		head.Rows++
	}
	line, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("queue: checkpoint: %w", err)
	}
	return append(append(line, '\n'), rows.Bytes()...), nil
}

// thaw reads a checkpoint and returns the state and the digest of what it read.
func thaw(r io.Reader) (state layer, head checkpoint, digest string, err error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, head, "", fmt.Errorf("queue: checkpoint: %w", err)
	}
	in := bufio.NewReader(bytes.NewReader(data))
	line, err := in.ReadBytes('\n')
	if err = errors.Join(err, json.Unmarshal(line, &head)); err != nil || head.Format != checkpointFormat {
		return nil, head, "", errors.Join(errors.New("queue: not a checkpoint of this program"), err)
	}
	state = layer{}
	types := rowTypes()
	for range head.Rows {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return nil, head, "", fmt.Errorf("queue: checkpoint: %w", err)
		}
		var s stateRow
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, head, "", fmt.Errorf("queue: checkpoint: %w", err)
		}
		key, err := hex.DecodeString(s.Key)
		parse, ok := types[s.Table]
		if err != nil || !ok {
			return nil, head, "", fmt.Errorf("queue: checkpoint: a row of table %q", clip(s.Table))
		}
		if state[cell{s.Table, string(key)}], err = parse(s.Row); err != nil {
			return nil, head, "", fmt.Errorf("queue: checkpoint: a row of table %s: %w", s.Table, err)
		}
	}
	return state, head, digestOf(data), nil
}

// lastCheckpoint reads the state behind which the journal in dir begins; it is empty if
// nothing was archived.
func lastCheckpoint(dir string) (state layer, stub journal.Stub, err error) {
	stub, err = journal.ReadStub(dir)
	if err != nil || stub.N == 0 {
		return layer{}, stub, err
	}
	name := checkpointName(stub.N)
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, stub, fmt.Errorf("queue: the state at the end of what was archived: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	state, head, digest, err := thaw(f)
	if err == nil && (head.N != stub.N || head.Hash != stub.Hash || digest != stub.State) {
		err = fmt.Errorf("it is of entry %d with hash %s and has digest %s; entry %d with hash %s and digest %s are known",
			head.N, head.Hash, digest, stub.N, stub.Hash, stub.State)
	}
	if err != nil {
		return nil, stub, &journal.Damage{File: name, Entry: stub.N, Why: err.Error()}
	}
	return state, stub, nil
}

func beginning(s journal.Stub) Beginning {
	if s.N == 0 {
		return Beginning{}
	}
	return Beginning{After: s.N, Hash: s.Hash, State: s.State}
}
