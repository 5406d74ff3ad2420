package nhsa

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// message is a transaction's Go types; the specification's side of it is in spec.toml, and a test holds
// each against the other, field by field.
type message struct {
	infnos          []string
	request, output reflect.Type
}

// none is the output of a transaction that answers with nothing but its yes.
type none struct{}

func of[Request, Output any](infnos ...string) message {
	return message{infnos: infnos, request: reflect.TypeFor[Request](), output: reflect.TypeFor[Output]()}
}

// messages lists every transaction with its types.
func messages() []message {
	return []message{
		of[SignIn, SignInOutput](InfoSignIn),
		of[SignOut, SignOutOutput](InfoSignOut),
		of[PersonQuery, PersonOutput](InfoPerson),
		of[InstitutionQuery, InstitutionOutput](InfoInstitution),
		of[BenefitCheck, BenefitOutput](InfoBenefit),
		of[Register, RegisterOutput](InfoRegister),
		of[Unregister, none](InfoUnregister),
		of[VisitUpload, none](InfoVisit, "2203A"),
		of[FeeUpload, FeeOutput](InfoFees),
		of[DropFees, none](InfoDropFees),
		of[Trial, SettlementOutput](InfoTrial, "2206A"),
		of[Final, SettlementOutput](InfoSettle, "2207A"),
		of[Cancel, SettlementOutput](InfoCancel, InfoInpatientBack),
		of[Reverse, none](InfoReverse),
		of[InpatientFees, FeeOutput](InfoInpatientFees),
		of[InpatientDrop, none](InfoInpatientDrop),
		of[InpatientTrial, SettlementOutput](InfoInpatientTrial),
		of[InpatientFinal, SettlementOutput](InfoInpatient),
		of[Admission, AdmissionOutput](InfoAdmit),
		of[Discharge, none](InfoDischarge),
		of[StayChange, none](InfoStayChange),
		of[Unadmit, none](InfoUnadmit, InfoUndischarge),
		of[Filing, FilingOutput](InfoFile),
		of[Unfiling, none](InfoUnfile),
		of[ChronicQuery, ChronicOutput](InfoChronic),
		of[SelectionQuery, SelectionOutput](InfoSelections),
		of[Totals, TotalsOutput](InfoTotals),
		of[Details, DetailsOutput](InfoDetails),
		of[Claim, ClaimOutput](InfoClaim),
		of[Unclaim, none](InfoUnclaim),
		of[VisitsQuery, Rows[Visited]](InfoVisits),
		of[DiagnosesQuery, Rows[DiagnosisOnFile]](InfoDiagnoses),
		of[SettlementQuery, SettlementOnFileOutput](InfoSettlement),
		of[FeeLinesQuery, Rows[FeeOnFile]](InfoFeeLines),
		of[DrugsQuery, Rows[DrugOnFile]](InfoDrugs),
		of[UsageQuery, UsageOutput](InfoUsage),
		of[FileUpload, FileNote](InfoUpload),
		of[FileDownload, none](InfoDownload),
		of[CatalogueFile, CatalogueFileOutput]("1301", "1302", "1303", "1305", "1306", "1307", "1308", "1309",
			"1310", "1311", "1313", "1314", "1315"),
		of[CataloguePage, CataloguePageOutput]("1304", "1312", "1316", "1317", "1318", "1319"),
	}
}

// Infnos lists the transactions that have types.
func Infnos() []string {
	var list []string
	for _, m := range messages() {
		list = append(list, m.infnos...)
	}
	slices.Sort(list)
	return list
}

func messageOf(infno string) (message, error) {
	for _, m := range messages() {
		if slices.Contains(m.infnos, infno) {
			return m, nil
		}
	}
	return message{}, fmt.Errorf("transaction %q is not known", settle.Clip(infno))
}

// NewRequest makes a pointer to the empty input of a transaction, *[Trial] for "2206".
func NewRequest(infno string) (any, error) {
	m, err := messageOf(infno)
	if err != nil {
		return nil, err
	}
	return reflect.New(m.request).Interface(), nil
}

// CheckRequest holds the input of a transaction against its fields' lengths, forms and
// required flags; what does not fit is a [FieldError]. Codes are not checked: new ones
// pass. An input of a type that is no transaction's passes as far as it has wire tags; one
// of another transaction does not.
func CheckRequest(infno string, input any) error {
	if err := check(input, "input"); err != nil {
		return err
	}
	t := reflect.TypeOf(input)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	own, other := false, false
	for _, m := range messages() {
		if m.request == t {
			other = true
			own = own || slices.Contains(m.infnos, infno)
		}
	}
	if other && !own {
		return &FieldError{Field: "input", Want: fmt.Sprintf("the input of %s, not a %s", infno, t.Name())}
	}
	return nil
}

// ReadRequest reads an input of a transaction, as any client may have written it: numbers
// or text for text, an object for a list of one row, JSON in a string, names in whatever
// case. It gives a pointer to the transaction's type. Fields that are not known are left
// out; nothing is checked, for which there is [CheckRequest].
func ReadRequest(infno string, input json.RawMessage) (any, error) {
	v, err := NewRequest(infno)
	if err != nil {
		return nil, err
	}
	o, err := readObject(unwrap(input))
	if err != nil {
		return nil, fmt.Errorf("input of %s: %w", infno, err)
	}
	if err := fill(reflect.ValueOf(v).Elem(), o, "input"); err != nil {
		return nil, fmt.Errorf("%s: %w", infno, err)
	}
	return v, nil
}

// fill puts the fields of an object into those of a struct that have their names.
func fill(v reflect.Value, o map[string]any, path string) error {
	for i := range v.NumField() {
		name := jsonName(v.Type().Field(i))
		if name == "-" {
			continue
		}
		if err := fillField(v.Field(i), child(o, name), path+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func fillField(f reflect.Value, from any, path string) error {
	switch to := f.Addr().Interface().(type) {
	case *settle.Fen:
		fen, err := parseYuan(or(number(from), "0"))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		*to = fen
		return nil
	case *decimal.Decimal:
		s := or(number(from), "0")
		if numberProblem(s, "40,20") != "" { // bounds before arithmetic
			return fmt.Errorf("%s: not a number", path)
		}
		var err error
		*to, err = decimal.NewFromString(s)
		return err
	case *FileBytes:
		data, err := json.Marshal(from)
		if err != nil {
			return err
		}
		return json.Unmarshal(data, to)
	}
	rows := rowsOf(from)
	switch {
	case f.Kind() == reflect.Struct && len(rows) > 0:
		return fill(f, rows[0], path)
	case f.Kind() == reflect.Slice:
		f.Set(reflect.MakeSlice(f.Type(), len(rows), len(rows)))
		for i, row := range rows {
			if err := fill(f.Index(i), row, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case f.Kind() == reflect.String:
		s, ok := scalar(from)
		if !ok { // an extension may be an object where others have JSON in a string
			data, err := compact(from)
			if err != nil {
				return err
			}
			s = string(data)
		}
		f.SetString(s)
	}
	return nil
}

func number(v any) string {
	s, _ := scalar(v)
	return s
}

// ReadOutput reads the output of a reply as its transaction's type and gives a pointer to
// it: *[PersonOutput] for 1101. What the type does not know stays in the reply's Output.
// An output that cannot be read is *[Unknown].
func ReadOutput(r Reply) (any, error) {
	m, err := messageOf(r.Infno)
	if err != nil {
		return nil, err
	}
	v := reflect.New(m.output).Interface()
	if m.output == reflect.TypeFor[none]() {
		return v, nil // whatever came: nothing was to come
	}
	return v, r.read(v)
}
