package queue

import (
	"errors"
	"fmt"
	"time"

	"settled/queue/journal"
)

// lanes is how many copies of a counter, each restored from a backup of the one before,
// may go on at the same time without ever giving the same number or message id: each
// epoch has serials of its own, in turn.
const lanes = 4

// epochRow says how often the counter was restored from a backup.
type epochRow struct {
	Epoch   int    `json:"epoch"`   // 0: never
	Entry   uint64 `json:"entry"`   // of the last "restore"
	Segment uint64 `json:"segment"` // the file that it begins
	At      int64  `json:"at"`      // when it was written, Unix milliseconds
}

func (e epochRow) check() error {
	if e.Epoch < 0 || (e.Epoch > 0) != (e.Entry > 0) {
		return fmt.Errorf("epoch %+v", e)
	}
	return nil
}

func (e epochRow) lane() int { return e.Epoch % lanes }

// firstSerial and lastSerial bound the serials of settlement numbers of a day.
func (e epochRow) firstSerial() int { return e.lane()*((maxSerial+1)/lanes) + 1 }

func (e epochRow) lastSerial() int { return (e.lane()+1)*((maxSerial+1)/lanes) - 1 }

func (t *turn) epoch() (epochRow, error) {
	ep, _, err := get(t.view, epochs, one)
	return ep, err
}

// restored is the body of a "restore" entry: the first that a restored copy writes, and
// the first of its file. What the old copy wrote behind the entry before it is not here.
type restored struct {
	Epoch  int       `json:"epoch"`
	Backup string    `json:"backup"` // SM3 of the backup's manifest
	Made   time.Time `json:"made"`   // when the backup was made
	Day    int       `json:"day"`    // settlement numbers go on behind this day
	Serial int       `json:"serial"` // and serial
	Until  int64     `json:"until"`  // message ids go on behind this second, Unix
}

func (r restored) check() error {
	if r.Epoch < 1 || r.Backup == "" || r.Day <= 0 || r.Serial < 0 || r.Serial > maxSerial || r.Until <= 0 {
		return errors.New("restore is incomplete")
	}
	return nil
}

func (r restored) reduce(v *view, e journal.Entry) error {
	ep, _, err := get(v, epochs, one)
	if err != nil {
		return err
	}
	if r.Epoch != ep.Epoch+1 {
		return fmt.Errorf("epoch %d follows epoch %d", r.Epoch, ep.Epoch)
	}
	given, _, err := get(v, ids, one)
	if err != nil {
		return err
	}
	if r.Until < given.Until || r.Day < given.Day || r.Day == given.Day && r.Serial < given.Serial {
		return errors.New("ids would be given again")
	}
	return errors.Join(
		put(v, ids, one, idsRow{Day: r.Day, Serial: r.Serial, Until: r.Until}),
		put(v, epochs, one, epochRow{Epoch: r.Epoch, Entry: e.N, Segment: e.Loc.Segment, At: millis(e.At)}),
	)
}

// skipGap is how far ahead of the clock a restored copy begins its message ids: no copy
// that was stopped by now has reserved so far. A copy of the same epoch, restored from the same
// backup before, has used none of them unless it drew more than perSecond a second on average
// since, as only a batch of minutes can.
const skipGap = 10 * time.Minute

// skip says where ids go on in a copy that is restored now: in the serials of the next
// epoch, beyond all that is in the journal, and beyond what a copy of the same epoch,
// restored from the same backup before, can have used since midnight at a settlement
// every four seconds.
func skip(ep epochRow, given idsRow, now time.Time) restored {
	next := epochRow{Epoch: ep.Epoch + 1}
	now = now.In(zone())
	day := int(dateOf(now))
	seconds := now.Hour()*3600 + now.Minute()*60 + now.Second()
	serial := next.firstSerial() - 1 + seconds/4
	if day < given.Day {
		day = given.Day
	}
	if day == given.Day && serial <= given.Serial { // the turn of the first epoch again
		then := time.Date(day/10000, time.Month(day/100%100), day%100+1, 0, 0, 0, 0, zone())
		day, serial = then.Year()*10000+int(then.Month())*100+then.Day(), next.firstSerial()-1
	}
	return restored{Epoch: next.Epoch, Day: day, Serial: serial, Until: max(given.Until, now.Add(skipGap).Unix())}
}

// doubt tells whether the platform may have messages of a settlement that this journal
// does not know: it was settled before the last restore and no answer since carried the
// state of its upload. since is when that restore was; zero: never.
func (q *Queue) doubt(row *settlementRow) (doubt bool, since time.Time, err error) {
	var ep epochRow
	err = q.read(func(v *view) (err error) {
		ep, _, err = get(v, epochs, one)
		return err
	})
	if ep.Epoch > 0 {
		since = time.UnixMilli(ep.At)
	}
	return row.Entry < ep.Entry && row.Chain.Segment < ep.Segment, since, err
}
