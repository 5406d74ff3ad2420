// Package api is the local HTTP API of the daemon: quotes, settlements, the queue,
// links, and the window's screen as events, for the cashier's page and the
// hospital's own system on the same machine.
//
// It is closed by default. It listens on loopback only; every request but /livez
// and /readyz needs the bearer token of a seat; the Host must be this machine's; a
// request that a browser makes for a foreign page (Origin, Sec-Fetch-Site) is
// refused, and no CORS header is ever sent. So a hostile page in the same browser
// can read nothing and settle nothing.
//
// What cannot be done is answered as a settle.Refusal in JSON: code, field, line,
// a sentence for the cashier and one for the technician.
package api
