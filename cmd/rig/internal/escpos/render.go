package escpos

import "image"

// Render gives the slips that a printer makes of bytes, and what no good printer would
// have been sent.
func Render(k Type, data []byte) (slips []*image.Gray, faults []string) {
	m := newMachine(k)
	m.cut = func(slip *image.Gray) { slips = append(slips, slip) }
	m.answer, m.paperOK = func(byte) {}, func() byte { return 0 }
	for len(data) > 0 {
		n := m.step(data)
		if n == 0 {
			m.fault("the bytes end in the midst of a command")
			break
		}
		data = data[min(n, len(data)):]
	}
	return slips, m.faults
}
