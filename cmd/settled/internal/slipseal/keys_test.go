package slipseal_test

import (
	"strings"
	"testing"

	"settled/cmd/settled/internal/slipseal"
)

var (
	first  = strings.Repeat("01", 32) // made up
	second = strings.Repeat("02", 32)
)

const code = "SETTLE:012026112200001:258.94:127.43:0.00:114.41:17.10:H44030100001"

func keys(t *testing.T, text string) *slipseal.Keys {
	t.Helper()
	k, err := slipseal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A seal holds for its code and key, and for nothing else; the newest key seals and the
// older ones still tell.
func TestSeal(t *testing.T) {
	old, both, other := keys(t, first+"\n"), keys(t, first+"\n"+second+"\n"), keys(t, second)
	text := old.Seal(code)
	bare, mark := slipseal.Split(text)
	if bare != code || len(mark) != 16 || !old.Vouch(bare, mark) || !both.Vouch(bare, mark) || other.Vouch(bare, mark) {
		t.Errorf("%q %q", bare, mark)
	}
	if bare, mark := slipseal.Split(both.Seal(code)); !other.Vouch(bare, mark) || old.Vouch(bare, mark) {
		t.Errorf("the newest key does not seal: %q", mark)
	}
	for i := range text { // any one character that is another
		forged := text[:i] + string(text[i]^1) + text[i+1:]
		if bare, mark := slipseal.Split(forged); old.Vouch(bare, mark) {
			t.Errorf("%q passes", forged)
		}
	}
	var none *slipseal.Keys
	if none.Seal(code) != code || none.Vouch(bare, mark) || old.Vouch(code, "") {
		t.Error("vouched for without a key or a seal")
	}
	for _, text := range []string{"", ":", code, code + ":", code + ":ABCDEFGHIJKLMNO1", "ABCDEFGHIJKLMNOP"} {
		if bare, mark := slipseal.Split(text); bare != text || mark != "" {
			t.Errorf("%q: %q %q", text, bare, mark)
		}
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"", "\n", first[2:], first + "\nx", strings.Repeat("zz", 32), first + second} {
		if k, err := slipseal.Parse(text); err == nil || strings.Contains(err.Error(), first) {
			t.Errorf("%q: %v %v", text, k, err)
		}
	}
}
