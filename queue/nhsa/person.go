package nhsa

import (
	"errors"

	"settled/settle"
)

// Kinds of certificates (就诊凭证类型 mdtrt_cert_type).
const (
	CertToken = "01" // 医保电子凭证; a queued settlement with one is probably stale when it is sent
	CertID    = "02" // 居民身份证
	CertCard  = "03" // 社会保障卡
)

// Certificate is what identifies a patient to the platform.
type Certificate struct {
	Kind     string // mdtrt_cert_type
	No       Told   // mdtrt_cert_no: card number, or id number
	CardCode Told   // card_sn 卡识别码, with CertCard
}

var errCertificate = errors.New("neither a card number with its card code nor an id number is known")

// CertificateOf prefers the card, with its code, to the id number.
func CertificateOf(who settle.Identity) (Certificate, error) {
	switch {
	case who.CardNumber != "" && who.CardCode != "":
		return Certificate{Kind: CertCard, No: Told(who.CardNumber), CardCode: Told(who.CardCode)}, nil
	case who.IDNumber != "":
		return Certificate{Kind: CertID, No: Told(who.IDNumber)}, nil
	}
	return Certificate{}, errCertificate
}

// PersonQuery is the request 1101.
type PersonQuery struct {
	Data struct {
		CertKind   string `json:"mdtrt_cert_type" wire:"C3*"`
		CertNo     Told   `json:"mdtrt_cert_no" wire:"C50*"`
		CardCode   Told   `json:"card_sn" wire:"C32"`
		Began      string `json:"begntime" wire:"T"`
		PersonCert string `json:"psn_cert_type" wire:"C6"`
		IDNumber   Told   `json:"certno" wire:"C50"`
		Name       Told   `json:"psn_name" wire:"C50"`
	} `json:"data"`
}

// NewPersonQuery makes the request 1101 for a card or id number. psn_cert_type
// stays empty, as Shenzhen's client sends it.
func NewPersonQuery(who settle.Identity) (PersonQuery, error) {
	cert, err := CertificateOf(who)
	if err != nil {
		return PersonQuery{}, err
	}
	var q PersonQuery
	q.Data.CertKind, q.Data.CertNo, q.Data.CardCode = cert.Kind, cert.No, cert.CardCode
	q.Data.IDNumber, q.Data.Name = Told(who.IDNumber), Told(who.Name)
	return q, nil
}

// NewTokenQuery makes the request 1101 for the token of a 医保码.
func NewTokenQuery(token Told) (q PersonQuery) {
	q.Data.CertKind, q.Data.CertNo = CertToken, token
	return q
}

// PersonOutput is the output of 1101 (interface 3.2).
type PersonOutput struct {
	Base       List[Base]       `json:"baseinfo"`
	Insurance  List[Insurance]  `json:"insuinfo"`
	Identities List[Particular] `json:"idetinfo"`
}

// Person is the answer to 1101.
type Person struct {
	Base       Base
	Insurance  []Insurance
	Identities []Particular
}

// Base is baseinfo of 1101.
type Base struct {
	PersonNo  Told `json:"psn_no"`
	CertKind  Text `json:"psn_cert_type"` // 人员证件类型
	IDNumber  Told `json:"certno"`
	Name      Told `json:"psn_name"`
	Sex       Text `json:"gend"`
	Nation    Text `json:"naty"` // 民族
	Birth     Told `json:"brdy"`
	Age       Text `json:"age"` // years, one decimal
	Extension Text `json:"exp_content"`
}

// Insurance is a row of insuinfo of 1101. One person can hold several, in two areas
// at once: see [Person.Insured].
type Insurance struct {
	Balance    Amount `json:"balc"`
	Type       Text   `json:"insutype"`
	PersonType Text   `json:"psn_type"`
	Status     Text   `json:"psn_insu_stas"`
	From       Text   `json:"psn_insu_date"`
	Paused     Text   `json:"paus_insu_date"`
	Servant    Text   `json:"cvlserv_flag"` // 公务员标志
	AreaNow    Text   `json:"insuplc_admdvs"`
	AreaThen   Text   `json:"insu_admdvs"`
	AreaOther  Text   `json:"insu_plc_admdvs"`
	Employer   Told   `json:"emp_name"`
}

// Particular is a row of idetinfo of 1101: something about a person that may change the
// benefits (身份), in a period.
type Particular struct {
	Kind  Text `json:"psn_idet_type"` // 人员身份类别
	Level Text `json:"psn_type_lv"`   // 人员类别等级
	Memo  Text `json:"memo"`
	From  Text `json:"begntime"`
	To    Text `json:"endtime"`
}

// Area is the insured area (参保地医保区划) under any of its names.
func (i Insurance) Area() string {
	return or(string(i.AreaNow), or(string(i.AreaThen), string(i.AreaOther)))
}

// Normal tells whether the insurance runs (参保状态 1). Editions before the field
// leave it out, which counts as normal.
func (i Insurance) Normal() bool { return i.Status == "" || i.Status == "1" || i.Status == "01" }

// ReadPerson reads the answer to 1101.
func ReadPerson(r Reply) (Person, error) {
	var out PersonOutput
	if err := r.read(&out); err != nil {
		return Person{}, err
	}
	if len(out.Base) == 0 || out.Base[0].PersonNo == "" {
		return Person{}, r.lacking("psn_no")
	}
	return Person{Base: out.Base[0], Insurance: out.Insurance, Identities: out.Identities}, nil
}

// Insured picks the running basic insurance in the area: type first (310 before 390,
// or the one type asked for), then status, then area; never by position. The
// refusal says what was missing.
func (p Person) Insured(area, insutype string) (Insurance, error) {
	elsewhere, ended := false, false
	for _, want := range []Text{"310", "390"} {
		if insutype != "" && string(want) != insutype {
			continue
		}
		for _, row := range p.Insurance {
			switch {
			case row.Type != want:
			case !row.Normal():
				ended = true
			case row.Area() != area:
				elsewhere = true
			default:
				return row, nil
			}
		}
	}
	return Insurance{}, notInsured(area, elsewhere, ended)
}

func notInsured(area string, elsewhere, ended bool) *settle.Refusal {
	switch {
	case elsewhere:
		return &settle.Refusal{
			Code: "INSURED_ELSEWHERE", Cashier: "参保地不在本市，本系统不能按本市待遇结算。",
			Technician: "1101 has running basic insurance, but none in area " + area,
		}
	case ended:
		return &settle.Refusal{
			Code: "INSURANCE_ENDED", Cashier: "该参保人的参保状态不正常（已停保），不能医保结算。",
			Technician: "1101 has basic insurance in area " + area + " that is not in status 1",
		}
	}
	return &settle.Refusal{
		Code: "NOT_INSURED", Cashier: "该参保人没有职工或居民基本医疗保险的参保信息。",
		Technician: "1101 has no row of insutype 310 or 390",
	}
}
