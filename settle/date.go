package settle

import (
	"errors"
	"fmt"
)

// Date is a civil day in Asia/Shanghai as the number yyyymmdd; the zero Date is no
// day. Dates compare with < and ==. Rules apply to days, never to instants (D-4).
type Date int32

var errDate = errors.New("not a day of the form 2006-01-02 from 1900 to 2999")

// NewDate makes a Date; ok is false if there is no such day between the years
// 1900 and 2999.
func NewDate(year, month, day int) (d Date, ok bool) {
	if year < 1900 || year > 2999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	return Date(year*10000 + month*100 + day), true
}

// ParseDate reads "2006-01-02".
func ParseDate(s string) (Date, error) {
	if len(s) == 10 && s[4] == '-' && s[7] == '-' {
		y, okY := number(s[:4])
		m, okM := number(s[5:7])
		d, okD := number(s[8:])
		if date, ok := NewDate(y, m, d); ok && okY && okM && okD {
			return date, nil
		}
	}
	return 0, fmt.Errorf("%w: %q", errDate, Clip(s))
}

func number(s string) (n int, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// Year is the year of d.
func (d Date) Year() int { return int(d) / 10000 }

// Month is the month of d, 1 to 12.
func (d Date) Month() int { return int(d) / 100 % 100 }

// Day is the day of the month of d, from 1.
func (d Date) Day() int { return int(d) % 100 }

// String gives "2006-01-02", and "" for no day.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year(), d.Month(), d.Day())
}

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; empty text is no day.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = 0
		return nil
	}
	v, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// AddMonths moves d by n months. A day that the target month lacks becomes the
// first of the month after it, so 29 February plus a year is 1 March.
func (d Date) AddMonths(n int) Date {
	m := d.Year()*12 + d.Month() - 1 + n
	year, month, day := m/12, m%12+1, d.Day()
	if day > daysIn(year, month) {
		month, day = month+1, 1 // never December: it has 31 days
	}
	return Date(year*10000 + month*100 + day)
}

// AddYears moves d by n years, 29 February to 1 March where needed.
func (d Date) AddYears(n int) Date { return d.AddMonths(12 * n) }

// Next is the day after d.
func (d Date) Next() Date {
	switch {
	case d.Day() < daysIn(d.Year(), d.Month()):
		return d + 1
	case d.Month() < 12:
		return Date(d.Year()*10000 + (d.Month()+1)*100 + 1)
	default:
		return Date((d.Year()+1)*10000 + 101)
	}
}

// Prev is the day before d.
func (d Date) Prev() Date {
	switch {
	case d.Day() > 1:
		return d - 1
	case d.Month() > 1:
		return Date(d.Year()*10000 + (d.Month()-1)*100 + daysIn(d.Year(), d.Month()-1))
	default:
		return Date((d.Year()-1)*10000 + 1231)
	}
}

// Within tells whether d lies in the period from..to, both inclusive; a zero to
// is open.
func (d Date) Within(from, to Date) bool { return from <= d && (to == 0 || d <= to) }

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
