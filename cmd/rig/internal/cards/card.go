// Package cards makes virtual social-security cards and the bench they are used on:
// a private pcscd with virtual readers (vpcd) in a network namespace of its own. The
// cards speak real APDUs; the people on them are invented.
package cards

import (
	"bytes"
	"time"

	"settled/devices/apdu"
	"settled/devices/sscard"
)

// record is one record of a linear file: tag(1) length(1) value, as social-security
// cards answer READ RECORD.
type record struct {
	tag   byte
	value []byte
}

func (r record) bytes() []byte { return append([]byte{r.tag, byte(len(r.value))}, r.value...) }

// file is an elementary file of records. A guarded one asks for an external
// authentication; see guard.
type file struct {
	id      uint16
	guarded bool
	records []record
}

// application is a dedicated file that is selected by name.
type application struct {
	name  []byte
	files []file
}

// quirks are the ways in which real cards differ.
type quirks struct {
	Select61     bool `toml:"select_61"`     // SELECT answers 61xx, the template comes by GET RESPONSE
	LeStrict     bool `toml:"le_strict"`     // any Le but the exact one is answered 6Cxx
	SelectP1     byte `toml:"select_p1"`     // the only P1 that SELECT of a file takes: 0 or 2
	NumberOnly   bool `toml:"number_only"`   // READ RECORD by tag is answered 6A86
	TagIgnored   bool `toml:"tag_ignored"`   // READ RECORD by tag gives record 1 whatever the tag
	ShortWarning bool `toml:"short_warning"` // Le=00 is answered with the data and 6282
}

// card is a small card operating system (ISO 7816-4) over its files. It is used by
// one goroutine.
type card struct {
	atr          []byte
	applications []application
	quirks       quirks
	delay        time.Duration // before every answer
	silent       bool          // never answers a command
	guard        *guard        // nil: the card knows no authentication
	module       *module       // not nil: it is a PSAM

	current *application
	file    *file
	pending []byte
}

// reset is what power-up does: nothing is selected.
func (c *card) reset() {
	c.current, c.file, c.pending = nil, nil, nil
	c.guard.reset()
	if c.module != nil {
		c.module.reset()
	}
}

// answer carries out one command.
func (c *card) answer(b []byte) []byte {
	command, err := apdu.ParseCommand(b)
	if err != nil {
		return status(apdu.WrongLength)
	}
	if c.module != nil {
		return c.module.answer(command)
	}
	pending := c.pending
	c.pending = nil
	switch command.INS {
	case apdu.InsSelect:
		return c.selectFile(command)
	case apdu.InsReadRecord:
		return c.readRecord(command)
	case apdu.InsGetResponse:
		return c.getResponse(command, pending)
	case apdu.InsGetChallenge:
		return c.challenge(command)
	case apdu.InsInternalAuth:
		return c.internalAuth(command)
	case apdu.InsExternalAuth:
		return c.externalAuth(command)
	}
	return status(apdu.InsUnknown)
}

func status(s apdu.Status) []byte { return []byte{byte(s >> 8), byte(s)} }

// selectFile is SELECT (ISO 7816-4, 11.1.1): P1 04 by name, 00 or 02 by identifier.
func (c *card) selectFile(command apdu.Command) []byte {
	switch command.P1 {
	case 0x04:
		return c.selectName(command)
	case 0x00, 0x02:
		return c.selectID(command)
	}
	return status(apdu.WrongP1P2)
}

func (c *card) selectName(command apdu.Command) []byte {
	for i := range c.applications {
		a := &c.applications[i]
		if len(command.Data) > 0 && bytes.Equal(a.name, command.Data) {
			c.current, c.file = a, nil
			c.guard.reset() // what was proved counts until the application is selected anew
			return c.template(command, a.name)
		}
	}
	return status(apdu.FileNotFound)
}

func (c *card) selectID(command apdu.Command) []byte {
	if command.P1 != c.quirks.SelectP1 {
		return status(apdu.WrongP1P2)
	}
	if len(command.Data) != 2 {
		return status(apdu.WrongLength)
	}
	if c.current == nil {
		return status(apdu.FileNotFound)
	}
	id := uint16(command.Data[0])<<8 | uint16(command.Data[1])
	for i := range c.current.files {
		if f := &c.current.files[i]; f.id == id {
			c.file = f
			return status(apdu.OK)
		}
	}
	return status(apdu.FileNotFound)
}

// template is the file control information of an application, in the form seen on a
// 2.00 card: 6F16 84 0F name A5 03 88 01 1E.
func (c *card) template(command apdu.Command, name []byte) []byte {
	fci := append([]byte{0x84, byte(len(name))}, name...)
	if c.guard != nil && c.guard.algorithm != sscard.TripleDES {
		fci = append(fci, 0xA5, 0x09, 0x88, 0x01, 0x1E, 0x9F, 0x0C, 0x03, 0x86, 0x01, byte(c.guard.algorithm))
	} else {
		fci = append(fci, 0xA5, 0x03, 0x88, 0x01, 0x1E)
	}
	fci = append([]byte{0x6F, byte(len(fci))}, fci...)
	switch {
	case c.quirks.Select61:
		c.pending = fci
		return []byte{0x61, byte(len(fci))}
	case command.Le > 0:
		return append(fci, status(apdu.OK)...)
	}
	return status(apdu.OK)
}

// readRecord is READ RECORD (ISO 7816-4, 11.3.3) in modes 0 (by tag), 4 (by number)
// and 5 (from a number to the last).
func (c *card) readRecord(command apdu.Command) []byte {
	f := c.file
	if sfi := command.P2 >> 3; sfi != 0 {
		if f = c.short(sfi); f == nil {
			return status(apdu.FileNotFound)
		}
		c.file = f
	}
	switch {
	case command.Le == 0:
		return status(apdu.WrongLength)
	case f == nil:
		return status(apdu.NoCurrentFile)
	case f.guarded && !c.guard.open:
		return status(apdu.SecurityStatus)
	}
	data, s := c.records(f, command.P1, command.P2&7)
	if s != apdu.OK {
		return status(s)
	}
	return c.upTo(command.Le, data)
}

// short finds a file by its short identifier: the low five bits of the identifier.
func (c *card) short(sfi byte) *file {
	if c.current == nil {
		return nil
	}
	for i := range c.current.files {
		if byte(c.current.files[i].id&0x1F) == sfi {
			return &c.current.files[i]
		}
	}
	return nil
}

func (c *card) records(f *file, p1, mode byte) ([]byte, apdu.Status) {
	switch mode {
	case 0:
		return c.byTag(f, p1)
	case 4, 5:
		n := int(p1)
		if n < 1 || n > len(f.records) {
			return nil, apdu.RecordNotFound
		}
		if mode == 4 {
			return f.records[n-1].bytes(), apdu.OK
		}
		var all []byte
		for _, r := range f.records[n-1:] {
			all = append(all, r.bytes()...)
		}
		return all, apdu.OK
	}
	return nil, apdu.FunctionUnknown
}

func (c *card) byTag(f *file, tag byte) ([]byte, apdu.Status) {
	if c.quirks.NumberOnly {
		return nil, apdu.WrongP1P2
	}
	for _, r := range f.records {
		if r.tag == tag || c.quirks.TagIgnored {
			return r.bytes(), apdu.OK
		}
	}
	return nil, apdu.RecordNotFound
}

// upTo answers data to a command with this Le (ISO 7816-4, 5.6: 6Cxx, 6282).
func (c *card) upTo(le int, data []byte) []byte {
	switch {
	case le == len(data):
	case c.quirks.LeStrict || le < len(data):
		return []byte{0x6C, byte(len(data))}
	case c.quirks.ShortWarning:
		return append(data, status(apdu.EndOfFile)...)
	}
	return append(data, status(apdu.OK)...)
}

func (c *card) getResponse(command apdu.Command, pending []byte) []byte {
	switch {
	case pending == nil:
		return status(apdu.ConditionsNotMet)
	case command.Le > 0 && command.Le < len(pending):
		c.pending = pending
		return []byte{0x6C, byte(len(pending))}
	}
	return append(pending, status(apdu.OK)...)
}
