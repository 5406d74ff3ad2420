package settle

// HomeCity is the city whose rules these are.
const HomeCity = "shenzhen"

// HomeProvince is its province (C-2).
const HomeProvince = "guangdong"

func (w *work) inCity() bool { return w.bill.Visit.Institution.City == HomeCity }

// openPlace reads by what the in-city rates are multiplied out of town; ok is false if
// its row is missing, as it is before 2023-10-01, and then the split is refused (D-9).
func (w *work) openPlace() (ok bool) {
	if w.inCity() {
		return true
	}
	place, reason := w.place()
	n := w.rules.Number(ParamOutOfTown, Key{place})
	if !n.known() {
		w.missing(n, ParamOutOfTown, Key{place})
		return false
	}
	w.multiplier, w.away = n, reason
	w.out.Multiplier = n.Decimal
	return true
}

// place tells which rule holds out of town: filed or referred before emergency rescue,
// before care in the province, before all other (C-1 to C-4).
func (w *work) place() (key string, reason Code) {
	v := &w.bill.Visit
	switch {
	case v.Filing == FilingLongTerm && w.mayFile():
		return PlaceFiled, FiledLongTerm
	case v.Filing == FilingReferral:
		return PlaceFiled, FiledReferral
	case v.Kind == EmergencyRescue:
		return PlaceEmergency, OutOfTownEmergency
	case v.Institution.Province != HomeProvince:
		return PlaceTemporary, OutOfTownTemporary
	case v.Kind == Inpatient:
		return PlaceProvinceInpatient, OutOfTownInProvince
	default:
		return PlaceProvinceOutpat, OutOfTownInProvince
	}
}

// mayFile tells whether a long-term filing is valid: of children and students only
// those of the city's register may file (C-5).
func (w *work) mayFile() bool {
	child := w.person.Category == ChildResident || w.person.Category == Student
	return !child || w.person.ShenzhenHukou
}
