package settle

// Code names a reason of a split, a reason why a family account did not pay, or a
// refusal. Each has a sentence for the cashier ([Code.Cashier]), which says what to
// do next, and one for the technician ([Code.Technician]).
type Code string

// MutualPrefix marks, among the reasons of a split, the code of a family account
// that could not pay: "MUTUAL:BELOW_THRESHOLD".
const MutualPrefix = "MUTUAL:"

// How a visit got its benefits: the first reason of a split that is not refused.
const (
	SelectedDirect             Code = "SELECTED_DIRECT"              // S-1, S-2
	SelectedSettlementHospital Code = "SELECTED_SETTLEMENT_HOSPITAL" // S-4
	SelectedAffiliated         Code = "SELECTED_AFFILIATED"          // S-4
	Referred                   Code = "REFERRED"                     // S-6
	RescueVisit                Code = "EMERGENCY_RESCUE"             // S-5
	NotSelected                Code = "NOT_SELECTED"                 // S-5
	NoSelection                Code = "NO_SELECTION"                 // S-5
	SelectionInvalidAge14      Code = "SELECTION_INVALID_AGE14"      // S-3
	ReferralRequired           Code = "REFERRAL_REQUIRED"            // S-8, before 2023-10-01
	InpatientVisit             Code = "INPATIENT"                    // I-1
	SpecialClass1              Code = "MENTE_CLASS1"                 // M-1
	Tier1AccountOnly           Code = "TIER1_ACCOUNT_ONLY"           // O256-3
	Tier1Pool30                Code = "TIER1_POOL_30"                // O256-3
)

// Which out-of-town rule multiplied the rate.
const (
	OutOfTownTemporary  Code = "OOC_TEMP"             // C-1
	OutOfTownInProvince Code = "OOC_TEMP_IN_PROVINCE" // C-2
	OutOfTownEmergency  Code = "OOC_EMERGENCY"        // C-3
	FiledLongTerm       Code = "FILED_LONG_TERM"      // C-4
	FiledReferral       Code = "FILED_REFERRAL"       // C-4
)

// What happened to the fund's share.
const (
	LimitReached Code = "LIMIT_REACHED" // L-1
)

// Why nothing is settled: the only reason of a refused split.
const (
	DuplicateEnrolment Code = "DUPLICATE_ENROLMENT"   // P-4
	NotInBenefitPeriod Code = "NOT_IN_BENEFIT_PERIOD" // P-1..P-3
	PolicyRowMissing   Code = "POLICY_ROW_MISSING"    // D-9
	SelectionUnknown   Code = "SELECTION_UNKNOWN"     // S-4: nothing is known of the institution that is selected
)

// Why a family account did not pay; [Draw.Denied] has them as they are, a split's
// reasons have them with [MutualPrefix].
const (
	NotMutualAidLink          Code = "NOT_MUTUAL_AID_LINK"
	LinkNotActive             Code = "LINK_NOT_ACTIVE"
	DonorHasNoAccount         Code = "DONOR_HAS_NO_ACCOUNT"
	RelationNotCovered        Code = "RELATION_NOT_COVERED"
	MobileGuardianMismatch    Code = "MOBILE_GUARDIAN_MISMATCH"
	BeneficiaryBalanceNotZero Code = "BENEFICIARY_BALANCE_NOT_ZERO"
	DonorBalanceZero          Code = "DONOR_BALANCE_ZERO"
	BelowThreshold            Code = "BELOW_THRESHOLD"
)

// Why a family's wish cannot be met.
const (
	DonorNotInsured    Code = "DONOR_NOT_INSURED"
	SelectionPending   Code = "SELECTION_PENDING"    // S-7: a change has not come into force yet
	SelectionSame      Code = "SELECTION_SAME"       // it is selected already
	SelectionInvalid   Code = "SELECTION_INVALID"    // S-1, S-2: of a kind or place that may not be selected
	SelectionNotNeeded Code = "SELECTION_NOT_NEEDED" // tier 1: no rule at hand says what to select
)

// What is wrong with an input.
const (
	BadField       Code = "BAD_FIELD"        // a value that cannot be
	UnknownField   Code = "UNKNOWN_FIELD"    // a field that is not in the format
	MissingField   Code = "MISSING_FIELD"    // a field that must be there
	DuplicateField Code = "DUPLICATE_FIELD"  // the same field twice
	BadSyntax      Code = "BAD_SYNTAX"       // not one JSON object
	BadEncoding    Code = "BAD_ENCODING"     // not UTF-8
	BodyTooLarge   Code = "BODY_TOO_LARGE"   // over MaxBody
	TooManyLines   Code = "TOO_MANY_LINES"   // over MaxLines
	TotalMismatch  Code = "TOTAL_MISMATCH"   // the lines do not sum to the bill's total
	AmountTooLarge Code = "AMOUNT_TOO_LARGE" // over MaxFen
	FutureVisit    Code = "FUTURE_VISIT"     // a visit after today
	WrongRules     Code = "WRONG_RULES"      // rules of another day than the visit's
)

// What is wrong at the counter.
const (
	PersonUnknown   Code = "PERSON_UNKNOWN"       // nothing is known of the person
	WrongPerson     Code = "WRONG_PERSON"         // the bill is another person's
	NoCard          Code = "NO_CARD"              // no card in the reader
	CardRemoved     Code = "CARD_REMOVED"         // the card was taken out too early
	CardChanged     Code = "CARD_CHANGED"         // another card than the one that was read
	NotSSCCard      Code = "NOT_SSC_CARD"         // not a social-security card
	CardLockedData  Code = "CARD_LOCKED_DATA"     // good card, personal data locked
	ReaderMissing   Code = "READER_MISSING"       // no reader, or its service is down
	StaleQuote      Code = "STALE_QUOTE"          // something changed since the quote
	QuoteUnknown    Code = "QUOTE_UNKNOWN"        // no such quote, or it has expired
	WrongState      Code = "WRONG_STATE"          // not possible in this state of the window
	ShiftClosed     Code = "SHIFT_CLOSED"         // no shift is open
	NotAllowed      Code = "NOT_ALLOWED"          // the role may not do this
	Unauthenticated Code = "UNAUTHENTICATED"      // no token, or a wrong one
	TooLateToVoid   Code = "TOO_LATE_TO_VOID"     // the settlement can no longer be voided
	NoSettlement    Code = "NO_SETTLEMENT"        // no such settlement
	AlreadyVoided   Code = "ALREADY_VOIDED"       // reversed already
	GuardianMissing Code = "GUARDIAN_MISSING"     // a family account without its guardian's consent
	DoubleConflict  Code = "IDEMPOTENCY_CONFLICT" // F-4: same key, other content
)

// Offline, the journal and the platform.
const (
	KnowledgeTooOld     Code = "KNOWLEDGE_TOO_OLD"   // what is known of the person is too old to settle on
	OfflineLimit        Code = "OFFLINE_LIMIT"       // the limit of what may be settled offline
	ClockBehind         Code = "CLOCK_BEHIND"        // the clock is behind the journal
	JournalStopped      Code = "JOURNAL_STOPPED"     // the journal cannot write
	JournalUnavailable  Code = "JOURNAL_UNAVAILABLE" // the journal cannot be opened, or takes no entry
	JournalDamaged      Code = "JOURNAL_DAMAGED"     // the journal is not what was written
	JournalLost         Code = "JOURNAL_LOST"        // the journal has not all that was written
	NetworkDown         Code = "NETWORK_DOWN"        // no way out of this machine: cable, switch, router, name server
	PowerLost           Code = "POWER_LOST"          // power or daemon ended before it could be sent
	PlatformDown        Code = "PLATFORM_DOWN"       // no answer from the platform
	PlatformRefused     Code = "PLATFORM_REFUSED"    // the platform refused the message's content
	PlatformAccess      Code = "PLATFORM_ACCESS"     // the platform's access layer refused the message
	PlatformUnknown     Code = "PLATFORM_UNKNOWN"    // outcome unknown: asking and reversing
	PlatformDiffers     Code = "PLATFORM_DIFFERS"    // the platform's split differs from ours
	UploadHeld          Code = "UPLOAD_HELD"         // waits for a clerk
	IllustrativePolicy  Code = "ILLUSTRATIVE_POLICY" // rules of the day are for demonstration only
	RulesNotReloaded    Code = "RULES_NOT_RELOADED"  // new rules do not load; the old ones stay in force
	ProvisionalSettling Code = "PROVISIONAL"         // settled without the platform
)
