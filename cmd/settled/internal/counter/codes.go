package counter

import (
	"fmt"

	"settled/settle"
)

// Codes of this package, beside those of package settle: what a window refuses
// because of its state, and what it says on its screen.
const (
	StillReading    settle.Code = "STILL_READING"
	NothingToCancel settle.Code = "NOTHING_TO_CANCEL"
	ConfirmTwice    settle.Code = "CONFIRM_TWICE"
	ConfirmRunning  settle.Code = "CONFIRM_RUNNING"
	WritingNow      settle.Code = "WRITING_NOW"
	AlreadySettled  settle.Code = "ALREADY_SETTLED"
	NoQuote         settle.Code = "NO_QUOTE"
	LateAnswer      settle.Code = "LATE_ANSWER"
	Cancelled       settle.Code = "CANCELLED"
	GuardianCame    settle.Code = "GUARDIAN_CAME"
	GuardianLeft    settle.Code = "GUARDIAN_LEFT"
	GuardianReading settle.Code = "GUARDIAN_READING"
	WrongReader     settle.Code = "WRONG_READER"
	ReadersCrossed  settle.Code = "READERS_CROSSED"
	ReadFailed      settle.Code = "READ_FAILED"
	NotPayable      settle.Code = "NOT_PAYABLE"
	OtherKey        settle.Code = "OTHER_KEY"
	BillSettled     settle.Code = "BILL_SETTLED"
	NoLink          settle.Code = "NO_LINK"
	UsageUnknown    settle.Code = "USAGE_UNKNOWN"
	PrintFailed     settle.Code = "PRINT_FAILED"
	NoPrinter       settle.Code = "NO_PRINTER"
	Fault           settle.Code = "FAULT"
	Closed          settle.Code = "CLOSED"
	OfflineWarning  settle.Code = "OFFLINE_WARNING"
	KnowledgeAging  settle.Code = "KNOWLEDGE_AGING"
	AccountLimit    settle.Code = "ACCOUNT_LIMIT"
	SelfPaidWhole   settle.Code = "SELF_PAID_WHOLE"
	Linked          settle.Code = "LINKED"
	Unlinked        settle.Code = "UNLINKED"
	RulesChanged    settle.Code = "RULES_CHANGED"
	NoReason        settle.Code = "NO_REASON"
	BadLines        settle.Code = "BAD_LINES"
	KeepNone        settle.Code = "KEEP_NONE"
	KeepAll         settle.Code = "KEEP_ALL"
	SlipFailed      settle.Code = "SLIP_FAILED"
	Reversed        settle.Code = "REVERSED"
	NoShift         settle.Code = "NO_SHIFT"
	NoVoid          settle.Code = "NO_VOID"
	SecondNeeded    settle.Code = "SECOND_NEEDED"
	SecondSame      settle.Code = "SECOND_SAME"
	BadTender       settle.Code = "BAD_TENDER"
	ECodeOff        settle.Code = "ECODE_OFF"
	ECodeOffline    settle.Code = "ECODE_OFFLINE"
	ECodeUsed       settle.Code = "ECODE_USED"
	ECodeOld        settle.Code = "ECODE_OLD"
	PatientPresent  settle.Code = "PATIENT_PRESENT"
	UnknownScan     settle.Code = "UNKNOWN_SCAN"
	SlipKept        settle.Code = "SLIP_KEPT"
	LookNoPrinter   settle.Code = "LOOK_NO_PRINTER"
	LookUnprinted   settle.Code = "LOOK_NOT_PRINTED"
	LookKept        settle.Code = "LOOK_KEPT"
	PrinterAbsent   settle.Code = "PRINTER_ABSENT"
	PrinterSilent   settle.Code = "PRINTER_SILENT"
	PrinterOpen     settle.Code = "PRINTER_OPEN"
	PrinterPaperOut settle.Code = "PRINTER_PAPER_OUT"
	PrinterFailing  settle.Code = "PRINTER_FAILING"
	PrinterOffline  settle.Code = "PRINTER_OFFLINE"
	PrinterPaperLow settle.Code = "PRINTER_PAPER_LOW"
)

// sentences of this package's codes: for the cashier, for the technician. Never
// written to.
var sentences = map[settle.Code][2]string{
	StillReading:    {"正在读卡，请稍候。", "the card is still being read"},
	NothingToCancel: {"没有可取消的业务。", "nothing is under way"},
	ConfirmTwice:    {"这笔正在结算，请勿重复确认。", "the confirmation of this quote is under way already"},
	ConfirmRunning:  {"正在核对卡并结算，请等结果出来再操作。", "a confirmation is under way"},
	WritingNow:      {"正在记账，不能取消；结果马上显示。", "the settlement is being written and can no longer be cancelled"},
	AlreadySettled:  {"这笔已经结算，不能取消或再次确认；要退请办撤销。", "settled already: void it instead"},
	NoQuote:         {"还没有预结算；请先发送账单预结算。", "there is no quote to confirm"},
	LateAnswer:      {"操作顺序不对，已忽略。", "an answer arrived in a state that did not ask for it"},
	Cancelled:       {"已取消，未扣款。", "cancelled by the operator"},
	GuardianCame:    {"监护人卡已插入，原预结算作废；请重新预结算。", "the guardian's card came after the quote: quote again"},
	GuardianLeft:    {"监护人卡已取走，家庭共济不能使用；请重新预结算。", "the guardian's card was removed: quote again"},
	GuardianReading: {"正在读监护人卡，请稍候再试。", "the guardian's card is still being read"},
	WrongReader:     {"两个读卡器中是同一人的卡；请把监护人本人的卡插入监护人读卡器。", "the same person's card is in both readers"},
	ReadersCrossed:  {"卡插反了：账单上的患者的卡在监护人读卡器中；请对调两张卡。", "the bill's patient is the holder of the card in the guardian's reader"},
	ReadFailed:      {"读卡失败；请取出卡擦净芯片后重新插入，仍不行请换读卡器。", "the card could not be read"},
	NotPayable:      {"这笔不能按医保结算，未扣款；请看原因，或改为自费收款。", "the split is refused and cannot be confirmed"},
	OtherKey:        {"确认的单据号与账单的不同，未扣款；请用账单自己的单据号。", "the key is not the bill's"},
	BillSettled:     {"这张账单已经结算过；再次确认不会重复扣款，只显示原结果。", "the bill's key has settled already: confirming replays the first result"},
	NoLink:          {"监护人与患者没有登记家庭共济，监护人账户不能付款；如需使用请先登记。", "no filed link joins guardian and patient"},
	UsageUnknown:    {"不知道患者在就诊日所属年度已用多少限额，不能结算；请到医保平台核定后办理。", "the platform has not told the usage of the visit's limit period"},
	PrintFailed:     {"已结算，但凭条没有打印成功；请检查打印机后重打，切勿重新结算。", "settled, but the slip was not printed"},
	NoPrinter:       {"本窗口没有打印机；请在医院系统中打印。", "no printer is set up at this seat"},
	Fault:           {"系统出错，未扣款；请重试，仍不行请联系信息科。", "internal fault; nothing was written"},
	Closed:          {"程序正在退出，不再受理；请稍候再试。", "the session is closed"},
	OfflineWarning:  {"离线结算金额接近上限；请尽快恢复网络。", "the offline exposure is above its warning limit"},
	KnowledgeAging:  {"该参保人的本地信息较旧；网络恢复后请重新读卡。", "what is known of the person is older than the warning age"},
	AccountLimit:    {"账户断网支付已达上限，本次不用个人账户和家庭共济，这部分请收现金。", "the offline limit of an account is reached: no account is drawn"},
	SelfPaidWhole:   {"这笔是先自费的，没有基金支付，不能按行退费，未退款；请整单撤销后重新结算。", "the patient paid it whole: void it whole"},
	Linked:          {"家庭共济已登记；请重新预结算。", "the link is filed"},
	Unlinked:        {"家庭共济已解绑，今天是最后一天有效；请重新预结算。", "the link ends today"},
	RulesChanged:    {"结算后政策数据已更换，不能按行退费，未退款；请整单撤销，保留的项目重新结算。", "the rules at hand are not the ones that settled it: void it whole"},
	NoReason:        {"请填写撤销或退费的原因（1至100字）；未办理。", "a reversal needs a reason of 1 to 100 characters"},
	BadLines:        {"保留的行号不对，未退款；请核对原单的行号。", "the kept lines are not lines of the bill"},
	KeepNone:        {"全部项目都要退，未退款；请办理整单撤销。", "nothing would be kept: void it whole"},
	KeepAll:         {"没有要退的项目，未退款；请核对要保留的行号。", "nothing would be given back"},
	SlipFailed:      {"已办理，但凭条没有打印成功；请检查打印机后重打，切勿重复办理。", "done, but the slip was not printed"},
	Reversed:        {"已撤销或退费；有现金要退的，请按凭条退给患者。", "the reversal is written"},
	NoShift:         {"没有这个班次；请核对班次号。", "no such shift"},
	NoVoid:          {"没有这笔撤销或退费；请核对单号。", "no such void"},
	SecondNeeded:    {"这笔须第二人复核，未办理；请另一位有权限的人输入工号和密码。", "a second person has to stand for it (second_person)"},
	SecondSame:      {"复核人不能是经办人本人，未办理；请另一位有权限的人复核。", "the second person is the first"},
	BadTender:       {"实收金额少于应付现金，或不合常理；请核对。", "the cash given is less than the cash to pay, or too much"},
	ECodeOff:        {"本窗口没有开通医保码；请使用社保卡。", "no service for the electronic code is configured (ecode.url)"},
	ECodeOffline:    {"医保码须联网核验，现在连接不上，未受理；请使用社保卡，或稍后刷新医保码再扫。", "the electronic code can only be redeemed by the platform, which could not be asked"},
	ECodeUsed:       {"这个医保码刚才已经用过；请患者刷新医保码后再扫。", "the same code served before within its life"},
	ECodeOld:        {"扫码已超过10分钟；请患者刷新医保码后再扫。", "the patient was identified by an electronic code too long ago"},
	PatientPresent:  {"正在为另一位患者办理；请先完成或取消，再扫医保码。", "a patient is identified already: settle or cancel first"},
	UnknownScan:     {"认不出这个码：不是医保码、账单号或结算凭条；请核对后再扫。", "what was scanned is of no known kind"},
	SlipKept:        {"已办理，凭条还没有打出，已保留，打印机恢复后自动打出；切勿重新办理。", "done; the slip is in the spool and comes out by itself"},
	LookNoPrinter:   {"本机没有打印机，不能打印；请看屏幕，或到人工窗口。", "no printer is set up at this seat"},
	LookUnprinted:   {"没有打印出来：打印机没有纸、卡纸或没有接好；请看屏幕上的数，要单子的请叫工作人员。", "the slip of a look-up was not printed"},
	LookKept:        {"单子还没有打出，打印机恢复后自动打出；请叫工作人员，不要再按。", "the slip of a look-up is in the spool and comes out by itself"},
	PrinterAbsent:   {"打印机没有接上；请检查数据线，或是否被别的程序占用。", "the receipt printer's port is not there, or in use"},
	PrinterSilent:   {"打印机没有应答；请检查电源和数据线。", "the receipt printer does not answer"},
	PrinterOpen:     {"打印机上盖没有关好；请合上。", "the receipt printer's cover is open"},
	PrinterPaperOut: {"打印机缺纸；请换纸。", "the receipt printer is out of paper"},
	PrinterFailing:  {"打印机切刀或机械故障；请关机排除卡纸后重开。", "the receipt printer reports an error"},
	PrinterOffline:  {"打印机处于脱机状态；请按联机键。", "the receipt printer is offline"},
	PrinterPaperLow: {"打印机纸将用完；请准备换纸。", "the receipt printer's paper is near its end"},
}

// Sentence gives what a code of this package or of package settle says to the
// cashier.
func Sentence(c settle.Code) string {
	if s, ok := sentences[c]; ok {
		return s[0]
	}
	return c.Cashier()
}

// refuse makes a refusal with the code's sentences.
func refuse(c settle.Code) *settle.Refusal {
	r := &settle.Refusal{Code: c, Cashier: Sentence(c), Technician: c.Technician()}
	if s, ok := sentences[c]; ok {
		r.Technician = s[1]
	}
	return r
}

// refuseBecause adds a technician's detail to the code's sentences.
func refuseBecause(c settle.Code, format string, args ...any) *settle.Refusal {
	r := refuse(c)
	r.Technician = fmt.Sprintf("%s: %s", r.Technician, fmt.Sprintf(format, args...))
	return r
}

// refuseField names the field of the input that is at fault.
func refuseField(c settle.Code, field, format string, args ...any) *settle.Refusal {
	r := refuseBecause(c, format, args...)
	r.Field = field
	return r
}
