// Package settle computes how a medical bill splits into pooled fund (统筹基金),
// the patient's own account (个人账户), the family's accounts (家庭共济) and cash,
// and gives the reason of every fen.
//
// The package is pure: the same arguments give the same Split, to the fen, on any
// machine and in any year. It reads no clock, file, network or log, and imports
// nothing else of this module. The rules of a day come in as [Rules] (package
// policy makes them), what was used so far as [Usage].
//
// Amounts are whole fen ([Fen]); prices, quantities, rates and ratios are exact
// decimals. Nothing is rounded except where D-1 to D-3 say so.
package settle
