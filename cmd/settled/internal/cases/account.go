package cases

import "settled/settle"

// account reads a family account. What decides whether it may pay must be there: a word
// that is missing or misspelt is not one that says no.
func (k *kase) account(r *reader) {
	var a settle.FamilyAccount
	told := false
	r.object(func(name []byte) bool {
		switch string(name) {
		case "account_id":
			word(r, &a.ID)
		case "relation":
			word(r, &a.Relation)
		case "donor_tier":
			word(r, &a.DonorTier)
		case "link_type":
			word(r, &a.Link)
		case "link_from":
			r.day(&a.LinkFrom)
		case "link_to":
			r.end(&a.LinkTo)
		case "balance":
			told = r.told()
			r.fen(&a.Balance)
		case "is_registered_guardian":
			r.flag(&a.RegisteredGuardian)
		default:
			return false
		}
		return true
	})
	r.need(told, "balance")
	r.need(a.Relation != "", "relation")
	r.need(a.DonorTier != "", "donor_tier")
	r.need(a.Link != "", "link_type")
	if a.Link != settle.MutualAid && a.Link != settle.FamilyDisplay {
		r.fail("link_type: %q is not %s or %s", settle.Clip(string(a.Link)), settle.MutualAid, settle.FamilyDisplay)
	}
	k.Person.Family = append(k.Person.Family, a)
}
