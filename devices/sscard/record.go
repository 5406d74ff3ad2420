// Package sscard reads the Chinese social-security card: the issuer's file EF05 and
// the holder's file EF06 under the application SSSE (社会保障), for cards of the
// standard's versions 1.00, 2.00 and 3.00. It sends no PIN and writes nothing.
package sscard

import (
	"context"
	"fmt"

	"settled/devices/apdu"
)

// Record is what a social-security card says of itself and its holder. A card that
// asks for an external authentication gives no personal data: Locked, and the fields
// from IDNumber on are empty.
type Record struct {
	Code    Personal // 卡识别码: 32 hexadecimal digits, the first 6 the area's code
	Class   string   // 卡类别
	Version string   // 规范版本: "1.00", "2.00", "3.00"
	Issuer  string   // 初始化机构编号: up to 24 digits
	Issued  Day      // 发卡日期
	Expires Day      // 卡有效期
	Number  Personal // 卡号: 9 characters

	Locked      bool     // holder's data ask for an authentication that was not given
	IDNumber    Personal // 社会保障号码: 18 characters
	Name        Personal // 姓名, with its extension
	NameDamaged bool     // Name has bytes that are no character: U+FFFD stands for them
	Sex         Personal // 性别: GB/T 2261.1, "1" male, "2" female
	Ethnicity   Personal // 民族: GB/T 3304, two digits
	BirthPlace  Personal // 出生地: GB/T 2260, six digits
	Birth       Personal // 出生日期: 2006-01-02

	Form Form

	// Unopened is why the holder's data stayed locked although there is an
	// Authenticator; nil if there is none, or the card simply went on refusing.
	Unopened error
}

// Form is how a card wanted to be spoken to: for the technician, and for a list of
// the kinds of cards that a counter sees.
type Form struct {
	SelectP1 byte // P1 of SELECT for files: 00 or 02
	ByNumber bool // some records had to be read by number instead of tag
	Extended bool // there is a record 4E

	Algorithm Algorithm // of the card's authentication
}

// Algorithm is the card's cipher, as the application's template names it (9F0C).
type Algorithm byte

// Algorithms of social-security cards.
const (
	TripleDES Algorithm = 0x01 // also where the template names none
	SM4       Algorithm = 0x03 // 国密
)

// String names the algorithm.
func (a Algorithm) String() string {
	switch a {
	case TripleDES:
		return "3DES"
	case SM4:
		return "SM4"
	}
	return fmt.Sprintf("algorithm %02X", byte(a))
}

// String names the card without a word on its holder.
func (r Record) String() string {
	return fmt.Sprintf("social-security card %s version %s locked=%t", r.Code, r.Version, r.Locked)
}

// Day is a day as the number yyyymmdd, or yyyy0000 where a card gives only the year;
// 0 is none.
type Day int32

// Whole says that the day has month and day.
func (d Day) Whole() bool { return d%10000 != 0 }

// String gives "2006-01-02", "2006", or "".
func (d Day) String() string {
	switch {
	case d == 0:
		return ""
	case !d.Whole():
		return fmt.Sprintf("%04d", int(d)/10000)
	}
	return fmt.Sprintf("%04d-%02d-%02d", int(d)/10000, int(d)/100%100, int(d)%100)
}

// Authenticator opens the holder's file of cards that ask for it (version 3.00: an
// external authentication with key RKSSSE, held in a PSAM or by the region's HSM).
//
// It is called with application SSSE selected and what EF05 said; it may select what
// it likes in it. nil means that the card is open now. After a status word of the card
// or an [Unavailable] the read goes on without the holder's data; any other error ends
// it. An implementation that needs the answer to reset takes it from t, if t has a
// method ATR() []byte.
type Authenticator interface {
	Authenticate(ctx context.Context, t apdu.Transmitter, issuer Record) error
}

// Unavailable says that the authentication could not be tried, for a reason that is not
// the card's: no PSAM, an HSM that does not answer.
type Unavailable struct{ Err error }

// Error names the reason.
func (u *Unavailable) Error() string { return "no external authentication: " + u.Err.Error() }

// Unwrap gives the reason.
func (u *Unavailable) Unwrap() error { return u.Err }
