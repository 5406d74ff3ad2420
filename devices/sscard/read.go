package sscard

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"settled/devices/apdu"
)

// Identifiers of files and applications.
const (
	fileIssuer uint16 = 0xEF05
	fileHolder uint16 = 0xEF06

	nameSSSE     = "sx1.sh.\xC9\xE7\xBB\xE1\xB1\xA3\xD5\xCF" // 社会保障 in GBK
	namePSE      = "1PAY.SYS.DDF01"
	nameUnionPay = "\xA0\x00\x00\x03\x33\x01\x01\x01"
)

// lastRecord is the number after which no record is looked for in a file.
const lastRecord = 16

var (
	errNoCode  = errors.New("no card code in EF05/01")
	errNumber  = errors.New("EF05/07 is empty")
	errHolder  = errors.New("EF06/08 or EF06/09 is empty")
	errSwapped = errors.New("card code differs")
)

// Read reads the card that t is connected with: EF05, then EF06, then the card code
// again. Any error is a [*Fault]. auth may be nil: then a card that protects its
// holder's data gives a Record that is Locked. The connection is not to be used for
// another read.
func Read(ctx context.Context, t apdu.Transmitter, auth Authenticator) (Record, error) {
	r := &reading{t: t}
	err := r.all(ctx, auth)
	if r.record.Code != "" && !onTheWay(err) {
		// A card that was exchanged under a living connection answers as a
		// freshly reset one: often with an error, so that is looked at first.
		if swapped := r.same(ctx); swapped != nil {
			err = swapped
		}
	}
	if err != nil {
		return Record{}, Explain(err)
	}
	return r.record, nil
}

// Code reads only the card code, to see before something is committed that the card
// of a [Record] is still there. Any error is a [*Fault].
func Code(ctx context.Context, t apdu.Transmitter) (Personal, error) {
	r := &reading{t: t}
	code, err := r.code(ctx)
	if err != nil {
		return "", Explain(err)
	}
	return code, nil
}

// onTheWay tells a failure of the connection from a complaint about the card.
func onTheWay(err error) bool {
	if err == nil {
		return false
	}
	var s apdu.Status
	var f *Fault
	return !errors.As(err, &s) && !errors.As(err, &f)
}

// reading is one read in progress.
type reading struct {
	t      apdu.Transmitter
	record Record
	form   Form
}

func (r *reading) all(ctx context.Context, auth Authenticator) error {
	if err := r.application(ctx); err != nil {
		return err
	}
	if err := r.issuer(ctx); err != nil {
		return err
	}
	err := r.holder(ctx)
	if errors.Is(err, apdu.SecurityStatus) && auth != nil {
		err = r.unlock(ctx, auth)
	}
	if errors.Is(err, apdu.SecurityStatus) {
		r.record.Locked, err = true, nil
	}
	if err != nil {
		return err
	}
	r.record.Form = r.form
	return r.check()
}

// unlock authenticates and reads the holder's file again. Without an authentication the
// card is still good: it goes on as one that refuses.
func (r *reading) unlock(ctx context.Context, auth Authenticator) error {
	r.record.Form = r.form
	err := auth.Authenticate(ctx, r.t, r.record)
	var absent *Unavailable
	var s apdu.Status
	switch {
	case err == nil:
		return r.holder(ctx)
	case errors.As(err, &absent), errors.As(err, &s):
		r.record.Unopened = err
		return apdu.SecurityStatus
	}
	return err
}

// application selects SSSE, and says what card it is if there is none. SSSE comes
// first: social-security cards of banks have a payment application as well.
func (r *reading) application(ctx context.Context) error {
	template, err := r.selectName(ctx, nameSSSE)
	r.form.Algorithm = algorithm(template)
	var s apdu.Status
	if err == nil || !errors.As(err, &s) {
		return err
	}
	if kind := classify(err); kind == Blocked {
		return &Fault{Kind: Blocked, Err: err}
	}
	for _, name := range []string{namePSE, nameUnionPay} {
		_, perr := r.selectName(ctx, name)
		if perr == nil {
			return &Fault{Kind: BankCard, Err: err} // and nothing of it is read
		}
		if !errors.As(perr, &s) {
			return perr
		}
	}
	if errors.Is(err, apdu.FunctionUnknown) { // 6A81 is also "card or application locked"
		return &Fault{Kind: Blocked, Err: err}
	}
	return &Fault{Kind: OtherCard, Err: err}
}

// issuer reads EF05, its card code first.
func (r *reading) issuer(ctx context.Context) error {
	if err := r.selectFile(ctx, fileIssuer); err != nil {
		return err
	}
	values, err := r.records(ctx, tagCode, tagClass, tagVersion, tagIssuer, tagIssued, tagExpires, tagNumber)
	c := &r.record
	var none error
	c.Code, none = cardCode(values) // also after an error: the card may have been swapped
	if err := cmp.Or(err, none); err != nil {
		return err
	}
	c.Issuer = digits(values[tagIssuer])
	var errs [5]error
	var number string
	c.Class, errs[0] = letters(values[tagClass])
	c.Version, errs[1] = letters(values[tagVersion])
	c.Issued, errs[2] = day(values[tagIssued])
	c.Expires, errs[3] = day(values[tagExpires])
	number, errs[4] = letters(values[tagNumber])
	c.Number = Personal(number)
	return malformed(errs[:]...)
}

func cardCode(values map[tag][]byte) (Personal, error) {
	v := values[tagCode]
	if len(v) != codeLength || empty(v) {
		return "", &Fault{Kind: Malformed, Err: fmt.Errorf("%w: %d bytes", errNoCode, len(v))}
	}
	return Personal(fmt.Sprintf("%X", v)), nil
}

// holder reads EF06.
func (r *reading) holder(ctx context.Context) error {
	if err := r.selectFile(ctx, fileHolder); err != nil {
		return err
	}
	values, err := r.records(ctx, tagIDNumber, tagName, tagExtension, tagSex, tagEthnicity, tagBirthPlace, tagBirth)
	if err != nil {
		return err
	}
	c := &r.record
	_, r.form.Extended = values[tagExtension]
	c.Name, c.NameDamaged = fullName(values[tagName], values[tagExtension])
	c.Ethnicity = Personal(digits(values[tagEthnicity]))
	c.BirthPlace = Personal(digits(values[tagBirthPlace]))
	var errs [3]error
	var birth Day
	c.IDNumber, errs[0] = identity(values[tagIDNumber])
	c.Sex, errs[1] = sex(values[tagSex])
	birth, errs[2] = day(values[tagBirth])
	c.Birth = Personal(birth.String())
	return malformed(errs[:]...)
}

func malformed(errs ...error) error {
	if err := errors.Join(errs...); err != nil {
		return &Fault{Kind: Malformed, Err: err}
	}
	return nil
}

// check is what every Record that is given out fulfils.
func (r *reading) check() error {
	c := &r.record
	switch {
	case c.Locked && c.Number == "":
		return &Fault{Kind: Incomplete, Err: errNumber}
	case c.Locked:
		return nil
	case c.IDNumber == "" && c.Name == "":
		return &Fault{Kind: Blank}
	case c.IDNumber == "" || c.Name == "":
		return &Fault{Kind: Incomplete, Err: errHolder}
	}
	return nil
}

// same reads the card code again, from the application on.
func (r *reading) same(ctx context.Context) error {
	code, err := r.code(ctx)
	switch {
	case onTheWay(err):
		return err
	case err != nil:
		return &Fault{Kind: Swapped, Err: err} // the card that began this read had one
	case code != r.record.Code:
		return &Fault{Kind: Swapped, Err: errSwapped}
	}
	return nil
}

func (r *reading) code(ctx context.Context) (Personal, error) {
	if err := r.application(ctx); err != nil {
		return "", err
	}
	if err := r.selectFile(ctx, fileIssuer); err != nil {
		return "", err
	}
	values, err := r.records(ctx, tagCode)
	if err != nil {
		return "", err
	}
	return cardCode(values)
}
