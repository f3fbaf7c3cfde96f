package createmodel

// This file makes the plan of a run out of bytes.

import (
	"fmt"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// dice read choices out of bytes. At the end of the bytes, each choice is the first one, which is the plainest.
type dice struct{ bytes []byte }

func (d *dice) byte() int {
	if len(d.bytes) == 0 {
		return 0
	}
	b := d.bytes[0]
	d.bytes = d.bytes[1:]
	return int(b)
}

// below returns a number from 0 to n-1.
func (d *dice) below(n int) int { return (d.byte()<<8 | d.byte()) * n >> 16 }

func (d *dice) chance(percent int) bool { return d.below(100) >= 100-percent }

// between returns a time from low to high, with 100 ns.
func (d *dice) between(low, high time.Duration) time.Duration {
	const steps = 1 << 16
	return (low + (high-low)/steps*time.Duration(d.below(steps))).Truncate(tick)
}

func oneOf[T any](d *dice, choices ...T) T { return choices[d.below(len(choices))] }

const (
	tick = 100 * time.Nanosecond // the resolution of times on the wire
	day  = 24 * time.Hour
)

// dating is what a service does with upload dates.
type dating string

const (
	keepsDates   dating = "keeps"
	cutsDates    dating = "cuts"
	assignsDates dating = "assigns"
	shiftsDates  dating = "shifts"
	dropsDates   dating = "drops"
)

// habits are what a service does with what it is sent, and how it lists it.
type habits struct {
	dating     dating
	unit       time.Duration // to which dates are cut, whether they are kept or assigned
	shift      time.Duration
	noDate     string        // how a date that is not shown is written: "null", "year 1", "year 1601", "missing"
	offset     time.Duration // of the time zone in which dates are written
	names      spelling
	fields     string // which names are shown: "both", "subject", "subjectName"
	noIssuer   bool
	expiration string // "kept", "cut", "null", "a day off"
	garbles    bool   // expirations contradict what was sent, and names are no distinguished names; only dates can be relied on
	content    bool   // content is shown
	echo       string // the object of a 201: "as listed", "as sent", "bare"

	lag      time.Duration // until a record shows in a listing
	lagging  bool          // some listings come from an older replica
	pageSize int
	order    string // of a listing: "oldest first", "latest first", "mixed"
	repeats  bool   // pages overlap

	front   time.Duration // of the Date header ahead of the client's clock
	backend time.Duration // of the clock that assigns dates ahead of the client's clock
	noClock bool          // there is no Date header
}

// commit is when a POST is carried out.
type commit string

const (
	never  commit = "never"
	atOnce commit = "at once"
	late   commit = "late" // after the client has seen the end of the attempt
)

// strike is the fate of one POST.
type strike struct {
	fate    *fate
	commit  commit
	late    time.Duration
	latency time.Duration
}

// creation is one create of the client under test.
type creation struct {
	certificate *certificate
	form        form
	date        string        // the caller's own UploadDateTime: "", "now", "whole seconds", "hours ago", "years ago", "in two days"
	wait        time.Duration // before it starts, after the one before it has started or, if sequential, ended
	strikes     []strike      // of its POSTs; those after them succeed
	deadline    time.Duration // 0 for none
	cancel      time.Duration // 0 for none
	isBlind     bool          // WithoutReconcile
}

// callersDate is the date that the caller sets, or zero.
func (c *creation) callersDate(now time.Time) time.Time {
	switch c.date {
	case "now":
		return now
	case "whole seconds":
		return now.Truncate(time.Second)
	case "hours ago":
		return now.Add(-3 * time.Hour).Truncate(time.Second)
	case "years ago":
		return time.Date(2016, 12, 31, 23, 58, 46, 574674200, time.FixedZone("", -8*60*60))
	case "in two days":
		return now.Add(50 * time.Hour)
	}
	return time.Time{}
}

// upload is a record that another process creates.
type upload struct {
	certificate  *certificate
	form         form
	after        time.Duration // after the first create starts; mostly negative
	callersDate  bool          // it has the date of the caller of the first create
	wholeSeconds bool          // its date has whole seconds
	oddity       string        // "", "no date", "null expiration", "foreign name", "other content"
}

// plan is all of a run.
type plan struct {
	isQuiet   bool // see quietPlan
	start     time.Duration
	retry     intune.RetryPolicy
	habits    habits
	creates   []creation
	inTurn    bool // each create begins after the one before it
	uploads   []upload
	listFates []*fate // of the listings' requests in their order, nil for none
	latency   time.Duration
}

// newPlan reads a plan. A quiet one is one in which Create must almost always find the truth.
func newPlan(bytes []byte) *plan {
	d := &dice{bytes}
	p := &plan{isQuiet: d.chance(40), start: d.between(0, day)}
	p.start += d.between(0, time.Second)
	p.retry = intune.RetryPolicy{
		MaxAttempts:     oneOf(d, 4, 4, 3, 2, 1),
		MinDelay:        oneOf(d, 500*time.Millisecond, 100*time.Millisecond, 3*time.Second),
		MaxDelay:        oneOf(d, 30*time.Second, 5*time.Second),
		ReconcileWindow: oneOf(d, 30*time.Second, 30*time.Second, 10*time.Second, 2*time.Minute),
	}
	p.latency = d.between(time.Millisecond, 300*time.Millisecond)
	if p.isQuiet {
		p.quiet(d)
		return p
	}
	p.habits = wildHabits(d, p.retry.ReconcileWindow)
	p.inTurn = d.chance(50)
	for range oneOf(d, 1, 1, 1, 2, 2, 3) {
		p.creates = append(p.creates, p.wildCreation(d))
	}
	for range d.below(6) {
		p.uploads = append(p.uploads, p.wildUpload(d))
	}
	p.listFates = listFates(d, oneOf(d, 0, 0, 2, 6, 40, 80))
	if d.chance(10) {
		p.rival(d)
	}
	return p
}

func wildHabits(d *dice, window time.Duration) habits {
	h := habits{
		dating:  oneOf(d, keepsDates, keepsDates, cutsDates, assignsDates, assignsDates, shiftsDates, dropsDates),
		unit:    oneOf(d, tick, time.Microsecond, time.Millisecond, time.Second, time.Second, time.Minute, day),
		shift:   oneOf(d, time.Hour*time.Duration(d.below(29)-14), time.Minute*time.Duration(d.below(61)-30)),
		noDate:  oneOf(d, "null", "year 1", "year 1601", "missing"),
		offset:  oneOf(d, 0, 0, -8*time.Hour, 5*time.Hour+30*time.Minute),
		names:   oneOf(d, asSent, asSent, inWindows, inOpenSSL, inOIDs, inUpperCase, commonName, bareName, namesDropped),
		content: d.chance(30),
	}
	h.fields = oneOf(d, "both", "both", "subject", "subjectName")
	h.noIssuer = d.chance(20)
	h.expiration = oneOf(d, "kept", "kept", "cut", "null", "a day off")
	h.echo = oneOf(d, "as listed", "as sent", "as sent", "bare")
	h.garbles = h.dating == keepsDates && d.chance(20)
	h.lists(d, window)
	h.front = clockError(d)
	h.backend = h.front
	if d.chance(50) {
		h.backend += clockError(d)
	}
	if h.dating == assignsDates && h.unit == day {
		h.backend = h.front // or the date would be more than a day before the upload, which DESIGN.md takes for proof
	}
	h.noClock = d.chance(15)
	return h
}

// lists chooses how the service lists.
func (h *habits) lists(d *dice, window time.Duration) {
	h.lag = oneOf(d, 0, 0, d.between(0, window/2), d.between(0, window-time.Millisecond))
	h.lagging = d.chance(30)
	h.pageSize = oneOf(d, 100, 100, 1, 2, 3)
	h.order = oneOf(d, "oldest first", "latest first", "mixed")
	h.repeats = d.chance(20)
}

// clockError is how far a clock is ahead: nothing, seconds, minutes or hours.
func clockError(d *dice) time.Duration {
	return oneOf(d, 0, 0, d.between(-10*time.Second, 10*time.Second), d.between(-10*time.Minute, 10*time.Minute),
		d.between(-11*time.Hour, 11*time.Hour))
}

// atLeast is how far two events are apart, because a virtual clock stands still while nobody waits.
const atLeast = time.Millisecond + 3*tick

func (p *plan) wildCreation(d *dice) creation {
	known := certificates()
	c := creation{
		certificate: oneOf(d, known.contoso[0], known.contoso[0], known.contoso[1], known.fabrikam[0]),
		form:        oneOf(d, allForms...),
		wait:        atLeast + oneOf(d, 0, d.between(0, 3*time.Second), d.between(0, time.Minute)),
		isBlind:     d.chance(5),
	}
	if p.habits.garbles && (c.form == subjectOnly || c.form == plainText) { // which nothing contradicts
		c.form = namesOnly
	}
	if d.chance(30) && !p.habits.garbles {
		c.date = oneOf(d, "now", "whole seconds", "hours ago", "years ago", "in two days")
	}
	for range oneOf(d, 0, 1, 1, 1, 2, 3, 4) {
		c.strikes = append(c.strikes, newStrike(d, oneOf(d, postFates...), p.retry.ReconcileWindow-p.habits.lag))
	}
	if d.chance(15) {
		c.deadline = oneOf(d, d.between(time.Millisecond, 2*time.Second), d.between(time.Second, 3*time.Minute))
	}
	if d.chance(15) {
		c.cancel = oneOf(d, d.between(time.Millisecond, 2*time.Second), d.between(time.Second, 3*time.Minute))
	}
	return c
}

// newStrike lets a fate strike. A late commit shows before the window ends.
func newStrike(d *dice, f *fate, longest time.Duration) strike {
	s := strike{fate: f, commit: never, latency: d.between(time.Millisecond, 2*time.Second)}
	if f.mayCommit {
		s.commit = oneOf(d, never, atOnce, atOnce, late)
	}
	if s.commit == late {
		s.late = d.between(0, max(0, longest-time.Millisecond))
	}
	return s
}

func (p *plan) wildUpload(d *dice) upload {
	known := certificates()
	u := upload{
		certificate: oneOf(d, known.fabrikam[0], known.tailspin[0], known.sibling[0], p.creates[0].certificate, p.creates[0].certificate,
			known.contoso[1], known.contoso[2], known.contoso[3]),
		form:         oneOf(d, allForms...),
		wholeSeconds: d.chance(30),
		callersDate:  d.chance(3),
	}
	u.after = oneOf(d, d.between(-300*day, -day), d.between(-300*day, -day), d.between(-day, -time.Minute), d.between(-30*time.Minute, 0),
		d.between(-time.Minute, time.Minute), d.between(0, 10*time.Second), d.between(0, 2*time.Minute))
	if d.chance(20) {
		u.oddity = oneOf(d, "no date", "null expiration", "foreign name", "other content")
	}
	return u
}

// String describes the plan over several lines.
func (p *plan) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "quiet %v, in turn %v, start %v, latency %v, %+v\nhabits %+v\n", p.isQuiet, p.inTurn, p.start, p.latency, p.retry, p.habits)
	for i, c := range p.creates {
		fmt.Fprintf(&out, "create %d: %s, %s, date %q, after %v, deadline %v, cancel %v, blind %v\n",
			i, c.certificate, c.form, c.date, c.wait, c.deadline, c.cancel, c.isBlind)
		for _, s := range c.strikes {
			fmt.Fprintf(&out, "\t%s, commits %s %v, latency %v\n", s.fate.name, s.commit, s.late, s.latency)
		}
	}
	for i, u := range p.uploads {
		fmt.Fprintf(&out, "upload %d: %s, %s, at %v, caller's date %v, whole seconds %v, oddity %q\n",
			i, u.certificate, u.form, u.after, u.callersDate, u.wholeSeconds, u.oddity)
	}
	for i, f := range p.listFates {
		if f != nil {
			fmt.Fprintf(&out, "listing request %d: %s\n", i, f.name)
		}
	}
	return out.String()
}
