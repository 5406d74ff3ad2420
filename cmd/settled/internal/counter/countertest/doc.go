// Package countertest holds in-memory stands-ins of what a window reaches outside:
// cards, platform, journal and printer, with the faults that tests ask for. Rules
// are the real ones.
package countertest
