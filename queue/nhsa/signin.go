package nhsa

// Transaction numbers (交易编号) that this package speaks.
const (
	InfoSignIn     = "9001" // 签到
	InfoPerson     = "1101" // 人员信息获取
	InfoBenefit    = "2001" // 人员待遇享受检查
	InfoRegister   = "2201" // 门诊挂号
	InfoUnregister = "2202" // 门诊挂号撤销
	InfoVisit      = "2203" // 门诊就诊信息上传
	InfoFees       = "2204" // 门诊费用明细信息上传
	InfoDropFees   = "2205" // 门诊费用明细信息撤销
	InfoTrial      = "2206" // 门诊预结算
	InfoSettle     = "2207" // 门诊结算
	InfoCancel     = "2208" // 门诊结算撤销
	InfoReverse    = "2601" // 冲正交易
	InfoVisits     = "5201" // 就诊信息查询
	InfoUsage      = "5206" // 人员累计信息查询
	InfoSelections = "5302" // 人员定点信息查询
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

// SignedIn is the answer to 9001.
type SignedIn struct {
	No   Text `json:"sign_no"`
	Time Text `json:"sign_time"`
}

// ReadSignIn reads the answer to 9001.
func ReadSignIn(r Reply) (SignedIn, error) {
	var out struct {
		In List[SignedIn] `json:"signinoutb"`
	}
	if err := r.read(&out); err != nil {
		return SignedIn{}, err
	}
	if len(out.In) == 0 || out.In[0].No == "" {
		return SignedIn{}, r.lacking("sign_no")
	}
	return out.In[0], nil
}
