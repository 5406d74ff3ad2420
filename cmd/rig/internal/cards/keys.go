package cards

import (
	"crypto/des"
	"crypto/sha256"
	"fmt"

	"github.com/emmansun/gmsm/sm4"

	"settled/devices/sscard"
)

// This file is the cryptography between a version 3.00 card and a PSAM or HSM, real in
// SM4 and 3DES. The standard's own text was not at hand: how a key is derived (level by
// level, of the factor and its complement, as in PBOC's scheme) and how SM4's 16 bytes
// become 8 (the halves added) are inferred. Host software never sees any of it.

// use says what a key is for.
type use string

const (
	external use = "external" // RKSSSE: opens the holder's file
	internal use = "internal" // the card proves that it is genuine
)

// key is a key of 16 bytes.
type key [16]byte

// master makes the made-up master key of a trade: cards and modules of another trade
// do not understand each other.
func master(trade string, u use, a sscard.Algorithm) (k key) {
	sum := sha256.Sum256(fmt.Appendf(nil, "rig, not a secret: %s %s %s", trade, u, a))
	copy(k[:], sum[:])
	return k
}

// derive makes the next level's key: of the factor, and of its complement.
func (k key) derive(a sscard.Algorithm, factor []byte) (next key) {
	whole := make([]byte, 16)
	for i, b := range factor[:8] {
		whole[i], whole[8+i] = b, ^b
	}
	if a == sscard.SM4 {
		return key(k.sm4(whole))
	}
	copy(next[:8], k.des(whole[:8]))
	copy(next[8:], k.des(whole[8:]))
	return next
}

// cipher enciphers 8 bytes to 8.
func (k key) cipher(a sscard.Algorithm, source []byte) []byte {
	if a != sscard.SM4 {
		return k.des(source[:8])
	}
	whole := k.sm4(append(append([]byte{}, source[:8]...), 0x80, 0, 0, 0, 0, 0, 0, 0))
	for i := range 8 {
		whole[i] ^= whole[8+i]
	}
	return whole[:8]
}

func (k key) sm4(block []byte) []byte {
	c, err := sm4.NewCipher(k[:])
	if err != nil {
		panic(err) // the key has its size
	}
	out := make([]byte, 16)
	c.Encrypt(out, block)
	return out
}

func (k key) des(block []byte) []byte {
	c, err := des.NewTripleDESCipher(append(append([]byte{}, k[:]...), k[:8]...))
	if err != nil {
		panic(err) // the key has its size
	}
	out := make([]byte, 8)
	c.Encrypt(out, block)
	return out
}

// cardKey derives a card's key from a master key: province, city, card.
func (k key) cardKey(a sscard.Algorithm, area string, atr []byte) key {
	return k.derive(a, []byte(area[:2]+"0000sh")).derive(a, []byte(area[:6]+"sx")).derive(a, atr[len(atr)-8:])
}
