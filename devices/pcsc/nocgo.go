//go:build !cgo

package pcsc

// library stands in where the program was built without cgo: there is no PC/SC.
type library struct{}

func defaultBinding() Binding { return library{} }

// Establish implements [Binding].
func (library) Establish() (Session, error) { return nil, NoService }
