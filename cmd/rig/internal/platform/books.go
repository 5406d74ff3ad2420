package platform

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// home is the area that the platform serves: Shenzhen.
const home = "440300"

// zone is the platform's time.
var zone = time.FixedZone("CST", 8*3600)

// Books is what the platform has been told and what it made of it.
type Books struct {
	mu      sync.Mutex
	data    *Data
	now     func() time.Time
	seq     int
	msgids  map[string]int    // by institution and msgid: how often it came
	signs   map[string]signed // by sign_no
	visits  visits
	stays   map[string]*visit // by mdtrt_id: admissions
	setls   []*settlement
	byID    map[string]*settlement // by setl_id
	byMsg   map[string]*settlement // by the msgid of its 2207, or of its 2208
	late    []arriving
	twice   map[string]bool        // msgids that were doubled on purpose
	knows   map[string]transaction // by number
	asked   map[string]int         // requests by transaction, faults included
	under   int                    // requests that are being served
	most    int                    // the most of them at a time
	files   map[string][]byte      // by file_qury_no
	mood    Mood
	filings map[string]*filed       // by trt_dcla_detl_sn
	ecodes  map[string]*person      // 医保码 that are shown in somebody's app
	tokens  map[string]*person      // what they were redeemed for
	differ  func(batch string) yuan // what the weather adds to the fund's part; nil: nothing
}

// arriving is a request that is still on its way though whoever sent it was cut off.
type arriving struct {
	at    time.Time
	infno string
	body  []byte
}

// Mood is how the platform likes to answer where editions differ.
type Mood struct {
	SameVisit string `json:"same_visit"` // 2201 with a number it knows: "refuse" (""), "same" visit, "new" visit
	Loose     bool   `json:"loose"`      // numbers as strings, single rows as objects
	Differ    yuan   `json:"differ"`     // fen that the fund pays more than it should
	Sender    string `json:"sender"`     // what stands in medins_setl_id instead of the msgid
	Books     Flaws  `json:"books"`      // how its statements are wrong
	Reviewed  bool   `json:"reviewed"`   // filings are reviewed at once: none is taken back
}

type signed struct{ operator, institution, day string }

type visit struct {
	id, psn, otp, insutype, institution, began string
	uploaded                                   bool
	fees                                       []*charge
}

type settlement struct {
	SetlID      string `json:"setl_id"`
	MdtrtID     string `json:"mdtrt_id"`
	PsnNo       string `json:"psn_no"`
	Institution string `json:"fixmedins_code"`
	OTP         string `json:"ipt_otp_no"`
	Batch       string `json:"chrg_bchno"`
	MsgID       string `json:"msgid"`
	Time        string `json:"setl_time"`
	Insutype    string `json:"insutype"`
	Total       yuan   `json:"medfee_sumamt"`
	Fund        yuan   `json:"fund"`
	Own         yuan   `json:"own"`
	Family      yuan   `json:"mutual"`
	Cash        yuan   `json:"cash"`
	Draws       []draw `json:"draws"`
	Live        bool   `json:"live"`
	Reversed    string `json:"reversed_by,omitempty"`    // msgid of the 2601
	Refunded    string `json:"refunded_by,omitempty"`    // msgid of the 2208
	RefundID    string `json:"refund_setl_id,omitempty"` // setl_id of the negative row
	RefundTime  string `json:"refund_time,omitempty"`    // its setl_time
	stay        bool   // an inpatient's
	bill        bill
	fees        []*charge
}

// NewBooks opens empty books over the data.
func NewBooks(d *Data, now func() time.Time) *Books {
	return &Books{
		data: d, now: now, msgids: map[string]int{}, signs: map[string]signed{}, visits: newVisits(), stays: map[string]*visit{},
		byID: map[string]*settlement{}, byMsg: map[string]*settlement{}, twice: map[string]bool{}, knows: transactions(),
		asked: map[string]int{}, files: map[string][]byte{}, filings: map[string]*filed{},
		ecodes: map[string]*person{}, tokens: map[string]*person{},
	}
}

func (b *Books) time() string { return b.now().In(zone).Format("2006-01-02 15:04:05") }
func (b *Books) day() string  { return b.time()[:10] }

// next makes an id of the platform: prefix and a running number.
func (b *Books) next(prefix string, width int) string {
	b.seq++
	return fmt.Sprintf("%s%0*d", prefix, width-len(prefix), b.seq)
}

// refMsgID is area, time and serial: 30 characters.
func (b *Books) refMsgID() string {
	return b.next(home+b.now().In(zone).Format("20060102150405"), 30)
}

// book posts (sign 1) or takes back (sign -1) what a settlement moves.
func (b *Books) book(s *settlement, sign yuan) {
	p := b.data.people[s.PsnNo]
	u := p.usedIn(s.bill.year)
	u.Ordinary += sign * s.bill.ordinary
	u.Level2 += sign * s.bill.level2
	if row := p.running(s.Insutype); row != nil && s.Insutype == "310" {
		row.Balance -= sign * s.Own
	}
	for _, d := range s.Draws {
		if row := b.data.people[d.PsnNo].running("310"); row != nil {
			row.Balance -= sign * d.Amount
		}
	}
	for _, f := range s.fees {
		f.settled = sign > 0
	}
	s.Live = sign > 0
}

// Page is the books for people and for the demo's last table.
type Page struct {
	Settlements []settlement    `json:"settlements"`
	Live        int             `json:"live"`
	MsgIDs      int             `json:"msgids"`      // distinct
	Duplicates  map[string]int  `json:"duplicates"`  // msgids that were sent more than once, and how often
	Requests    map[string]int  `json:"requests"`    // by transaction
	Most        int             `json:"most"`        // the most at a time
	OpenVisits  []string        `json:"open_visits"` // registered, nothing settled
	Stays       map[string]int  `json:"stays"`       // admissions, and how many lines of each are not settled
	Fund        yuan            `json:"fund"`        // of the live ones
	Own         yuan            `json:"own"`         //
	Family      yuan            `json:"mutual"`      //
	Cash        yuan            `json:"cash"`        //
	Balances    map[string]yuan `json:"balances"`    // of accounts, by psn_no
	Used        map[string]yuan `json:"used"`        // ordinary fund money of this year, by psn_no
}

// Page copies what the books hold.
func (b *Books) Page() Page {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.arrive()
	p := Page{
		Settlements: []settlement{}, Duplicates: map[string]int{}, Requests: map[string]int{}, OpenVisits: []string{},
		MsgIDs: len(b.msgids), Most: b.most, Stays: b.unsettled(), Balances: map[string]yuan{}, Used: map[string]yuan{},
	}
	settled := map[string]bool{}
	for _, s := range b.setls {
		p.Settlements = append(p.Settlements, *s)
		settled[s.MdtrtID] = settled[s.MdtrtID] || s.Live
		if s.Live {
			p.Live++
			p.Fund, p.Own, p.Family, p.Cash = p.Fund+s.Fund, p.Own+s.Own, p.Family+s.Family, p.Cash+s.Cash
		}
	}
	for key, n := range b.msgids {
		if _, msgid, _ := strings.Cut(key, " "); n > 1 && !b.twice[msgid] {
			p.Duplicates[msgid] = n
		}
	}
	for id := range b.visits.byID {
		if !settled[id] {
			p.OpenVisits = append(p.OpenVisits, id)
		}
	}
	for infno, n := range b.asked {
		p.Requests[infno] = n
	}
	b.accounts(&p)
	return p
}

func (b *Books) accounts(p *Page) {
	year := b.day()[:4]
	for no, who := range b.data.people {
		if row := who.running("310"); row != nil {
			p.Balances[no] = row.Balance
		}
		for _, u := range who.Used {
			if u.Year == year {
				p.Used[no] = u.Ordinary
			}
		}
	}
}

// SetMood changes how the platform likes to answer.
func (b *Books) SetMood(m Mood) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mood = m
}
