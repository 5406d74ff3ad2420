package cards

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"settled/devices/hsm"
	"settled/devices/sscard"
)

// HSM answers one question of [hsm.Command] as the region's HSM would.
func HSM(in io.Reader, out io.Writer) error {
	var q hsm.Question
	if err := json.NewDecoder(in).Decode(&q); err != nil {
		return err
	}
	reply, err := answerHSM(q)
	if err != nil {
		reply = hsm.Reply{Error: err.Error()}
	}
	return errors.Join(json.NewEncoder(out).Encode(reply), err)
}

func answerHSM(q hsm.Question) (hsm.Reply, error) {
	algorithm := sscard.TripleDES
	switch {
	case q.Version != hsm.Version:
		return hsm.Reply{}, fmt.Errorf("version %d", q.Version)
	case q.Algorithm == "03":
		algorithm = sscard.SM4
	}
	atr, err := hex.DecodeString(q.ATR)
	if err != nil || len(atr) < 8 || len(q.Area) != 6 {
		return hsm.Reply{}, errors.New("atr or area")
	}
	cipher := func(u use, c hsm.Challenge) (text, process string, err error) {
		source, err1 := hex.DecodeString(c.Source)
		factor, err2 := hex.DecodeString(c.Process)
		if err1 != nil || err2 != nil || len(source) != 8 || len(factor) != 8 {
			return "", "", errors.New("challenge")
		}
		k := master("", u, algorithm).cardKey(algorithm, q.Area, atr).derive(algorithm, factor)
		return fmt.Sprintf("%X", k.cipher(algorithm, source)), c.Process, nil
	}
	var reply hsm.Reply
	text, process, err := cipher(external, q.External)
	reply.External = text + process
	if err == nil && q.Internal != nil {
		reply.Internal, _, err = cipher(internal, *q.Internal)
	}
	return reply, err
}
