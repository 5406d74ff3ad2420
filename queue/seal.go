package queue

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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
	aead    cipher.AEAD
	hash    []byte    // HMAC key
	mark    string    // tells one key from another, and nothing else
	presses sync.Pool // of *flate.Writer
}

func newVault(key []byte) (*vault, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("queue: key has %d bytes, want %d", len(key), KeySize)
	}
	block, err := sm4.NewCipher(mac(key, "settled seal 1")[:sm4.BlockSize])
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	return &vault{
		presses: sync.Pool{New: newPress},
		aead:    aead, hash: mac(key, "settled hash 1"), mark: hex.EncodeToString(mac(key, "settled mark 1")[:8]),
	}, nil
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
	nonce := make([]byte, v.aead.NonceSize(), v.aead.NonceSize()+len(packed)+v.aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("queue: seal: %w", err)
	}
	return v.aead.Seal(nonce, nonce, packed, []byte(kind)), nil
}

func (v *vault) open(kind string, sealed []byte) ([]byte, error) {
	n := v.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("queue: sealed data is too short")
	}
	packed, err := v.aead.Open(nil, sealed[:n], sealed[n:], []byte(kind))
	if err != nil {
		return nil, fmt.Errorf("queue: sealed data of a %s entry: %w", kind, err)
	}
	plain, err := inflate(packed)
	if err != nil {
		return nil, fmt.Errorf("queue: sealed data of a %s entry: %w", kind, err)
	}
	return plain, nil
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
