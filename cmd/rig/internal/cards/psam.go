package cards

import (
	"settled/devices/apdu"
	"settled/devices/sscard"
)

// module is a PSAM: keys that it derives and uses and never gives away.
type module struct {
	keys    map[byte]moduleKey
	chosen  bool // DF01 is selected
	session *moduleKey
	pending []byte
}

type moduleKey struct {
	algorithm sscard.Algorithm
	key       key
}

// newModule makes a PSAM of a trade; without says which use it has no key for.
func newModule(trade string, without use) *module {
	m := &module{keys: map[byte]moduleKey{}}
	for _, k := range []struct {
		id byte
		u  use
		a  sscard.Algorithm
	}{
		{0x0A, external, sscard.TripleDES},
		{0x1A, external, sscard.SM4},
		{0x08, internal, sscard.TripleDES},
		{0x18, internal, sscard.SM4},
	} {
		if k.u != without {
			m.keys[k.id] = moduleKey{k.a, master(trade, k.u, k.a)}
		}
	}
	return m
}

func (m *module) reset() { m.chosen, m.session, m.pending = false, nil, nil }

// answer carries out one command.
func (m *module) answer(command apdu.Command) []byte {
	pending := m.pending
	m.pending = nil
	switch {
	case command.INS == apdu.InsSelect:
		m.chosen = string(command.Data) == "\xDF\x01"
		if !m.chosen {
			return status(apdu.FileNotFound)
		}
		return status(apdu.OK)
	case command.CLA == 0 && command.INS == apdu.InsGetResponse && pending != nil:
		return append(pending, status(apdu.OK)...)
	case !m.chosen:
		return status(apdu.ConditionsNotMet)
	case command.CLA == 0xBF && command.INS == 0xDE:
		return m.derive(command)
	case command.CLA == 0x80 && command.INS == 0xFA:
		return m.encipher(command)
	}
	return status(apdu.InsUnknown)
}

// derive takes the factors card, city, province and process.
func (m *module) derive(command apdu.Command) []byte {
	k, there := m.keys[command.P2]
	switch f := command.Data; {
	case !there:
		return status(apdu.KeyNotFound)
	case command.P1 != 0x67:
		return status(apdu.WrongP1P2)
	case len(f) != 32:
		return status(apdu.WrongLength)
	default:
		for _, level := range [][]byte{f[16:24], f[8:16], f[:8], f[24:]} {
			k.key = k.key.derive(k.algorithm, level)
		}
		m.session = &k
		return status(apdu.OK)
	}
}

func (m *module) encipher(command apdu.Command) []byte {
	switch {
	case m.session == nil:
		return status(apdu.ConditionsNotMet)
	case len(command.Data) != 8:
		return status(apdu.WrongLength)
	}
	m.pending = m.session.key.cipher(m.session.algorithm, command.Data)
	m.session = nil // one cipher a key
	return []byte{0x61, byte(len(m.pending))}
}
