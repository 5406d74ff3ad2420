package sscard

import (
	"errors"

	"settled/devices/apdu"
)

// Kind names what is wrong with a card or a read. It is an error to be compared with
// errors.Is, and a code for screens and logs.
type Kind string

// Kinds of faults.
const (
	BankCard   Kind = "CARD_IS_BANK"
	OtherCard  Kind = "CARD_IS_OTHER" // no social-security application, no bank's
	Blank      Kind = "CARD_BLANK"    // personalised by the issuer only
	Incomplete Kind = "CARD_INCOMPLETE"
	Malformed  Kind = "CARD_MALFORMED"
	Blocked    Kind = "CARD_BLOCKED"
	Mute       Kind = "CARD_MUTE"
	Pulled     Kind = "CARD_PULLED"
	Swapped    Kind = "CARD_SWAPPED"
	InUse      Kind = "CARD_IN_USE"
	Stuck      Kind = "READER_STUCK"
	NoReader   Kind = "READER_MISSING"
	NoService  Kind = "READER_SERVICE_DOWN"
	Denied     Kind = "READER_DENIED"
	NotGenuine Kind = "CARD_NOT_GENUINE" // it failed the internal authentication
	Unread     Kind = "CARD_UNREAD"      // anything else
)

// text is one row of the table of sentences: read-only.
type text struct {
	kind             Kind
	chinese, english string
}

var texts = []text{
	{BankCard, "这是银行卡，请插入社保卡", "bank card: no social-security application, a payment application answers"},
	{OtherCard, "这不是社保卡，请插入社保卡", "contact card without a social-security application"},
	{Blank, "社保卡未写入个人信息，请到社保卡服务网点处理", "card was initialised but not personalised: no number and no name"},
	{Incomplete, "社保卡信息不完整，请到社保卡服务网点处理", "a record that is needed is missing or empty"},
	{Malformed, "社保卡数据异常，无法读取，请到社保卡服务网点处理", "a record is not of the form of the card standard"},
	{Blocked, "社保卡或其应用已锁定，请到社保卡服务网点处理", "card or application is locked"},
	{Mute, "此卡无法识别，请确认芯片朝向后重新插卡", "card gives no usable answer to reset: upside down, dirty, magnetic or memory card"},
	{Pulled, "读卡时卡片被拔出或接触不良，请重新插卡", "card was pulled or lost contact in mid-read"},
	{Swapped, "读卡过程中更换了卡片，请重新插卡", "the card is not the one that the read began with"},
	{InUse, "卡片正被其他软件占用，请稍后重试", "another program holds the card"},
	{Stuck, "读卡器无响应，请拔出卡片并重新连接读卡器", "reader or card does not answer in time"},
	{NoReader, "未找到读卡器，请检查连接", "no such reader"},
	{NoService, "读卡服务未运行，请联系技术人员", "PC/SC service (pcscd) does not answer"},
	{Denied, "系统不允许本程序使用读卡器，请联系信息科", "the system (polkit) does not let this user at the readers"},
	{NotGenuine, "此卡未通过真伪验证，不能使用，请核实持卡人身份", "the card failed the internal authentication: its key is not the issuer's"},
	{Unread, "读卡失败，请重新插卡", "card could not be read"},
}

// Error implements error.
func (k Kind) Error() string { return string(k) + ": " + k.English() }

// Chinese is the sentence for the cashier.
func (k Kind) Chinese() string { return k.find().chinese }

// English is the sentence for the technician.
func (k Kind) English() string { return k.find().english }

func (k Kind) find() text {
	for _, t := range texts {
		if t.kind == k {
			return t
		}
	}
	return text{kind: k, chinese: "读卡失败，请重新插卡", english: "card could not be read"}
}

// Fault is why a card gave no record: a kind with its two sentences, and the cause.
// It holds no personal data.
type Fault struct {
	Kind Kind
	Err  error // may be nil
}

// Error gives kind and cause.
func (f *Fault) Error() string {
	if f.Err == nil {
		return f.Kind.Error()
	}
	return f.Kind.Error() + ": " + f.Err.Error()
}

// Unwrap gives kind and cause to errors.Is and errors.As.
func (f *Fault) Unwrap() []error {
	if f.Err == nil {
		return []error{f.Kind}
	}
	return []error{f.Kind, f.Err}
}

// Chinese is the sentence for the cashier.
func (f *Fault) Chinese() string { return f.Kind.Chinese() }

// English is the sentence for the technician, with the cause.
func (f *Fault) English() string { return f.Error() }

// Explain makes a fault of any error of a card or its reader: what [Read] gives, and
// what connecting gave. nil stays nil.
func Explain(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return &Fault{Kind: classify(err), Err: err}
}

func classify(err error) Kind {
	for _, row := range []struct {
		err  error
		kind Kind
	}{
		{apdu.ErrGone, Pulled},
		{apdu.ErrShort, Pulled}, // an answer without status word: pulled (facts of pcsc-lite)
		{apdu.ErrMute, Mute},
		{apdu.ErrBusy, InUse},
		{apdu.ErrStuck, Stuck},
		{apdu.ErrNoService, NoService},
		{apdu.ErrNoReader, NoReader},
		{apdu.ErrDenied, Denied},
		{apdu.ErrLong, Malformed},
		{apdu.FileNotFound, Malformed}, // of a file: that of an application is told apart
		{apdu.RecordNotFound, Malformed},
		{apdu.AuthBlocked, Blocked},
		{apdu.Deactivated, Blocked},
		{apdu.LockedForGood, Blocked},
	} {
		if errors.Is(err, row.err) {
			return row.kind
		}
	}
	return Unread
}
