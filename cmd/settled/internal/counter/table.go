package counter

import "settled/settle"

// State is where a window's session stands.
type State uint8

// States, in the order of an ordinary settlement. Checking and Committing are the
// two moments of a confirmation: the first can still be cancelled, the second can
// not.
const (
	Idle       State = iota // no card, or its business is over
	Reading                 // the patient's card is read and the platform asked
	Identified              // it is known who the patient is
	Quoted                  // a split is on the screen
	Checking                // confirmed; the cards are compared again
	Committing              // being written; only the book's answer ends this
	Committed               // durable; the slip is being printed, or could not be
	Printed                 // durable and on paper
	Stopped                 // the book does not know whether it wrote
	states
)

var stateNames = [states]string{"idle", "reading", "identified", "quoted", "checking", "committing", "committed", "printed", "stopped"}

// String names the state as the API does.
func (s State) String() string { return stateNames[s] }

// kind is what happened.
type kind uint8

// Kinds of events: of the readers, of people, and answers to effects.
const (
	patientIn kind = iota
	patientOut
	guardianIn
	guardianOut

	askQuote
	askConfirm
	askCancel
	askLink
	askReprint
	askRead
	askScan
	askGuardianScan

	patientKnown    // the read card's holder is known
	patientUnknown  // the read failed, or nothing is known of the holder
	guardianKnown   //
	guardianUnknown //
	quoteMade       //
	checksPassed    // both cards are the ones that were read
	patientNotSame  // the patient's card is another one, or not readable
	guardianNotSame //
	durable         // the book has written
	stale           // the book has not written; a new quote is made
	notTaken        // refused after the confirmation; nothing was written
	outcomeUnknown  // the book does not know
	slipPrinted     //
	slipFailed      //
	kinds
)

var kindNames = [kinds]string{
	"patient card in", "patient card out", "guardian card in", "guardian card out",
	"quote", "confirm", "cancel", "link", "reprint", "read again", "scan", "scan of the guardian's code",
	"patient known", "patient unknown", "guardian known", "guardian unknown", "quote made", "checks passed",
	"patient not the same", "guardian not the same", "durable", "stale", "not taken", "outcome unknown",
	"slip printed", "slip failed",
}

func (k kind) String() string { return kindNames[k] }

// effect is something the session does because of an event.
type effect uint8

const (
	readPatient      effect = iota // start reading the patient's card
	readGuardian                   // start reading the guardian's card
	readCode                       // start finding out who a 医保码 stands for
	readGuardianCode               // likewise, of the guardian's
	dropPatient                    // stop reading it, forget the person
	dropGuardian                   //
	keepPatient                    // remember whom the event names
	keepGuardian                   //
	dropQuote                      //
	keepQuote                      //
	startChecks                    // give the confirmation its own cancellable context
	stopChecks                     // end it
	keepSlip                       // remember the settlement as this window's last
	printSlip                      // print it
	noteSlip                       // show whether it came out
	effects
)

// cell is what an event does in a state: go to next, do effects in order and show
// a message; or refuse; or keep the event until the write is over.
type cell struct {
	next   State
	do     []effect
	say    settle.Code // shown unless the event brings its own reason
	refuse settle.Code // forbidden: nothing changes
	later  bool        // handled when the state is left
}

// table is the session: every state with every event. It is never written to.
var table = [states][kinds]cell{
	Idle: {
		patientIn:   {next: Reading, do: []effect{dropPatient, readPatient}},
		patientOut:  {next: Idle},
		guardianIn:  {next: Idle, do: []effect{dropGuardian, readGuardian}},
		guardianOut: {next: Idle, do: []effect{dropGuardian}},

		askQuote:        {refuse: settle.NoCard},
		askConfirm:      {refuse: settle.QuoteUnknown},
		askCancel:       {refuse: NothingToCancel},
		askLink:         {refuse: settle.NoCard},
		askReprint:      {next: Idle, do: []effect{printSlip}},
		askRead:         {next: Reading, do: []effect{dropPatient, readPatient}},
		askScan:         {next: Reading, do: []effect{dropPatient, readCode}},
		askGuardianScan: {refuse: settle.NoCard},

		patientKnown:    {refuse: LateAnswer},
		patientUnknown:  {refuse: LateAnswer},
		guardianKnown:   {next: Idle, do: []effect{keepGuardian}},
		guardianUnknown: {next: Idle, do: []effect{dropGuardian}},
		quoteMade:       {refuse: LateAnswer},
		checksPassed:    {refuse: LateAnswer},
		patientNotSame:  {refuse: LateAnswer},
		guardianNotSame: {refuse: LateAnswer},
		durable:         {refuse: LateAnswer},
		stale:           {refuse: LateAnswer},
		notTaken:        {refuse: LateAnswer},
		outcomeUnknown:  {refuse: LateAnswer},
		slipPrinted:     {next: Idle, do: []effect{noteSlip}},
		slipFailed:      {next: Idle, do: []effect{noteSlip}, say: PrintFailed},
	},
	Reading: {
		patientIn:   {next: Reading, do: []effect{dropPatient, readPatient}, say: settle.CardChanged},
		patientOut:  {next: Idle, do: []effect{dropPatient}, say: settle.CardRemoved},
		guardianIn:  {next: Reading, do: []effect{dropGuardian, readGuardian}},
		guardianOut: {next: Reading, do: []effect{dropGuardian}},

		askQuote:        {refuse: StillReading},
		askConfirm:      {refuse: StillReading},
		askCancel:       {next: Idle, do: []effect{dropPatient}, say: Cancelled},
		askLink:         {refuse: StillReading},
		askReprint:      {next: Reading, do: []effect{printSlip}},
		askRead:         {refuse: StillReading},
		askScan:         {refuse: StillReading},
		askGuardianScan: {refuse: StillReading},

		patientKnown:    {next: Identified, do: []effect{keepPatient}},
		patientUnknown:  {next: Idle, do: []effect{dropPatient}, say: settle.PersonUnknown},
		guardianKnown:   {next: Reading, do: []effect{keepGuardian}},
		guardianUnknown: {next: Reading, do: []effect{dropGuardian}},
		quoteMade:       {refuse: LateAnswer},
		checksPassed:    {refuse: LateAnswer},
		patientNotSame:  {refuse: LateAnswer},
		guardianNotSame: {refuse: LateAnswer},
		durable:         {refuse: LateAnswer},
		stale:           {refuse: LateAnswer},
		notTaken:        {refuse: LateAnswer},
		outcomeUnknown:  {refuse: LateAnswer},
		slipPrinted:     {next: Reading, do: []effect{noteSlip}},
		slipFailed:      {next: Reading, do: []effect{noteSlip}, say: PrintFailed},
	},
	Identified: {
		patientIn:   {next: Reading, do: []effect{dropPatient, readPatient}, say: settle.CardChanged},
		patientOut:  {next: Idle, do: []effect{dropPatient}, say: settle.CardRemoved},
		guardianIn:  {next: Identified, do: []effect{dropGuardian, readGuardian}},
		guardianOut: {next: Identified, do: []effect{dropGuardian}},

		askQuote:        {next: Identified},
		askConfirm:      {refuse: NoQuote},
		askCancel:       {next: Idle, do: []effect{dropPatient}, say: Cancelled},
		askLink:         {next: Identified},
		askReprint:      {next: Identified, do: []effect{printSlip}},
		askRead:         {next: Reading, do: []effect{dropPatient, readPatient}},
		askScan:         {refuse: PatientPresent},
		askGuardianScan: {next: Identified, do: []effect{dropGuardian, readGuardianCode}},

		patientKnown:    {refuse: LateAnswer},
		patientUnknown:  {refuse: LateAnswer},
		guardianKnown:   {next: Identified, do: []effect{keepGuardian}},
		guardianUnknown: {next: Identified, do: []effect{dropGuardian}},
		quoteMade:       {next: Quoted, do: []effect{keepQuote}},
		checksPassed:    {refuse: LateAnswer},
		patientNotSame:  {refuse: LateAnswer},
		guardianNotSame: {refuse: LateAnswer},
		durable:         {refuse: LateAnswer},
		stale:           {refuse: LateAnswer},
		notTaken:        {refuse: LateAnswer},
		outcomeUnknown:  {refuse: LateAnswer},
		slipPrinted:     {next: Identified, do: []effect{noteSlip}},
		slipFailed:      {next: Identified, do: []effect{noteSlip}, say: PrintFailed},
	},
	Quoted: {
		patientIn:   {next: Reading, do: []effect{dropQuote, dropPatient, readPatient}, say: settle.CardChanged},
		patientOut:  {next: Idle, do: []effect{dropQuote, dropPatient}, say: settle.CardRemoved},
		guardianIn:  {next: Identified, do: []effect{dropQuote, dropGuardian, readGuardian}, say: GuardianCame},
		guardianOut: {next: Identified, do: []effect{dropQuote, dropGuardian}, say: GuardianLeft},

		askQuote:        {next: Identified, do: []effect{dropQuote}},
		askConfirm:      {next: Checking, do: []effect{startChecks}},
		askCancel:       {next: Identified, do: []effect{dropQuote}, say: Cancelled},
		askLink:         {next: Identified, do: []effect{dropQuote}},
		askReprint:      {next: Quoted, do: []effect{printSlip}},
		askRead:         {next: Reading, do: []effect{dropQuote, dropPatient, readPatient}},
		askScan:         {refuse: PatientPresent},
		askGuardianScan: {next: Identified, do: []effect{dropQuote, dropGuardian, readGuardianCode}, say: GuardianCame},

		patientKnown:    {refuse: LateAnswer},
		patientUnknown:  {refuse: LateAnswer},
		guardianKnown:   {refuse: LateAnswer}, // no quote is made while that card is being read
		guardianUnknown: {refuse: LateAnswer},
		quoteMade:       {refuse: LateAnswer},
		checksPassed:    {refuse: LateAnswer},
		patientNotSame:  {refuse: LateAnswer},
		guardianNotSame: {refuse: LateAnswer},
		durable:         {refuse: LateAnswer},
		stale:           {refuse: LateAnswer},
		notTaken:        {refuse: LateAnswer},
		outcomeUnknown:  {refuse: LateAnswer},
		slipPrinted:     {next: Quoted, do: []effect{noteSlip}},
		slipFailed:      {next: Quoted, do: []effect{noteSlip}, say: PrintFailed},
	},
	Checking: {
		patientIn:   {next: Reading, do: []effect{stopChecks, dropQuote, dropPatient, readPatient}, say: settle.CardChanged},
		patientOut:  {next: Idle, do: []effect{stopChecks, dropQuote, dropPatient}, say: settle.CardRemoved},
		guardianIn:  {next: Identified, do: []effect{stopChecks, dropQuote, dropGuardian, readGuardian}, say: GuardianCame},
		guardianOut: {next: Identified, do: []effect{stopChecks, dropQuote, dropGuardian}, say: GuardianLeft},

		askQuote:        {refuse: ConfirmRunning},
		askConfirm:      {refuse: ConfirmTwice},
		askCancel:       {next: Identified, do: []effect{stopChecks, dropQuote}, say: Cancelled},
		askLink:         {refuse: ConfirmRunning},
		askReprint:      {refuse: ConfirmRunning},
		askRead:         {refuse: ConfirmRunning},
		askScan:         {refuse: ConfirmRunning},
		askGuardianScan: {refuse: ConfirmRunning},

		patientKnown:    {refuse: LateAnswer},
		patientUnknown:  {refuse: LateAnswer},
		guardianKnown:   {refuse: LateAnswer},
		guardianUnknown: {refuse: LateAnswer},
		quoteMade:       {refuse: LateAnswer},
		checksPassed:    {next: Committing},
		patientNotSame:  {next: Idle, do: []effect{stopChecks, dropQuote, dropPatient}, say: settle.CardChanged},
		guardianNotSame: {next: Identified, do: []effect{stopChecks, dropQuote, dropGuardian}, say: settle.CardChanged},
		durable:         {refuse: LateAnswer},
		stale:           {refuse: LateAnswer},
		notTaken:        {next: Identified, do: []effect{stopChecks, dropQuote}},
		outcomeUnknown:  {refuse: LateAnswer},
		slipPrinted:     {next: Checking, do: []effect{noteSlip}},
		slipFailed:      {next: Checking, do: []effect{noteSlip}, say: PrintFailed},
	},
	Committing: {
		patientIn:   {later: true},
		patientOut:  {later: true},
		guardianIn:  {later: true},
		guardianOut: {later: true},

		askQuote:        {refuse: WritingNow},
		askConfirm:      {refuse: ConfirmTwice},
		askCancel:       {refuse: WritingNow},
		askLink:         {refuse: WritingNow},
		askReprint:      {refuse: WritingNow},
		askRead:         {refuse: WritingNow},
		askScan:         {refuse: WritingNow},
		askGuardianScan: {refuse: WritingNow},

		patientKnown:    {refuse: LateAnswer},
		patientUnknown:  {refuse: LateAnswer},
		guardianKnown:   {refuse: LateAnswer},
		guardianUnknown: {refuse: LateAnswer},
		quoteMade:       {refuse: LateAnswer},
		checksPassed:    {refuse: LateAnswer},
		patientNotSame:  {refuse: LateAnswer},
		guardianNotSame: {refuse: LateAnswer},
		durable:         {next: Committed, do: []effect{stopChecks, dropQuote, keepSlip, printSlip}},
		stale:           {next: Quoted, do: []effect{stopChecks, keepQuote}, say: settle.StaleQuote},
		notTaken:        {next: Identified, do: []effect{stopChecks, dropQuote}},
		outcomeUnknown:  {next: Stopped, do: []effect{stopChecks}, say: settle.JournalStopped},
		slipPrinted:     {next: Committing, do: []effect{noteSlip}},
		slipFailed:      {next: Committing, do: []effect{noteSlip}, say: PrintFailed},
	},
	Committed: {
		patientIn:   {next: Reading, do: []effect{dropPatient, readPatient}},
		patientOut:  {next: Idle, do: []effect{dropPatient}},
		guardianIn:  {next: Committed, do: []effect{dropGuardian, readGuardian}},
		guardianOut: {next: Committed, do: []effect{dropGuardian}},

		askQuote:        {next: Identified}, // the same patient's next bill
		askConfirm:      {refuse: AlreadySettled},
		askCancel:       {refuse: AlreadySettled},
		askLink:         {next: Committed},
		askReprint:      {next: Committed, do: []effect{printSlip}},
		askRead:         {next: Reading, do: []effect{dropPatient, readPatient}},
		askScan:         {next: Reading, do: []effect{dropPatient, readCode}},
		askGuardianScan: {refuse: AlreadySettled},

		patientKnown:    {refuse: LateAnswer},
		patientUnknown:  {refuse: LateAnswer},
		guardianKnown:   {next: Committed, do: []effect{keepGuardian}},
		guardianUnknown: {next: Committed, do: []effect{dropGuardian}},
		quoteMade:       {refuse: LateAnswer},
		checksPassed:    {refuse: LateAnswer},
		patientNotSame:  {refuse: LateAnswer},
		guardianNotSame: {refuse: LateAnswer},
		durable:         {refuse: LateAnswer},
		stale:           {refuse: LateAnswer},
		notTaken:        {refuse: LateAnswer},
		outcomeUnknown:  {refuse: LateAnswer},
		slipPrinted:     {next: Printed, do: []effect{noteSlip}},
		slipFailed:      {next: Committed, do: []effect{noteSlip}, say: PrintFailed},
	},
	Printed: {
		patientIn:   {next: Reading, do: []effect{dropPatient, readPatient}},
		patientOut:  {next: Idle, do: []effect{dropPatient}},
		guardianIn:  {next: Printed, do: []effect{dropGuardian, readGuardian}},
		guardianOut: {next: Printed, do: []effect{dropGuardian}},

		askQuote:        {next: Identified},
		askConfirm:      {refuse: AlreadySettled},
		askCancel:       {refuse: AlreadySettled},
		askLink:         {next: Printed},
		askReprint:      {next: Printed, do: []effect{printSlip}},
		askRead:         {next: Reading, do: []effect{dropPatient, readPatient}},
		askScan:         {next: Reading, do: []effect{dropPatient, readCode}},
		askGuardianScan: {refuse: AlreadySettled},

		patientKnown:    {refuse: LateAnswer},
		patientUnknown:  {refuse: LateAnswer},
		guardianKnown:   {next: Printed, do: []effect{keepGuardian}},
		guardianUnknown: {next: Printed, do: []effect{dropGuardian}},
		quoteMade:       {refuse: LateAnswer},
		checksPassed:    {refuse: LateAnswer},
		patientNotSame:  {refuse: LateAnswer},
		guardianNotSame: {refuse: LateAnswer},
		durable:         {refuse: LateAnswer},
		stale:           {refuse: LateAnswer},
		notTaken:        {refuse: LateAnswer},
		outcomeUnknown:  {refuse: LateAnswer},
		slipPrinted:     {next: Printed, do: []effect{noteSlip}},
		slipFailed:      {next: Printed, do: []effect{noteSlip}, say: PrintFailed},
	},
	// Stopped keeps the quote: the same quote with the same key may be confirmed again,
	// and the book says what became of it.
	Stopped: {
		patientIn:   {next: Reading, do: []effect{dropQuote, dropPatient, readPatient}, say: settle.JournalStopped},
		patientOut:  {next: Idle, do: []effect{dropQuote, dropPatient}, say: settle.JournalStopped},
		guardianIn:  {next: Identified, do: []effect{dropQuote, dropGuardian, readGuardian}, say: settle.JournalStopped},
		guardianOut: {next: Identified, do: []effect{dropQuote, dropGuardian}, say: settle.JournalStopped},

		askQuote:        {refuse: settle.JournalStopped},
		askConfirm:      {next: Checking, do: []effect{startChecks}},
		askCancel:       {refuse: settle.JournalStopped},
		askLink:         {refuse: settle.JournalStopped},
		askReprint:      {next: Stopped, do: []effect{printSlip}},
		askRead:         {refuse: settle.JournalStopped},
		askScan:         {refuse: settle.JournalStopped},
		askGuardianScan: {refuse: settle.JournalStopped},

		patientKnown:    {refuse: LateAnswer},
		patientUnknown:  {refuse: LateAnswer},
		guardianKnown:   {refuse: LateAnswer},
		guardianUnknown: {refuse: LateAnswer},
		quoteMade:       {refuse: LateAnswer},
		checksPassed:    {refuse: LateAnswer},
		patientNotSame:  {refuse: LateAnswer},
		guardianNotSame: {refuse: LateAnswer},
		durable:         {refuse: LateAnswer},
		stale:           {refuse: LateAnswer},
		notTaken:        {refuse: LateAnswer},
		outcomeUnknown:  {refuse: LateAnswer},
		slipPrinted:     {next: Stopped, do: []effect{noteSlip}},
		slipFailed:      {next: Stopped, do: []effect{noteSlip}, say: PrintFailed},
	},
}
