package pcsc

import "testing"

func TestNames(t *testing.T) {
	for name, want := range map[string]struct {
		identity string
		index    int
	}{
		"ACS ACR38U-CCID 00 00":                      {"ACS ACR38U-CCID", 0},
		"ACS ACR38U-CCID 01 00":                      {"ACS ACR38U-CCID", 1},
		"Gemalto PC Twin Reader (70D7E2EE) 0A 00":    {"Gemalto PC Twin Reader (70D7E2EE)", 10},
		"Feitian R502 [Contact Reader] (0123) 02 01": {"Feitian R502 [Contact Reader] (0123) #1", 2},
		"Alcor Micro AU9560 00 1F":                   {"Alcor Micro AU9560 #31", 0},
		"德卡 T10 00 00":                               {"德卡 T10", 0},
		"Microsoft Reader 0":                         {"Microsoft Reader 0", -1},
		"00 00":                                      {"00 00", -1},
		"":                                           {"", -1},
		"lower 0a 00":                                {"lower 0a 00", -1},
	} {
		n := ParseName(name)
		if n.Identity() != want.identity || n.Index != want.index {
			t.Errorf("%q is %q, index %d; want %q, %d", name, n.Identity(), n.Index, want.identity, want.index)
		}
	}
}
