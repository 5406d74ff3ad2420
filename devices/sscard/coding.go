package sscard

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// tag is the identifier of a record.
type tag byte

// Records of EF05 and EF06.
const (
	tagCode       tag = 0x01
	tagClass      tag = 0x02
	tagVersion    tag = 0x03
	tagIssuer     tag = 0x04
	tagIssued     tag = 0x05
	tagExpires    tag = 0x06
	tagNumber     tag = 0x07
	tagIDNumber   tag = 0x08
	tagName       tag = 0x09
	tagSex        tag = 0x0A
	tagEthnicity  tag = 0x0B
	tagBirthPlace tag = 0x0C
	tagBirth      tag = 0x0D
	tagExtension  tag = 0x4E
)

const (
	codeLength   = 16 // bytes of 卡识别码
	longestValue = 64 // bytes of any record's value; the standard's longest is 30
)

var (
	errTLV   = errors.New("record is not tag, length, value")
	errValue = errors.New("record's value is not of its form")
)

// parseRecord splits a record's answer: tag, length, value. The tag that comes back
// counts, not the one that was asked for. Padding may follow.
func parseRecord(b []byte) (tag, []byte, error) {
	if len(b) < 2 || len(b) < 2+int(b[1]) {
		return 0, nil, fmt.Errorf("%w: %d bytes", errTLV, len(b))
	}
	value, rest := b[2:2+int(b[1])], b[2+int(b[1]):]
	if len(value) > longestValue {
		return 0, nil, fmt.Errorf("%w: tag %02X has %d bytes", errTLV, b[0], len(value))
	}
	if len(trimEnd(rest, 0x00, 0xFF)) > 0 {
		return 0, nil, fmt.Errorf("%w: tag %02X is followed by %d bytes", errTLV, b[0], len(rest))
	}
	return tag(b[0]), bytes.Clone(value), nil
}

// empty says that a value holds nothing: all 00, all FF, all spaces.
func empty(b []byte) bool {
	return len(trimEnd(b, 0x00)) == 0 || len(trimEnd(b, 0xFF)) == 0 || len(trimEnd(b, ' ')) == 0
}

// trimEnd takes padding off the end. (bytes.Trim takes its bytes for UTF-8: FF would
// be any byte that is not.)
func trimEnd(b []byte, padding ...byte) []byte {
	for len(b) > 0 && bytes.IndexByte(padding, b[len(b)-1]) >= 0 {
		b = b[:len(b)-1]
	}
	return b
}

// letters decodes an AN field: printable ASCII, padded on the right with 00.
func letters(b []byte) (string, error) {
	if empty(b) {
		return "", nil
	}
	b = bytes.TrimLeft(trimEnd(b, 0x00, 0xFF, ' '), " ")
	for _, c := range b {
		if c < 0x20 || c > 0x7E {
			return "", fmt.Errorf("%w: byte %02X in a text", errValue, c)
		}
	}
	return string(b), nil
}

// digits decodes a CN field: two digits a byte, padded on the right with F. Issuers
// also write hexadecimal digits here.
func digits(b []byte) string {
	if empty(b) {
		return ""
	}
	return strings.TrimRight(fmt.Sprintf("%X", b), "F")
}

// day decodes a date: CN YYYYMMDD in four bytes, or ASCII "YYYY" in four bytes as on
// a card that was seen, or ASCII "YYYYMMDD" in eight. The first byte tells CN (19,
// 20) from ASCII (31, 32).
func day(b []byte) (Day, error) {
	if empty(b) {
		return 0, nil
	}
	text := fmt.Sprintf("%X", b)
	if b[0] >= '0' && b[0] <= '9' {
		text = string(b)
	}
	n := 0
	for _, c := range []byte(text) {
		if c < '0' || c > '9' || len(text) > 8 {
			return 0, fmt.Errorf("%w: date", errValue)
		}
		n = n*10 + int(c-'0')
	}
	if len(text) == 4 {
		n *= 10000
	}
	year, month, date := n/10000, n/100%100, n%100
	switch {
	case year < 1900 || year > 2999:
	case len(text) == 4, len(text) == 8 && month >= 1 && month <= 12 && date >= 1 && date <= 31:
		return Day(n), nil
	}
	return 0, fmt.Errorf("%w: date", errValue)
}

// identity decodes 社会保障号码: letters and digits, X in capitals.
func identity(b []byte) (Personal, error) {
	s, err := letters(b)
	if err != nil {
		return "", err
	}
	s = strings.ToUpper(s)
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return "", fmt.Errorf("%w: identity number", errValue)
		}
	}
	if len(s) > 18 {
		return "", fmt.Errorf("%w: identity number of %d characters", errValue, len(s))
	}
	return Personal(s), nil
}

// sex decodes 性别: '1', or the bare number 1 that some issuers write.
func sex(b []byte) (Personal, error) {
	if len(b) == 1 && b[0] <= 9 && b[0] > 0 {
		return Personal('0' + rune(b[0])), nil
	}
	s, err := letters(b)
	return Personal(s), err
}

// fullName joins record 09 with its extension 4E before decoding, since the cut may
// go through a character. 00 and FF are part of no GB18030 character, so taking them
// off the end of the first part is safe. GB18030 contains GBK and GB 2312.
func fullName(first, extension []byte) (name Personal, damaged bool) {
	if empty(extension) {
		extension = nil
	}
	if empty(first) {
		first = nil
	}
	joined := slices.Concat(trimEnd(first, 0x00, 0xFF), extension)
	joined = bytes.TrimLeft(trimEnd(joined, 0x00, 0xFF, ' '), " ")
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(joined)
	if err != nil {
		return Personal(unicode.ReplacementChar), true
	}
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, string(text))
	return Personal(clean), strings.ContainsRune(clean, unicode.ReplacementChar)
}
