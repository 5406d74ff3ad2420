package settle

import "strings"

// Cashier gives the code's Chinese sentence: what is the matter and what to do
// next. A code of a family account may carry [MutualPrefix]. An unknown code gives
// itself, so that no screen is ever blank.
func (c Code) Cashier() string {
	if t, ok := c.text(); ok {
		return t.cashier
	}
	return "未知代码 " + string(c) + "，请联系信息科。"
}

// Technician gives the code's English sentence.
func (c Code) Technician() string {
	if t, ok := c.text(); ok {
		return t.technician
	}
	return "no text for code " + string(c)
}

// Codes lists every code that has texts, in the order of code.go.
func Codes() []Code {
	codes := make([]Code, 0, len(texts))
	for i := range texts {
		codes = append(codes, texts[i].code)
	}
	return codes
}

func (c Code) text() (codeText, bool) {
	plain := Code(strings.TrimPrefix(string(c), MutualPrefix))
	for i := range texts {
		if texts[i].code == plain {
			return texts[i], true
		}
	}
	return codeText{}, false
}

// codeText is what a code says to whom.
type codeText struct {
	code       Code
	cashier    string // Chinese
	technician string // English
}

// texts is the table of all codes; it is never written to.
var texts = [...]codeText{
	{
		SelectedDirect,
		"就诊机构是参保人选定的机构，按规定报销，请继续结算。",
		"the visited institution is the selected one",
	},
	{
		SelectedSettlementHospital,
		"就诊机构是选定社康的结算医院，视同选定，请继续结算。",
		"the visited hospital is the settlement hospital of the selected community health centre",
	},
	{
		SelectedAffiliated,
		"就诊机构与选定社康同属一家结算医院，视同选定，请继续结算。",
		"the visited centre shares its settlement hospital with the selected one",
	},
	{
		Referred,
		"已办市内转诊，按本机构级别报销，请继续结算。",
		"in-city referral to a place that is not selected",
	},
	{
		RescueVisit,
		"急诊抢救，不受选定机构限制，请继续结算。",
		"emergency rescue needs no selection",
	},
	{
		NotSelected,
		"本机构不是参保人有效选定的机构，且无转诊，普通门诊费用统筹基金不支付；可用账户或现金支付，或请参保人先到选定机构办理转诊。",
		"not the selected institution, no referral, no rescue: the fund pays no ordinary outpatient cost",
	},
	{
		NoSelection,
		"参保人在就诊日没有选定机构，普通门诊费用统筹基金不支付；可用账户或现金支付，请告知其先办理选定。",
		"no selection is in force on the visit day",
	},
	{
		SelectionUnknown,
		"参保人选定的机构不在本机的机构名录中，不能判断本机构是否算作选定；请联系信息科更新名录，或请参保人到其选定机构就诊。",
		"the selected institution is not in the registry: whether this one counts as it is not known",
	},
	{
		SelectionInvalidAge14,
		"参保人已满14周岁，所选定的机构不在可选范围内，普通门诊费用统筹基金不支付；请告知其改选社康（2023年10月起也可选其他基层机构）。",
		"from the 14th birthday on only a community health centre, and since 2023-10-01 another primary institution, may be selected",
	},
	{
		ReferralRequired,
		"当时到结算医院就诊须先转诊，没有转诊记录，统筹基金不支付；请核对转诊单。",
		"before 2023-10-01 the settlement hospital needed a referral",
	},
	{
		InpatientVisit,
		"住院结算，不看选定机构，请继续。",
		"inpatient stay",
	},
	{
		SpecialClass1,
		"门诊特定病种（一类）结算，请继续。",
		"class 1 special outpatient disease",
	},
	{
		Tier1AccountOnly,
		"当时职工一档在社康以外的门诊只用个人账户支付，请按账户和现金收取。",
		"before 2023-10-01 tier 1 paid outpatient care outside community health centres from its own account",
	},
	{
		Tier1Pool30,
		"当时职工一档在社康由统筹基金支付三成、个人账户支付七成，请继续结算。",
		"before 2023-10-01 the fund paid 30 % for tier 1 at a community health centre",
	},
	{
		OutOfTownTemporary,
		"异地临时就医，统筹基金支付的部分按市内比例打折，请继续结算。",
		"temporary care out of the province: in-city rate times the multiplier",
	},
	{
		OutOfTownInProvince,
		"省内异地临时就医，统筹基金支付的部分按市内比例打折，请继续结算。",
		"temporary care in the province: in-city rate times the multiplier",
	},
	{
		OutOfTownEmergency,
		"异地急诊抢救，统筹基金支付的部分按市内比例打折，请继续结算。",
		"emergency rescue out of town: in-city rate times the multiplier",
	},
	{
		FiledLongTerm,
		"已办长期异地就医备案，按市内比例报销，请继续结算。",
		"long-term filing out of town",
	},
	{
		FiledReferral,
		"已办市外转诊，按市内比例报销，请继续结算。",
		"referred out of town",
	},
	{
		LimitReached,
		"本年度在本级机构可用的普通门诊统筹限额已用完，超出部分请用账户或现金支付。",
		"the yearly limit capped the fund's share",
	},
	{
		DuplicateEnrolment,
		"参保人在外地重复参保，暂不能享受待遇，未作任何扣款；请其先在外地停保，数据同步后再来结算。",
		"enrolled in another city as well",
	},
	{
		NotInBenefitPeriod,
		"就诊日不在待遇享受期内，未作任何扣款；请核对缴费记录，或请参保人自费后补办。",
		"the visit day is outside the benefit period",
	},
	{
		PolicyRowMissing,
		"就诊日的政策数据未装载，无法计算，未作任何扣款；请联系信息科补充政策文件后再结算。",
		"no rule value is known for this day; add the row that the step names to the policy directory",
	},
	{
		NotMutualAidLink,
		"该亲属账户只是亲情账户，不是家庭共济，不能付款；请亲属另行办理家庭共济。",
		"the link shows a code, it does not share money",
	},
	{
		LinkNotActive,
		"家庭共济绑定在就诊日未生效或已失效，不能付款；请核对绑定日期。",
		"the link is not in force on the visit day",
	},
	{
		DonorHasNoAccount,
		"该亲属不是职工一档，没有个人账户，不能付款；请换其他亲属或收现金。",
		"the donor's tier has no account",
	},
	{
		RelationNotCovered,
		"该亲属关系当时不在家庭共济范围内，不能付款；请换其他亲属或收现金。",
		"the relation is not among those covered on this day",
	},
	{
		MobileGuardianMismatch,
		"移动支付的付款人不是参保登记的监护人，不能付款；请到窗口结算或由登记监护人付款。",
		"mobile payment takes only the registered guardian's account",
	},
	{
		BeneficiaryBalanceNotZero,
		"患者本人账户当时仍有余额，不能使用家庭共济；余下请收现金。",
		"the patient's own balance had to be zero at the start",
	},
	{
		DonorBalanceZero,
		"该亲属账户余额为零，不能付款；请换其他亲属或收现金。",
		"the donor's balance is zero",
	},
	{
		BelowThreshold,
		"该亲属账户余额未超过共济门槛，不能付款；请换其他亲属或收现金。",
		"the donor's balance does not exceed the threshold",
	},
	{
		DonorNotInsured,
		"该亲属目前没有正常参保，不能绑定家庭共济；请先恢复参保再办理。",
		"the donor has no benefits on this day",
	},
	{
		SelectionPending,
		"已有一次选定变更还没有生效，不能再改；未审核的可以先撤销，再重新选。",
		"a selection is on file that begins later",
	},
	{
		SelectionSame,
		"现在选定的就是这家机构，不用再办。",
		"the institution is selected already",
	},
	{
		SelectionInvalid,
		"这家机构不在可以选定的范围内；请另选本市的社康机构或其他基层医疗机构。",
		"the institution is not of a kind or place that may be selected",
	},
	{
		SelectionNotNeeded,
		"职工一档的基层选定不在本机办理；请到“深圳医保”公众号或医保经办窗口查询。",
		"tier 1: no rule at hand says what may be selected",
	},
	{
		BadField,
		"账单中有一项内容不正确；请在医院系统中改正后重新发送。",
		"a field has a value that cannot be",
	},
	{
		UnknownField,
		"账单中有不认识的项目；请联系信息科核对接口格式后重新发送。",
		"a field is not part of the format",
	},
	{
		MissingField,
		"账单缺少必填项目；请在医院系统中补全后重新发送。",
		"a required field is missing",
	},
	{
		DuplicateField,
		"账单中同一项目出现了两次；请联系信息科核对后重新发送。",
		"a field occurs twice in one object",
	},
	{
		BadSyntax,
		"账单格式错误，无法读取；请重新发送，仍不行请联系信息科。",
		"the body is not one well-formed JSON object",
	},
	{
		BadEncoding,
		"账单文字编码错误（须为UTF-8）；请联系信息科检查医院系统的编码设置。",
		"the text is not valid UTF-8",
	},
	{
		BodyTooLarge,
		"账单过大，无法读取；请拆分账单后重新发送。",
		"the body is larger than 4 MiB",
	},
	{
		TooManyLines,
		"账单超过1000行；请拆分账单后重新发送。",
		"the bill has more than 1000 lines",
	},
	{
		TotalMismatch,
		"账单合计与各行金额之和不一致；请在医院系统中重新计价后发送。",
		"the lines do not sum to the stated total",
	},
	{
		AmountTooLarge,
		"账单金额过大，超出可处理范围；请核对单价和数量。",
		"an amount is over ten billion yuan",
	},
	{
		FutureVisit,
		"就诊日期晚于今天；请核对就诊日期和本机时钟。",
		"the visit day is after today",
	},
	{
		WrongRules,
		"内部错误：政策日期与就诊日期不符，未作任何扣款；请联系信息科。",
		"the rules are of another day than the visit",
	},
	{
		PersonUnknown,
		"查不到该参保人的信息；请核对证件，网络恢复后重试，或先自费后补报。",
		"nothing is known of the person here or at the platform",
	},
	{
		WrongPerson,
		"卡上的人与账单上的患者不是同一人；请核对后重新读卡或重新开单。",
		"the card's holder is not the bill's patient",
	},
	{
		NoCard,
		"读卡器中没有卡；请插入或放上社保卡。",
		"no card in the reader",
	},
	{
		CardRemoved,
		"卡被提前取走，本次未扣款；请重新插卡。",
		"the card was removed before the end",
	},
	{
		CardChanged,
		"读卡器中的卡已更换，本次未扣款；请重新读卡。",
		"the card is not the one that was read first",
	},
	{
		NotSSCCard,
		"这不是社会保障卡；请换社保卡或用医保电子凭证。",
		"the card has no social-security application",
	},
	{
		CardLockedData,
		"卡有效，但卡内个人信息已加密；将用卡号向平台查询，请稍候或扫医保电子凭证。",
		"personal data on the card need authentication; going on with the card number",
	},
	{
		ReaderMissing,
		"读卡器未连接或其服务未启动；请检查连线，仍不行请联系信息科。",
		"no reader, or its service is down",
	},
	{
		StaleQuote,
		"预结算之后情况有变，未扣款；请按新的金额与患者确认后再结算。",
		"usage or inputs changed since the quote; a new quote is attached",
	},
	{
		QuoteUnknown,
		"预结算已失效，未扣款；请重新预结算。",
		"no such quote, or it has expired",
	},
	{
		WrongState,
		"当前步骤不能进行此操作；请按屏幕提示的步骤办理。",
		"the event is not allowed in this state",
	},
	{
		ShiftClosed,
		"尚未开班或已经交班；请先开班。",
		"no shift is open at this seat",
	},
	{
		NotAllowed,
		"您的权限不能进行此操作；请联系主管。",
		"the role may not do this",
	},
	{
		Unauthenticated,
		"登录已失效；请重新登录。",
		"the token is missing or wrong",
	},
	{
		TooLateToVoid,
		"该结算已不能撤销；请改办退费。",
		"the settlement can no longer be voided",
	},
	{
		NoSettlement,
		"没有这笔结算；请核对结算单号。",
		"no such settlement",
	},
	{
		AlreadyVoided,
		"这笔结算已撤销，没有再次退款；请核对结算单号。",
		"the settlement is reversed already",
	},
	{
		GuardianMissing,
		"使用家庭共济须有监护人同意；请插入监护人的社保卡。",
		"the donor's card is not in the guardian's reader",
	},
	{
		DoubleConflict,
		"同一单据号的内容与上次不同，未扣款；请核对账单，改动后须用新的单据号。",
		"the idempotency key was used with other content",
	},
	{
		KnowledgeTooOld,
		"该参保人的本地信息过期，断网时不能由基金支付；请先自费后补报，或待网络恢复。",
		"what is known of the person is too old to settle on offline",
	},
	{
		OfflineLimit,
		"断网结算已达上限，基金部分暂不能支付；请先自费后补报，或待网络恢复。",
		"the offline exposure limit is reached",
	},
	{
		ClockBehind,
		"本机时钟比账本记录的时间慢，不能结算；请联系信息科校准时钟。",
		"the clock is behind the journal's last entry",
	},
	{
		JournalStopped,
		"账本无法写入，已停止结算，本笔是否入账正在核实；请勿重复收款，联系信息科。",
		"the journal cannot write: stopped, reopening and checking",
	},
	{
		RulesNotReloaded,
		"政策目录中的新内容未能载入，仍按原有规则结算；请联系信息科。",
		"the policy directory does not load; the rules loaded before stay in force",
	},
	{
		JournalUnavailable,
		"账本打不开或无法写入，暂不能结算；请联系信息科检查磁盘空间和磁盘，排除后自动恢复。",
		"the journal cannot be opened or takes no entry: look at the disk and its free space; it is tried again by itself",
	},
	{
		JournalDamaged,
		"账本文件损坏，已停止结算，账本未被改动；请联系信息科从备份恢复账本后重新启动。",
		"the journal is damaged, nothing was written: restore it from the backup and start again",
	},
	{
		JournalLost,
		"账本不完整，缺少已经写入的结算，已停止结算；请联系信息科从备份恢复账本后重新启动。",
		"the journal has not all that was written, nothing was written: restore it from the backup and start again",
	},
	{
		NetworkDown,
		"本机网络不通；请检查网线和交换机，可继续离线结算，稍后自动上传。",
		"no way out of this machine: cable, switch, router or name server",
	},
	{
		PowerLost,
		"记账后断电或程序中断，尚未上传；无需操作，稍后自动上传。",
		"power or daemon ended between the settlement and its upload",
	},
	{
		PlatformDown,
		"医保平台没有应答；可继续离线结算，稍后自动上传。",
		"no answer from the platform",
	},
	{
		PlatformRefused,
		"医保平台拒绝了这笔记录；请按提示更正后重新上传。",
		"the platform refused the content (business refusal)",
	},
	{
		PlatformAccess,
		"医保平台拒绝了本机的接入；请联系信息科检查签名和密钥。",
		"the platform's access layer refused the message",
	},
	{
		PlatformUnknown,
		"医保平台的结果未知，系统正在自动核实和冲正；请勿重复操作。",
		"outcome unknown: asking, reversing, then sending anew",
	},
	{
		PlatformDiffers,
		"医保平台的结算金额与本地不同；请按所列差额向患者补收或退还。",
		"the platform's split differs from the local one",
	},
	{
		UploadHeld,
		"这笔记录已暂停上传，等待处理；请医保办按提示更正后放行。",
		"held until a clerk repairs and releases it",
	},
	{
		IllustrativePolicy,
		"当日使用的是演示用政策数据，不能用于真实结算；请联系信息科。",
		"a rule in force comes from an overlay marked illustrative",
	},
	{
		ProvisionalSettling,
		"本笔为离线预结算，以医保平台的结果为准。",
		"settled without the platform",
	},
}
