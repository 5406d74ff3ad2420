// Package policy holds the rules of settlement as dated, cited data and makes of
// them the rules of a day.
//
// data/*.toml has one parameter a file with all its dates, data/sources/*.toml the
// sources that rows cite. Each row has a value in the parameter's unit, the days
// from and to which it holds (both inclusive), its source and article, a quote or a
// note, how far it can be trusted and, where sources differ, the conflict's id and
// the other value. Nothing loads that has a gap, an overlap, no source, an unknown
// unit or key, a float, or a derived amount that does not re-derive; the error names
// file and line. A day for which a value is not known has an explicit row of status
// "unknown", and what needs it is refused: last year's number is never used.
//
// A hospital adds or supersedes rows from a day on by files in a directory of its
// own ([Load]'s overlays), without a release. Each says who approved it and when.
package policy
