// Package counter is one window of the hospital: card → quote → confirm → journal
// → receipt.
//
// settle.go is the flow from top to bottom and the file to read first; reverse.go is
// the way back, which needs no card and so no state of the window. table.go
// says what may happen in which state, as data. session.go carries the table out:
// events come in as values, effects go out as values, and no device decides
// anything. All that lies outside (cards, platform, journal, printer, clock) is
// behind the small interfaces of ports.go.
//
// What a refusal promises: nothing was taken or given back, and nothing was written.
// The one exception is [settle.JournalStopped], whose sentence says that the outcome
// is being looked up.
package counter
