package counter

import "settled/settle"

// Shown gives the quote that is on the screen; ok is false if none is.
func (s *Session) Shown() (q Quote, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quote == nil {
		return Quote{}, false
	}
	return *s.quote, true
}

// Holder gives what is known of the person whose card lies in the reader of a role; ok
// is false if nobody is known to. Its Who is not masked.
func (s *Session) Holder(role Role) (known settle.Entitlement, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if role >= roles || s.holders[role] == nil {
		return settle.Entitlement{}, false
	}
	return s.holders[role].known, true
}

// Reread reads the patient's card anew, as if it had just been laid in; what was on the
// screen is dropped. It returns at once. The error is a *settle.Refusal.
func (s *Session) Reread() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fire(event{kind: askRead}); err != nil {
		return s.refused(err)
	}
	return nil
}

// Trouble is why a settlement of now would be provisional; "": the platform answered
// last, or was not asked yet.
func (s *Session) Trouble() settle.Code { return s.ports.Platform.Trouble() }
