package catalogue

// Table is one of the catalogue's tables, named by the transaction that gives it.
type Table string

// Tables of the catalogue (national interface, catalogues).
const (
	Items  Table = "1312" // 医保目录信息: category and kind of charge
	Caps   Table = "1318" // 医保目录限价: by kind of price limit
	Ratios Table = "1319" // 医保目录先自付比例: by kind of insurance
)

// column is a field of a table that is looked at.
type column struct {
	name     string
	most     int // characters
	required bool
}

// Names of fields that the code asks for.
const (
	fieldCode    = "hilist_code"
	fieldName    = "hilist_name"
	fieldArea    = "insu_admdvs"
	fieldFrom    = "begndate"
	fieldTo      = "enddate"
	fieldCharge  = "med_chrgitm_type"
	fieldLevel   = "chrgitm_lv"
	fieldLimited = "lmt_used_flag"
	fieldCapType = "hilist_lmtpric_type"
	fieldWay     = "overlmt_dspo_way"
	fieldCap     = "hilist_pric_uplmt_amt"
	fieldPerson  = "selfpay_prop_psn_type"
	fieldKind    = "selfpay_prop_type"
	fieldRatio   = "selfpay_prop"
	fieldValid   = "vali_flag"
	fieldRow     = "rid"
	fieldUpdated = "updt_time"
)

// The fields that are read, with their lengths, as the output tables of the three
// transactions give them. Never written to.
var (
	itemColumns = []column{
		{fieldCode, 30, true},
		{fieldName, 200, true},
		{fieldArea, 6, true},
		{fieldFrom, 30, true},
		{fieldTo, 30, false},
		{fieldCharge, 6, true},
		{fieldLevel, 3, true},
		{fieldLimited, 3, true},
		{fieldValid, 3, true},
		{fieldRow, 40, true},
		{fieldUpdated, 30, true},
	}
	capColumns = []column{
		{fieldCode, 30, true},
		{fieldCapType, 6, true},
		{fieldWay, 6, true},
		{fieldArea, 6, true},
		{fieldFrom, 30, true},
		{fieldTo, 30, false},
		{fieldCap, 17, true},
		{fieldValid, 3, true},
		{fieldRow, 40, true},
		{fieldUpdated, 30, true},
	}
	ratioColumns = []column{
		{fieldCode, 30, true},
		{fieldPerson, 6, true},
		{fieldKind, 6, true},
		{fieldArea, 6, true},
		{fieldFrom, 30, true},
		{fieldTo, 30, false},
		{fieldRatio, 6, true},
		{fieldValid, 3, true},
		{fieldRow, 40, true},
		{fieldUpdated, 30, true},
	}
)

// The order of the columns of a text file without a header: that of the output tables.
// Never written to.
var (
	itemOrder = []string{
		fieldCode, fieldName, fieldArea, fieldFrom, fieldTo, fieldCharge, fieldLevel, fieldLimited, "list_type", "med_use_flag",
		"matn_used_flag", "hilist_use_type", "lmt_cpnd_type", "wubi", "pinyin", "memo", fieldValid, fieldRow, fieldUpdated,
	}
	capOrder = []string{
		fieldCode, fieldCapType, fieldWay, fieldArea, fieldFrom, fieldTo, fieldCap, fieldValid, fieldRow, fieldUpdated,
	}
	ratioOrder = []string{
		fieldCode, fieldPerson, fieldKind, fieldArea, fieldFrom, fieldTo, fieldRatio, fieldValid, fieldRow, fieldUpdated,
	}
)

// tables are all of them, in the order in which they are shown and digested.
func tables() [3]Table { return [3]Table{Items, Caps, Ratios} }

func (t Table) columns() []column {
	switch t {
	case Items:
		return itemColumns
	case Caps:
		return capColumns
	case Ratios:
		return ratioColumns
	}
	return nil
}

func (t Table) order() []string {
	switch t {
	case Items:
		return itemOrder
	case Caps:
		return capOrder
	case Ratios:
		return ratioOrder
	}
	return nil
}

// column gives the column of a field, nil if it is not looked at.
func (t Table) column(name string) *column {
	columns := t.columns()
	for i := range columns {
		if columns[i].name == name {
			return &columns[i]
		}
	}
	return nil
}

// tableOf tells a row's table by the field that only it has; "" if it has none of them.
func tableOf(has func(field string) bool) Table {
	switch {
	case has(fieldCapType):
		return Caps
	case has(fieldPerson):
		return Ratios
	case has(fieldLevel):
		return Items
	}
	return ""
}
