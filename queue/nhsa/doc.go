// Package nhsa speaks the national medical-insurance platform's interface for
// designated institutions (定点医药机构接口规范 V1.0), as Shenzhen serves it.
//
// A request's body is made once ([Encode]) and stored by the caller before the
// first byte leaves; [Client] sends exactly that body and makes at send time only
// what must be fresh, the gateway's headers. A message id is never made here.
//
// Replies are read leniently: numbers as strings or numbers, lists as an object or
// an array, absent, null and empty alike. Amounts become whole fen without floats.
//
// Each transaction has a type for its input and one for its output: [NewRequest],
// [CheckRequest], [ReadRequest] and [ReadOutput] find them by its number, [LoadSpec] says
// what the specification has of it, and a test holds the two against each other.
//
// Three kinds of failure stay apart: [Unknown] (nobody knows whether it happened),
// [AccessRefusal] (turned away before the business was looked at) and
// [BusinessRefusal] (the platform said no). [Chain] is the pure state machine that
// brings one settlement to the platform and resolves unknown outcomes by asking,
// reversing, and settling anew; [Inquiry] asks who a person is and what they get.
//
// BUG(settled): no official Shenzhen edition of the specification is public. What
// rests on clients' practice or on a guess says so where it stands.
package nhsa
