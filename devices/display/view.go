// Package display shows amounts to the patient, on a customer display at a serial line
// or by a box that speaks.
package display

import (
	"errors"
	"fmt"
	"strings"
)

// What is shown.
type What uint8

// Moments of a visit at the counter.
const (
	Nothing What = iota // nobody is there
	Welcome             // somebody is known
	ToPay               // a quote: Total of the bill, Amount in cash
	Change              // Total was given, Amount goes back
	Paid                // it is settled, Amount was the cash
)

// View is what is shown at a moment. Amounts are yuan with two decimals, as "12.50".
type View struct {
	What   What
	Total  string
	Amount string
}

// Dialect makes a view's bytes; none if it has nothing to say of it.
type Dialect func(View) []byte

// Dialects by their names in the configuration.
const (
	CD5220  = "cd5220"   // two lines of 20 characters, ASCII
	LED8    = "led8"     // eight digits and four lamps, chosen by '0' to '4'
	LED8Raw = "led8_raw" // the same, chosen by bytes 0 to 4
	Voice   = "voice"    // a box that speaks (语音报价器)
)

// DialectOf gives a dialect by its name.
func DialectOf(name string) (Dialect, error) {
	switch name {
	case CD5220:
		return cd5220, nil
	case LED8:
		return func(v View) []byte { return led8(v, '0') }, nil
	case LED8Raw:
		return func(v View) []byte { return led8(v, 0) }, nil
	case Voice:
		return voice, nil
	}
	return nil, fmt.Errorf("dialect %q: want %s, %s, %s or %s", name, CD5220, LED8, LED8Raw, Voice)
}

// cd5220 clears first: after ESC Q most such displays ignore all but another ESC Q until
// they are cleared.
func cd5220(v View) []byte {
	upper, lower := "", ""
	switch v.What {
	case Nothing:
	case Welcome:
		upper = "WELCOME"
	case ToPay:
		upper, lower = pair("TOTAL", v.Total), pair("TO PAY", v.Amount)
	case Change:
		upper, lower = pair("RECEIVED", v.Total), pair("CHANGE", v.Amount)
	case Paid:
		upper, lower = pair("PAID", v.Amount), "THANK YOU"
	}
	return []byte("\x0C" + line('A', upper) + line('B', lower))
}

const columns = 20

// pair puts a name to the left and an amount to the right. Where both do not fit the name
// gives way: an amount without its end would be another one.
func pair(name, amount string) string {
	name = name[:min(len(name), max(0, columns-1-len(amount)))]
	return name + strings.Repeat(" ", max(1, columns-len(name)-len(amount))) + amount
}

func line(which byte, text string) string {
	if text == "" {
		return ""
	}
	return "\x1BQ" + string(which) + text[:min(len(text), columns)] + "\r"
}

// Lamps of an eight-digit display.
const (
	lampNone   = 0
	lampTotal  = 2 // 总计
	lampChange = 4 // 找零
)

// led8 has one number: what is to be paid, or goes back. "Clear" is a zero without a
// lamp, which all know.
func led8(v View, base byte) []byte {
	amount, lamp := "0.00", byte(lampNone)
	switch v.What {
	case ToPay:
		amount, lamp = v.Amount, lampTotal
	case Change:
		amount, lamp = v.Amount, lampChange
	}
	if len(strings.ReplaceAll(amount, ".", "")) > 8 {
		amount = "0.00"
		lamp = lampNone
	}
	return append([]byte("\x1BQA"+amount+"\r\x1Bs"), base+lamp)
}

// voice is what the drivers of such boxes are told: an amount and a letter. That the
// same goes over the line is not known of all; none was at hand.
func voice(v View) []byte {
	switch v.What {
	case Welcome:
		return []byte("W") // 您好，请稍候
	case ToPay:
		return []byte(v.Amount + "J") // 请您付款
	case Change:
		return []byte(v.Total + "Y" + v.Amount + "Z") // 收您，找您
	case Paid:
		return []byte("X") // 谢谢
	}
	return nil
}

var errAmount = errors.New("an amount is digits, a point and two digits")

// Check refuses what is no amount, since it goes to the device as it is.
func (v View) Check() error {
	for _, amount := range []string{v.Total, v.Amount} {
		if whole, fen, ok := strings.Cut(amount, "."); amount != "" &&
			(!ok || whole == "" || len(whole) > 12 || len(fen) != 2 || strings.Trim(whole+fen, "0123456789") != "") {
			return errAmount
		}
	}
	return nil
}
