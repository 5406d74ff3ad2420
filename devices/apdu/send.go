package apdu

import (
	"context"
	"fmt"
)

// Send carries c to the card and gives the whole answer:
//   - 61xx: the rest is fetched with GET RESPONSE (ISO 7816-4, 5.3.4 and 11.7.1);
//   - 6Cxx: the command is sent again with Le = xx, once (5.6, table 6);
//   - 6282, end of file before Le bytes: the data counts, the status stays visible.
//
// Every other status is returned as an error that is the [Status], together with
// what data came.
func Send(ctx context.Context, t Transmitter, c Command) (Response, error) {
	var whole Response
	corrected := false
	for range maxSteps {
		part, err := exchange(ctx, t, c)
		if err != nil {
			return Response{}, err
		}
		whole.Data = append(whole.Data, part.Data...)
		whole.Status = part.Status
		if len(whole.Data) > MaxAnswer {
			return Response{}, fmt.Errorf("%w: %d bytes", ErrLong, MaxAnswer)
		}
		sw1, sw2 := byte(part.Status>>8), byte(part.Status)
		switch {
		case sw1 == 0x61:
			c, corrected = getResponse(c.CLA, sw2), false
		case sw1 == 0x6C && !corrected:
			c.Le, corrected = le(sw2), true
		case part.Status == OK || part.Status == EndOfFile:
			return whole, nil
		default:
			return whole, part.Status
		}
	}
	return Response{}, fmt.Errorf("%w: %d exchanges", ErrLong, maxSteps)
}

func exchange(ctx context.Context, t Transmitter, c Command) (Response, error) {
	if err := ctx.Err(); err != nil {
		return Response{}, err
	}
	b, err := c.Bytes()
	if err != nil {
		return Response{}, err
	}
	answer, err := t.Transmit(ctx, b)
	if err != nil {
		return Response{}, err
	}
	return ParseResponse(answer)
}

// getResponse keeps the logical channel of an interindustry class; after a
// proprietary class it is class 00 (ISO 7816-4, 5.4.1).
func getResponse(cla, n byte) Command {
	if cla&0x80 != 0 {
		cla = 0
	}
	return Command{CLA: cla, INS: InsGetResponse, Le: le(n)}
}
