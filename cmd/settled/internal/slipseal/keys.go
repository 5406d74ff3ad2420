// Package slipseal vouches for the code on a slip: whoever has the key can tell a slip of
// the institution from one that somebody made up, without its journal. What became of the
// settlement since, only the journal knows.
//
// The seal is the first 80 bits of HMAC-SM3 (RFC 2104, GB/T 32905) of the code's text, in
// base32 (RFC 4648), behind it and a colon: capitals and digits, which a QR code holds
// in 5½ bits each.
package slipseal

import (
	"crypto/hmac"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/emmansun/gmsm/sm3"
)

const (
	keySize  = 32
	sealSize = 10
)

// sealLength is that of a seal as text; it has no padding.
const sealLength = sealSize * 8 / 5

// Keys are the keys of an institution, the newest last: that one seals, all of them tell.
// Nil are no keys.
type Keys struct{ ring [][]byte }

// Parse reads keys, 64 hex digits a line.
func Parse(text string) (*Keys, error) {
	k := &Keys{}
	for line := range strings.FieldsSeq(text) {
		key, err := hex.DecodeString(line)
		if err != nil || len(key) != keySize {
			return nil, fmt.Errorf("want %d hex digits a line", 2*keySize)
		}
		k.ring = append(k.ring, key)
	}
	if len(k.ring) == 0 {
		return nil, fmt.Errorf("no key, want %d hex digits", 2*keySize)
	}
	return k, nil
}

// Seal gives a code with its seal; without a key the code as it is.
func (k *Keys) Seal(code string) string {
	if k == nil {
		return code
	}
	return code + ":" + seal(k.ring[len(k.ring)-1], code)
}

// Split parts a code from its seal, which is "" if it has none.
func Split(text string) (code, mark string) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 || len(text)-i-1 != sealLength || strings.Trim(text[i+1:], alphabet) != "" {
		return text, ""
	}
	return text[:i], text[i+1:]
}

// Vouch tells whether a seal is a code's by one of the keys.
func (k *Keys) Vouch(code, mark string) bool {
	if k == nil {
		return false
	}
	for _, key := range k.ring {
		if hmac.Equal([]byte(mark), []byte(seal(key, code))) {
			return true
		}
	}
	return false
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

func seal(key []byte, code string) string {
	h := hmac.New(sm3.New, key)
	h.Write([]byte(code))
	return base32.StdEncoding.EncodeToString(h.Sum(nil)[:sealSize])
}
