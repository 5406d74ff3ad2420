package platform

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math/big"
	"strings"
)

// Data is what the platform knows before anybody calls.
type Data struct {
	people       map[string]*person // by psn_no
	byCert       map[string]*person // by id number, in capitals
	byCard       map[string]*person // by card number
	institutions map[string]institution
	items        map[string]item
	rules        rules
}

type person struct {
	PsnNo      string      `json:"psn_no"`
	Name       string      `json:"name"`
	CertNo     string      `json:"certno"`
	CardNumber string      `json:"card_number"`
	CardSN     string      `json:"card_sn"`
	Gend       string      `json:"gend"`
	Brdy       string      `json:"brdy"`
	Insurance  []insurance `json:"insurance"`
	Selections []selection `json:"selections"`
	Used       []used      `json:"used"`
	Donors     []string    `json:"donors"` // psn_no of those whose account may pay
}

type insurance struct {
	Insutype    string `json:"insutype"`
	PsnType     string `json:"psn_type"`
	Status      string `json:"psn_insu_stas"`
	Area        string `json:"insuplc_admdvs"`
	From        string `json:"psn_insu_date"`
	Paused      string `json:"paus_insu_date"`
	Balance     yuan   `json:"balc"`
	BenefitFrom string `json:"benefit_from"`
	BenefitTo   string `json:"benefit_to"`
}

type selection struct {
	Code     string `json:"fixmedins_code"`
	Insutype string `json:"insutype"`
	From     string `json:"begndate"`
	To       string `json:"enddate"`
}

type used struct {
	Year     string `json:"year"`
	Ordinary yuan   `json:"ordinary"`
	Level2   yuan   `json:"ordinary_l2plus"`
}

type institution struct {
	Code     string `json:"fixmedins_code"`
	Name     string `json:"fixmedins_name"`
	Level    int    `json:"level"`
	Kind     string `json:"kind"`
	Hospital string `json:"settlement_hospital"`
}

type item struct {
	Code         string `json:"med_list_codg"`
	Name         string `json:"name"`
	Level        string `json:"lv"`
	Prop         rat    `json:"prop"`
	Ceiling      rat    `json:"ceiling"`
	Charge       string `json:"charge"`
	Consultation bool   `json:"consultation"`
	Large        bool   `json:"large_equipment"`
	Restricted   bool   `json:"restricted"`
}

type rules struct {
	Years        []limits       `json:"years"`
	Ordinary     map[string]rat `json:"ordinary"`
	Consultation map[string]rat `json:"consultation"`
	Large        rat            `json:"large_equipment"`
	ElderBonus   rat            `json:"elder_bonus"`

	Inpatient        map[string]rat  `json:"inpatient"` // this and the next two: by level
	Deductible       map[string]yuan `json:"deductible"`
	DeductibleNext   map[string]yuan `json:"deductible_next"` // of the year's further stays
	InpatientRetired rat             `json:"inpatient_retired"`
}

type limits struct {
	Year           string `json:"year"`
	Resident       yuan   `json:"resident"`
	Employee       yuan   `json:"employee"`
	EmployeeLevel2 yuan   `json:"employee_level2"`
	Retired        yuan   `json:"retired"`
	RetiredLevel2  yuan   `json:"retired_level2"`
}

// rat is an exact fraction; its zero value is "not stated".
type rat struct{ *big.Rat }

// UnmarshalText reads "0.75"; "" is not stated.
func (r *rat) UnmarshalText(text []byte) error {
	r.Rat = nil
	if len(text) == 0 {
		return nil
	}
	v, ok := fraction(string(text))
	if !ok {
		return fmt.Errorf("not a number: %q", text)
	}
	r.Rat = v
	return nil
}

// Load reads people.json, institutions.json, catalogue.json and rules.json.
func Load(dir fs.FS) (*Data, error) {
	var people struct {
		People []*person `json:"people"`
	}
	var places struct {
		Institutions []institution `json:"institutions"`
	}
	var catalogue struct {
		Items []item `json:"items"`
	}
	d := &Data{people: map[string]*person{}, byCert: map[string]*person{}, byCard: map[string]*person{}, institutions: map[string]institution{}, items: map[string]item{}}
	for name, into := range map[string]any{
		"people.json": &people, "institutions.json": &places, "catalogue.json": &catalogue, "rules.json": &d.rules,
	} {
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("platform data: %w", err)
		}
		if err := json.Unmarshal(data, into); err != nil {
			return nil, fmt.Errorf("platform data %s: %w", name, err)
		}
	}
	for _, p := range people.People {
		d.people[p.PsnNo], d.byCert[strings.ToUpper(p.CertNo)], d.byCard[p.CardNumber] = p, p, p
	}
	for _, i := range places.Institutions {
		d.institutions[i.Code] = i
	}
	for _, i := range catalogue.Items {
		d.items[i.Code] = i
	}
	return d, nil
}

// running gives the person's running insurance of one type in Shenzhen.
func (p *person) running(insutype string) *insurance {
	for i := range p.Insurance {
		if r := &p.Insurance[i]; r.Insutype == insutype && r.Status == "1" && r.Area == home {
			return r
		}
	}
	return nil
}

// usedIn gives the person's usage of a year, making it if there is none.
func (p *person) usedIn(year string) *used {
	for i := range p.Used {
		if p.Used[i].Year == year {
			return &p.Used[i]
		}
	}
	p.Used = append(p.Used, used{Year: year})
	return &p.Used[len(p.Used)-1]
}
