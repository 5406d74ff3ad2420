// Package platform is a simulator of the national medical-insurance platform as a
// designated institution in Shenzhen sees it: the gateway's header check, the
// transactions of the outpatient counter over HTTP, and books of its own. It has its
// own opinion of what the fund pays, written apart from the program it tests (exact
// fractions, its own tables), so that agreement means something.
//
// By command, or drawn from a seed ([Weather]), it is slow, silent, cut off, garbled,
// refusing, wrong by some fen, or down. It listens on 127.0.0.1 only and is never shipped.
package platform
