package queue

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"

	"settled/settle"
)

// KeySize is the size of [Options].Key in bytes.
const KeySize = 32

// hashLen is the length of a keyed hash in hex digits.
const hashLen = 32

// vault seals personal data and makes the keyed hashes by which it is found.
type vault struct {
	aeads      []cipher.AEAD // of the key ring; the last seals
	hash       []byte        // HMAC key, of the first
	mark       string        // of the first: tells one key from another, and nothing else
	marks      []string      // of all
	presses    sync.Pool     // of *press
	plains     sync.Pool     // of *[]byte, to encode what is sealed
	unpressers sync.Pool     // of *unpresser
}

func newVault(ring []byte) (*vault, error) {
	marks, err := KeyMarks(ring)
	if err != nil {
		return nil, err
	}
	v := &vault{hash: mac(ring[:KeySize], "settled hash 1"), mark: marks[0], marks: marks}
	for key := range slices.Chunk(ring, KeySize) {
		block, err := sm4.NewCipher(mac(key, "settled seal 1")[:sm4.BlockSize])
		if err != nil {
			return nil, fmt.Errorf("queue: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("queue: %w", err)
		}
		v.aeads = append(v.aeads, aead)
	}
	return v, nil
}

func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sm3.New, key)
	for _, p := range parts {
		_, _ = h.Write([]byte(p)) // never fails
	}
	return h.Sum(nil)
}

// keyed is the hash of a text under a label; "" for the empty text.
func (v *vault) keyed(label, text string) string {
	text = strings.ToUpper(strings.TrimSpace(text))
	if text == "" {
		return ""
	}
	return hex.EncodeToString(mac(v.hash, label, "\x00", text))[:hashLen]
}

// seal packs plain and encrypts it for entries of a kind, as the package says. It takes
// time: the caller does it, never the writer.
func (v *vault) seal(kind string, plain []byte) ([]byte, error) {
	if len(plain) > maxPlain {
		return nil, malformed(kind, "%d bytes to seal, at most %d", len(plain), maxPlain)
	}
	packed := v.deflate(plain)
	aead := v.aeads[len(v.aeads)-1]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(packed)+aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("queue: seal: %w", err)
	}
	return aead.Seal(nonce, nonce, packed, []byte(kind)), nil
}

func (v *vault) open(kind string, sealed []byte) ([]byte, error) {
	packed, err := v.unlock(kind, sealed)
	if err != nil {
		return nil, fmt.Errorf("queue: sealed data of a %s entry: %w", kind, err)
	}
	plain, err := v.inflate(packed)
	if err != nil {
		return nil, fmt.Errorf("queue: sealed data of a %s entry: %w", kind, err)
	}
	return plain, nil
}

// unlock opens with the key that sealed: its tag tells which of the ring.
func (v *vault) unlock(kind string, sealed []byte) (packed []byte, err error) {
	for _, aead := range slices.Backward(v.aeads) {
		n := aead.NonceSize()
		if len(sealed) < n {
			return nil, errors.New("it is too short")
		}
		if packed, err = aead.Open(nil, sealed[:n], sealed[n:], []byte(kind)); err == nil {
			return packed, nil
		}
	}
	return nil, err
}

func (v *vault) sealJSON(kind string, data any) ([]byte, error) {
	plain, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("queue: seal: %w", err)
	}
	return v.seal(kind, plain)
}

func (v *vault) openJSON(kind string, sealed []byte, data any) error {
	plain, err := v.open(kind, sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(plain, data); err != nil {
		return fmt.Errorf("queue: sealed data of a %s entry: %w", kind, err)
	}
	return nil
}

// clearIdentity is an identity in clear, as it is sealed; settle.Identity masks
// itself.
type clearIdentity struct {
	PersonNo   string `json:"person_no,omitempty"`
	IDNumber   string `json:"id_number,omitempty"`
	Name       string `json:"name,omitempty"`
	CardNumber string `json:"card_number,omitempty"`
	CardCode   string `json:"card_code,omitempty"`
}

func bare(who settle.Identity) clearIdentity {
	return clearIdentity{
		PersonNo:   who.PersonNo.ClearPersonalData(),
		IDNumber:   who.IDNumber.ClearPersonalData(),
		Name:       who.Name.ClearPersonalData(),
		CardNumber: who.CardNumber.ClearPersonalData(),
		CardCode:   who.CardCode.ClearPersonalData(),
	}
}

func (c clearIdentity) identity() settle.Identity {
	return settle.Identity{
		PersonNo: settle.Private(c.PersonNo), IDNumber: settle.Private(c.IDNumber), Name: settle.Private(c.Name),
		CardNumber: settle.Private(c.CardNumber), CardCode: settle.Private(c.CardCode),
	}
}

// Person is the keyed hash under which a person is known here, of the person's
// social security number (社会保障号码), 32 hex digits; "" for no number.
func (q *Queue) Person(idNumber string) string { return q.vault.keyed("person", idNumber) }
