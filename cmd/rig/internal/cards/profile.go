package cards

import (
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/text/encoding/simplifiedchinese"

	"settled/devices/sscard"
)

// Profile is one row of profiles.toml: a card to be made.
type Profile struct {
	Name         string            `toml:"name"`
	Title        string            `toml:"title"`
	Person       Person            `toml:"person"`
	Version      string            `toml:"version"`
	Extension    string            `toml:"extension"` // "none": no record 4E
	Social       string            `toml:"social"`    // "none": no social-security application
	Bank         bool              `toml:"bank"`
	Guarded      string            `toml:"guarded"` // "sm4", "3des": the holder's file asks for an authentication
	PSAM         bool              `toml:"psam"`
	Trade        string            `toml:"trade"`   // whose keys a guarded card or a PSAM has; "": everybody's here
	Without      use               `toml:"without"` // key that a PSAM lacks
	Silent       bool              `toml:"silent"`
	DelayMS      int               `toml:"delay_ms"`
	ATR          string            `toml:"atr"`
	Serial       int               `toml:"serial"`
	Code         string            `toml:"code"` // 卡识别码; "": made from the serial
	IssuedASCII  string            `toml:"issued_ascii"`
	ExpiresASCII string            `toml:"expires_ascii"`
	Blanked      map[string]string `toml:"blanked"` // tag → "00" or "FF"
	Quirks       quirks            `toml:"quirks"`
}

// Person is the invented holder of a virtual card.
type Person struct {
	Name      string `toml:"name"`
	ID        string `toml:"id"`
	Number    string `toml:"number"`
	Sex       string `toml:"sex"`
	Ethnicity string `toml:"ethnicity"`
	Birth     string `toml:"birth"`
}

//go:embed profiles.toml
var profilesTOML string

// Names of applications (DF names).
const (
	dfSSSE     = "7378312E73682EC9E7BBE1B1A3D5CF"     // "sx1.sh." and 社会保障 in GBK
	dfPSE      = "315041592E5359532E4444463031"       // 1PAY.SYS.DDF01
	dfUnionPay = "A000000333010101"                   // UnionPay debit
	issuer     = "91560000024403004403050A"           // made up
	area       = "440300"                             // Shenzhen, as in the card code and the ATR
	atrHead    = "3B6D0000" + "0081544C968684" + area // T=0, 13 historical bytes
)

// Profiles gives all profiles in the file's order.
func Profiles() ([]Profile, error) {
	var all struct {
		Card []Profile `toml:"card"`
	}
	meta, err := toml.Decode(profilesTOML, &all)
	if err != nil {
		return nil, fmt.Errorf("profiles.toml: %w", err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return nil, fmt.Errorf("profiles.toml: unknown key %v", extra[0])
	}
	return all.Card, nil
}

// find gives the profile of that name.
func find(name string) (Profile, error) {
	all, err := Profiles()
	if err != nil {
		return Profile{}, err
	}
	for _, p := range all {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, fmt.Errorf("no card profile %q", name)
}

// card makes the card of p.
func (p Profile) card() (*card, error) {
	c := &card{quirks: p.Quirks, silent: p.Silent, delay: time.Duration(p.DelayMS) * time.Millisecond}
	b := builder{}
	if p.ATR != "" {
		c.atr = b.hex(p.ATR)
	} else {
		c.atr = b.hex(atrHead + fmt.Sprintf("%06X", p.Serial))
	}
	if p.PSAM {
		c.module = newModule(p.Trade, p.Without)
		return c, b.err
	}
	if p.Social != "none" {
		c.applications = append(c.applications, b.social(p))
		c.guard = b.guard(p, c.atr)
	}
	if p.Bank {
		c.applications = append(c.applications, b.bank(dfPSE), b.bank(dfUnionPay))
	}
	if b.err != nil {
		return nil, fmt.Errorf("card profile %s: %w", p.Name, b.err)
	}
	return c, nil
}

// builder turns text of a profile into bytes and keeps the first error.
type builder struct{ err error }

func (b *builder) hex(s string) []byte {
	v, err := hex.DecodeString(s)
	if err != nil {
		b.err = errors.Join(b.err, fmt.Errorf("%q: %w", s, err))
	}
	return v
}

// social makes application SSSE with the issuer's file EF05 and the holder's EF06.
func (b *builder) social(p Profile) application {
	issued, expires := b.hex("20200101"), b.hex("20391231")
	if p.IssuedASCII != "" {
		issued, expires = []byte(p.IssuedASCII), []byte(p.ExpiresASCII)
	}
	code := p.Code
	if code == "" {
		code = area + "D15600000500" + fmt.Sprintf("%014X", 0x4403050000+p.Serial)
	}
	ef05 := file{id: 0xEF05, records: []record{
		{0x01, b.hex(code)},
		{0x02, []byte("3")},
		{0x03, []byte(p.Version)},
		{0x04, b.hex(issuer)},
		{0x05, issued},
		{0x06, expires},
		{0x07, fill(p.Person.Number, 9)},
	}}
	ef06 := file{id: 0xEF06, guarded: p.Guarded != ""}
	if p.Person.ID != "" {
		ef06.records = b.holder(p)
	}
	b.blank(ef05.records, p.Blanked)
	b.blank(ef06.records, p.Blanked)
	return application{name: b.hex(dfSSSE), files: []file{ef05, ef06}}
}

// guard makes the keys of a guarded card.
func (b *builder) guard(p Profile, atr []byte) *guard {
	algorithm, known := map[string]sscard.Algorithm{"": 0, "3des": sscard.TripleDES, "sm4": sscard.SM4}[p.Guarded]
	switch {
	case !known:
		b.err = errors.Join(b.err, fmt.Errorf("guarded = %q", p.Guarded))
		return nil
	case p.Guarded == "":
		return nil
	}
	city := area
	if p.Code != "" {
		city = p.Code[:6]
	}
	return &guard{
		algorithm: algorithm, tries: externalTries,
		external: master(p.Trade, external, algorithm).cardKey(algorithm, city, atr),
		internal: master(p.Trade, internal, algorithm).cardKey(algorithm, city, atr),
	}
}

// holder makes the records of EF06; the name's first 30 bytes stand in record 09,
// the next 20 in 4E.
func (b *builder) holder(p Profile) []record {
	name, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(p.Person.Name))
	if err != nil || len(name) > 50 {
		b.err = errors.Join(b.err, fmt.Errorf("name of %d bytes: %w", len(name), err))
		return nil
	}
	name = fill(string(name), 50)
	records := []record{{0x08, fill(p.Person.ID, 18)}, {0x09, name[:30]}}
	if p.Extension != "none" {
		records = append(records, record{0x4E, name[30:]})
	}
	return append(records,
		record{0x0A, []byte(p.Person.Sex)},
		record{0x0B, b.hex(p.Person.Ethnicity)},
		record{0x0C, b.hex("440305")},
		record{0x0D, b.hex(p.Person.Birth)},
	)
}

// fill pads on the right with 00, the rule for AN fields.
func fill(s string, n int) []byte {
	v := make([]byte, max(n, len(s)))
	copy(v, s)
	return v
}

// blank overwrites whole records with 00 or FF.
func (b *builder) blank(records []record, tags map[string]string) {
	for i := range records {
		with := b.hex(tags[strconv.Itoa(int(records[i].tag))])
		for j := range records[i].value {
			if len(with) == 1 {
				records[i].value[j] = with[0]
			}
		}
	}
}

// bank makes a payment application with a record 70{5A pan}. Nobody may read it:
// tests look at the card's list of commands.
func (b *builder) bank(name string) application {
	return application{name: b.hex(name), files: []file{{id: 0x0001, records: []record{
		{0x70, b.hex("5A086200000000000000")},
	}}}}
}
