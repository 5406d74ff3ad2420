package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

const (
	numberLen = 15 // counter(2) yyyyMMdd serial(5)
	maxSerial = 99999
	// reserve is how far ahead message ids are reserved in the journal at a time.
	reserve = 60 * time.Second
	// perSecond is how many message ids a counter has a second, in its epoch.
	perSecond = 100 / lanes
)

// zone is Asia/Shanghai, which has no summer time.
func zone() *time.Location { return time.FixedZone("", 8*60*60) }

// idsRow is how far ids were given out.
type idsRow struct {
	Day    int   `json:"day"`    // yyyymmdd of the last number of a settlement or void
	Serial int   `json:"serial"` // and its serial
	Until  int64 `json:"until"`  // message ids are reserved through this second, Unix
}

func (i idsRow) check() error {
	if i.Serial < 0 || i.Serial > maxSerial || i.Day < 0 || i.Until < 0 {
		return fmt.Errorf("ids %+v", i)
	}
	return nil
}

// reserved is the body of an "ids" entry.
type reserved struct {
	Until int64  `json:"until"` // Unix seconds
	Text  string `json:"text"`  // the same as in a message id, for people
}

func (r reserved) check() error {
	if r.Until <= 0 {
		return errors.New("ids are reserved until no time")
	}
	return nil
}

func (r reserved) reduce(v *view, _ journal.Entry) error {
	row, _, err := get(v, ids, one)
	if err != nil {
		return err
	}
	row.Until = max(row.Until, r.Until)
	return put(v, ids, one, row)
}

func checkNumber(s string) error {
	if len(s) != numberLen || strings.Trim(s, "0123456789") != "" {
		return errors.New("not a settlement number")
	}
	return nil
}

// number is the next number of a settlement or a void, or the one that many behind it:
// counter, day, serial of the day.
func (t *turn) number(behind int) (string, error) {
	row, _, err := get(t.view, ids, one)
	if err != nil {
		return "", err
	}
	day := int(dateOf(t.now))
	ep, err := t.epoch()
	if err != nil {
		return "", err
	}
	serial := ep.firstSerial() + behind
	if day <= row.Day {
		day, serial = row.Day, row.Serial+1+behind
	}
	if serial > ep.lastSerial() {
		return "", &settle.Refusal{
			Code: CodeNumbers, Cashier: "本窗口今日结算单号已用完，未办理；请换窗口结算。",
			Technician: fmt.Sprintf("counter %s has used %d numbers on %d", t.q.opt.Counter, ep.lastSerial()-ep.firstSerial()+1, day),
		}
	}
	return fmt.Sprintf("%s%08d%05d", t.q.opt.Counter, day, serial), nil
}

// counted keeps that a number was given.
func counted(v *view, number string) error {
	day, serial, err := lastNumber(number)
	if err != nil {
		return err
	}
	given, _, err := get(v, ids, one)
	if err != nil {
		return err
	}
	if day < given.Day || (day == given.Day && serial <= given.Serial) {
		return fmt.Errorf("number %s is not above the last one", number)
	}
	given.Day, given.Serial = day, serial
	return put(v, ids, one, given)
}

// lastNumber takes a settlement number apart.
func lastNumber(number string) (day, serial int, err error) {
	if err := checkNumber(number); err != nil {
		return 0, 0, err
	}
	day, err = strconv.Atoi(number[2:10])
	if err != nil {
		return 0, 0, err
	}
	serial, err = strconv.Atoi(number[10:])
	return day, serial, err
}

// drawn is the last message id given out, in the writer's memory: what is lost with
// it is never given out again, since the journal has reserved it.
type drawn struct {
	second int64 // Unix
	serial int
}

// MsgID gives a message id for the platform (发送方报文ID): institution(12)
// yyyyMMddHHmmss counter(2) serial(2). None is ever given twice, whatever the clock
// does and however the process ends: the time in it is the clock's only as long as
// that moves on.
func (q *Queue) MsgID(ctx context.Context) (string, error) { return drawID(ctx, q.do) }

// drawID draws a message id by do or later.
func drawID(ctx context.Context, do func(context.Context, func(*turn) error) error) (string, error) {
	var id string
	err := do(ctx, func(t *turn) (err error) {
		id, err = t.msgID(By{})
		return err
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// spares are message ids that were drawn ahead of their use, in a commit that was made
// anyway. One that is not used soon is not used at all: its time would be wrong.
type spares struct {
	mu  sync.Mutex
	ids []spareID
}

type spareID struct {
	id    string
	drawn time.Time
}

// keepSpare is how long a message id may lie.
const keepSpare = 5 * time.Second

// spare keeps a message id for the next request.
func (q *Queue) spare(id string) {
	q.spares.mu.Lock()
	defer q.spares.mu.Unlock()
	q.spares.ids = append(q.spares.ids, spareID{id, q.opt.Now()})
}

// spareID gives a message id for what nobody waits for at the counter.
func (q *Queue) spareID(ctx context.Context) (string, error) {
	if id := q.takeSpare(); id != "" {
		return id, nil
	}
	return drawID(ctx, q.later)
}

func (q *Queue) takeSpare() string {
	now := q.opt.Now()
	q.spares.mu.Lock()
	defer q.spares.mu.Unlock()
	for len(q.spares.ids) > 0 {
		s := q.spares.ids[0]
		q.spares.ids = q.spares.ids[1:]
		if age := now.Sub(s.drawn); age >= 0 && age < keepSpare {
			return s.id
		}
	}
	return ""
}

func (t *turn) msgID(by By) (string, error) {
	d := t.q.drawn
	d.serial++
	if now := t.now.Unix(); now > d.second {
		d = drawn{second: now}
	} else if d.serial >= perSecond {
		d = drawn{second: d.second + 1}
	}
	row, _, err := get(t.view, ids, one)
	if err != nil {
		return "", err
	}
	ep, err := t.epoch()
	if err != nil {
		return "", err
	}
	if d.second > row.Until {
		until := d.second + int64(reserve/time.Second)
		if err := t.add(kindIDs, reserved{Until: until, Text: stamp(until)}, nil, nil, by); err != nil {
			return "", err
		}
	}
	t.q.drawn = d
	return fmt.Sprintf("%s%s%s%02d", t.q.opt.Institution, stamp(d.second), t.q.opt.Counter, ep.lane()*perSecond+d.serial), nil
}

func stamp(second int64) string { return time.Unix(second, 0).In(zone()).Format("20060102150405") }
