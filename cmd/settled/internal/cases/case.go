package cases

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"settled/settle"
)

// kase is one case as it stands in the bundle; fields that only describe the case
// or its expected outcome are let through unread.
type kase struct {
	ID         string          `json:"id"`
	Kind       string          `json:"kind"`
	PolicyDate settle.Date     `json:"policy_date"`
	Patient    patient         `json:"patient"`
	PlaceID    string          `json:"institution_id"`
	Place      *place          `json:"institution"`
	Visit      visit           `json:"visit"`
	Items      []item          `json:"items"`
	YTD        settle.Usage    `json:"ytd"`
	Own        *settle.Account `json:"own_account"`
	Mutual     []account       `json:"mutual_accounts"`

	Original string `json:"original_case"`
	Keep     []int  `json:"keep_item_indexes"`

	Title          json.RawMessage `json:"title"`
	RulePath       json.RawMessage `json:"rule_path"`
	Why            json.RawMessage `json:"why"`
	Confidence     json.RawMessage `json:"confidence"`
	Expected       json.RawMessage `json:"expected"`
	ExpectedReturn json.RawMessage `json:"expected_return"`
	Contested      json.RawMessage `json:"contested"`
	Method         json.RawMessage `json:"method"`
	SameKey        json.RawMessage `json:"same_idempotency_key"`
	PayloadChanged json.RawMessage `json:"payload_changed"`
}

type patient struct {
	Category   settle.Category `json:"category"`
	Retired    bool            `json:"retired"`
	Birth      settle.Date     `json:"birth_date"`
	Hukou      bool            `json:"shenzhen_hukou"`
	Benefit    settle.Benefit  `json:"benefit"`
	Selections []selection     `json:"selections"`
	Duplicate  bool            `json:"duplicate_enrolment"`
}

type selection struct {
	ID   string      `json:"institution_id"`
	From settle.Date `json:"from"`
	To   settle.Date `json:"to"`
}

// place is an institution with what the bundle says of it beside.
type place struct {
	settle.Institution
	InCity     *bool `json:"in_city"`
	InProvince *bool `json:"in_province"`
}

type visit struct {
	Kind       settle.VisitKind `json:"kind"`
	Referral   bool             `json:"referral_in_city"`
	Filing     settle.Filing    `json:"filing"`
	Admission  int              `json:"admission_no"`
	Continuous int              `json:"continuous_months"`
	Channel    settle.Channel   `json:"channel"`
}

// item is a line; numbers are strings here so that their form is checked before any
// arithmetic.
type item struct {
	Name           string          `json:"name"`
	Category       settle.Grade    `json:"category"`
	UnitPrice      string          `json:"unit_price"`
	Quantity       string          `json:"qty"`
	PriceCap       *string         `json:"price_cap"`
	FirstSelfPay   *string         `json:"first_self_pay_ratio"`
	Consultation   bool            `json:"consultation"`
	LargeEquipment bool            `json:"large_equipment"`
	Vaccination    bool            `json:"vaccination"`
	Kind           settle.LineKind `json:"kind"`
}

type account struct {
	ID        string          `json:"account_id"`
	Relation  settle.Relation `json:"relation"`
	DonorTier settle.Category `json:"donor_tier"`
	Link      settle.LinkKind `json:"link_type"`
	From      settle.Date     `json:"link_from"`
	To        settle.Date     `json:"link_to"`
	Balance   settle.Fen      `json:"balance"`
	Guardian  bool            `json:"is_registered_guardian"`
}

var errTrailing = errors.New("more than one value")

// strict decodes one JSON value that a decoder cut out, refusing unknown and repeated fields.
func strict(raw []byte, to any) error {
	if err := unrepeated(raw); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errTrailing
	}
	return nil
}
