package apdu

import "fmt"

// Status is the status word SW1-SW2 of an answer (ISO 7816-4, 5.6, tables 5 and 6).
// A status other than [OK] is an error to be compared with errors.Is.
type Status uint16

// Status words that are told apart here.
const (
	OK                 Status = 0x9000
	Corrupted          Status = 0x6281
	EndOfFile          Status = 0x6282
	Deactivated        Status = 0x6283
	WrongLength        Status = 0x6700
	ChannelUnsupported Status = 0x6881
	CommandNotAllowed  Status = 0x6901 // not in ISO: in the table of the card readers' makers
	Incompatible       Status = 0x6981
	SecurityStatus     Status = 0x6982
	AuthBlocked        Status = 0x6983
	ReferenceUnusable  Status = 0x6984
	ConditionsNotMet   Status = 0x6985
	NoCurrentFile      Status = 0x6986
	WrongSecureMessage Status = 0x6988
	WrongData          Status = 0x6A80
	FunctionUnknown    Status = 0x6A81
	FileNotFound       Status = 0x6A82
	RecordNotFound     Status = 0x6A83
	WrongP1P2          Status = 0x6A86
	KeyNotFound        Status = 0x6A88
	WrongOffset        Status = 0x6B00
	InsUnknown         Status = 0x6D00
	ClassUnknown       Status = 0x6E00
	Fault              Status = 0x6F00
	WrongMAC           Status = 0x9302 // 93xx and 94xx are the industry's own
	LockedForGood      Status = 0x9303
	KeyIndexUnknown    Status = 0x9403
	MACUnavailable     Status = 0x9406
)

// meaning is one row of the table of status words: read-only.
type meaning struct {
	status Status
	text   string
	clause string
}

const (
	table5   = "ISO 7816-4 5.6 table 5"
	table6   = "ISO 7816-4 5.6 table 6"
	industry = "social-security card practice"
)

var meanings = []meaning{
	{OK, "done", table5},
	{Corrupted, "part of the data may be corrupted", table6},
	{EndOfFile, "end of file or record before Le bytes", table6},
	{Deactivated, "selected file is deactivated", table6},
	{WrongLength, "wrong length", table5},
	{ChannelUnsupported, "logical channel not supported", table6},
	{CommandNotAllowed, "command not allowed in this state", industry},
	{Incompatible, "command incompatible with file structure", table6},
	{SecurityStatus, "security status not satisfied", table6},
	{AuthBlocked, "authentication method blocked", table6},
	{ReferenceUnusable, "reference data not usable", table6},
	{ConditionsNotMet, "conditions of use not satisfied", table6},
	{NoCurrentFile, "no current file", table6},
	{WrongSecureMessage, "incorrect secure messaging data", table6},
	{WrongData, "incorrect parameters in the data field", table6},
	{FunctionUnknown, "function not supported, or card or application locked", table6},
	{FileNotFound, "file or application not found", table6},
	{RecordNotFound, "record not found", table6},
	{WrongP1P2, "incorrect parameters P1-P2", table6},
	{KeyNotFound, "referenced data or key not found", table6},
	{WrongOffset, "wrong parameters P1-P2", table5},
	{InsUnknown, "instruction not supported", table5},
	{ClassUnknown, "class not supported", table5},
	{Fault, "card fault without diagnosis", table5},
	{WrongMAC, "wrong MAC", industry},
	{LockedForGood, "application or card locked for good", industry},
	{KeyIndexUnknown, "key index not supported", industry},
	{MACUnavailable, "required MAC not available", industry},
}

// Error gives the word in hexadecimal, what it says and where that is written.
func (s Status) Error() string {
	if n, ok := s.Tries(); ok {
		return fmt.Sprintf("card says %04X: verification failed, %d tries left (%s)", uint16(s), n, table6)
	}
	for _, m := range meanings {
		if m.status == s {
			return fmt.Sprintf("card says %04X: %s (%s)", uint16(s), m.text, m.clause)
		}
	}
	return fmt.Sprintf("card says %04X", uint16(s))
}

// Tries gives the number of tries that are left when s is 63Cx: a verification or
// an authentication failed (ISO 7816-4, 5.6 table 6).
func (s Status) Tries() (n int, ok bool) {
	if s&0xFFF0 != 0x63C0 {
		return 0, false
	}
	return int(s & 0xF), true
}
