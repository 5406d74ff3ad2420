package nhsa

// Transaction numbers (交易编号) that this package speaks.
const (
	InfoSignIn         = "9001" // 签到
	InfoSignOut        = "9002" // 签退
	InfoPerson         = "1101" // 人员信息获取
	InfoInstitution    = "1201" // 医药机构信息获取
	InfoBenefit        = "2001" // 人员待遇享受检查
	InfoRegister       = "2201" // 门诊挂号
	InfoUnregister     = "2202" // 门诊挂号撤销
	InfoVisit          = "2203" // 门诊就诊信息上传
	InfoFees           = "2204" // 门诊费用明细信息上传
	InfoDropFees       = "2205" // 门诊费用明细信息撤销
	InfoTrial          = "2206" // 门诊预结算
	InfoSettle         = "2207" // 门诊结算
	InfoCancel         = "2208" // 门诊结算撤销
	InfoInpatientFees  = "2301" // 住院费用明细上传
	InfoInpatientDrop  = "2302" // 住院费用明细撤销
	InfoInpatientTrial = "2303" // 住院预结算
	InfoInpatient      = "2304" // 住院结算
	InfoInpatientBack  = "2305" // 住院结算撤销
	InfoAdmit          = "2401" // 入院办理
	InfoDischarge      = "2402" // 出院办理
	InfoStayChange     = "2403" // 住院信息变更
	InfoUnadmit        = "2404" // 入院撤销
	InfoUndischarge    = "2405" // 出院撤销
	InfoFile           = "2505" // 人员定点备案
	InfoUnfile         = "2506" // 人员定点备案撤销
	InfoReverse        = "2601" // 冲正交易
	InfoTotals         = "3201" // 医药机构费用结算对总账
	InfoDetails        = "3202" // 医药机构费用结算对明细账
	InfoClaim          = "3203" // 清算申请
	InfoUnclaim        = "3204" // 清算申请撤销
	InfoVisits         = "5201" // 就诊信息查询
	InfoDiagnoses      = "5202" // 诊断信息查询
	InfoSettlement     = "5203" // 结算信息查询
	InfoFeeLines       = "5204" // 费用明细查询
	InfoDrugs          = "5205" // 人员慢特病用药记录查询
	InfoUsage          = "5206" // 人员累计信息查询
	InfoChronic        = "5301" // 人员慢特病备案查询
	InfoSelections     = "5302" // 人员定点信息查询
	InfoUpload         = "9101" // 文件上传
	InfoDownload       = "9102" // 文件下载
)

// SignIn is the request 9001. It is made once per operator and day; the number that
// comes back goes into the head of every other request.
type SignIn struct {
	In struct {
		Operator string `json:"opter_no" wire:"C20*"`
		MAC      string `json:"mac" wire:"C20*"`
		IP       string `json:"ip" wire:"C20*"`
	} `json:"signIn"`
}

// NewSignIn makes the request 9001.
func NewSignIn(operator, mac, ip string) SignIn {
	var s SignIn
	s.In.Operator, s.In.MAC, s.In.IP = operator, mac, ip
	return s
}

// SignInOutput is the output of 9001 (interface 3.15).
type SignInOutput struct {
	In List[SignedIn] `json:"signinoutb"`
}

// SignedIn is the answer to 9001.
type SignedIn struct {
	No   Text `json:"sign_no"`
	Time Text `json:"sign_time"`
}

// ReadSignIn reads the answer to 9001.
func ReadSignIn(r Reply) (SignedIn, error) {
	var out SignInOutput
	if err := r.read(&out); err != nil {
		return SignedIn{}, err
	}
	if len(out.In) == 0 || out.In[0].No == "" {
		return SignedIn{}, r.lacking("sign_no")
	}
	return out.In[0], nil
}

// SignOut is the request 9002: it ends the day of an operator who signed in.
type SignOut struct {
	Out struct {
		No       string `json:"sign_no" wire:"C30*"`
		Operator string `json:"opter_no" wire:"C20*"`
	} `json:"signOut"`
}

// SignOutOutput is the output of 9002 (interface 3.15).
type SignOutOutput struct {
	Out List[SignedOut] `json:"signinoutb"`
}

// SignedOut is the answer to 9002.
type SignedOut struct {
	Time Text `json:"sign_time"`
}
