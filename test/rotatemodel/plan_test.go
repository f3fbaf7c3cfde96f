package rotatemodel

// This file makes tenants, and what is done to them, from seeds. Nothing in it depends on the rules of Rotate.

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// plan is a tenant, and what is done to it.
type plan struct {
	tenant  *tenant
	cert    *certificate // that is rotated
	last    *certificate // that was uploaded last before, nil for none
	options intune.RotateOptions
	begin   time.Time // of the first run
	kind    string    // what cert is to last
	faults  float64   // for each request
	isTwo   bool      // processes, in the first runs

	force, newSubject bool // a person says so, until a run has ended
	isSubjectIntended bool // the subject changes, and that is meant
	isReissueHidden   bool // cert has the names and the end of last
	anotherPublishes  bool // another publisher uploads on the third day
	lastComesBack     bool // somebody uploads last again on the fourth day

	traits []string // for a person
}

// dice makes random choices.
type dice struct{ *rand.Rand }

func (d dice) chance(p float64) bool { return d.Float64() < p }

func oneOf[T any](d dice, choices ...T) T { return choices[d.IntN(len(choices))] }

func (d dice) upTo(limit time.Duration) time.Duration { return time.Duration(d.Int64N(int64(limit))) }

// planner makes a plan.
type planner struct {
	*plan
	dice

	isPlausible bool
	extended    string
	now         time.Time
	keys        int64
}

// newPlan makes the plan of a seed, which begins after a time.
func newPlan(seed uint64, isPlausible bool, after time.Time) *plan {
	d := dice{rand.New(rand.NewPCG(seed, 7))}
	begin := after.Truncate(day).Add(day + d.upTo(day))
	p := &planner{
		plan: &plan{tenant: &tenant{habits: hostile(d), ids: rand.New(rand.NewPCG(seed, 8)), began: begin}},
		dice: d, isPlausible: isPlausible, now: begin, keys: int64(seed) << 8,
	}
	if isPlausible {
		p.tenant.habits = plausible(d)
	}
	if p.is(.3, "extended validation") {
		p.extended = "sn1"
	}
	p.history()
	p.certificate()
	p.earlierAttempts()
	p.choose()
	p.begin = p.now
	return p.plan
}

// is notes what a plan has.
func (p *planner) is(chance float64, trait string) bool {
	if !p.chance(chance) {
		return false
	}
	p.traits = append(p.traits, trait)
	return true
}

// either returns the first for a plausible plan.
func either[T any](p *planner, plausible, hostile T) T {
	if p.isPlausible {
		return plausible
	}
	return hostile
}

// plausible habits are those of a service like Intune, as far as it is documented.
func plausible(d dice) habits {
	h := habits{
		dating: oneOf(d, keepsDates, keepsDates, keepsDates, assignsDates, assignsDates), naming: wholeNames, expiring: wholeExpirations,
		provisioning: provisionsLater, remembering: forgetsContent, delay: delay(d), ahead: clockError(d, .10, .02), pageSize: oneOf(d, 100, 2),
		order: oneOf(d, "as they came", "latest first", "by id"),
	}
	if d.chance(.03) {
		h.provisioning = neverProvisions
	}
	if d.chance(.5) {
		h.lag = d.upTo(2 * time.Second)
	}
	return h
}

func delay(d dice) time.Duration {
	return oneOf(d, 0, 10*time.Second, 20*time.Minute, 6*time.Hour, 30*time.Hour)
}

// clockError is how far the clock of the service is ahead of the processes': five minutes or an hour, in either direction.
func clockError(d dice, minutes, hours float64) time.Duration {
	sign := oneOf(d, time.Duration(1), -1)
	switch x := d.Float64(); {
	case x < minutes:
		return sign * 5 * time.Minute
	case x < minutes+hours:
		return sign * time.Hour
	}
	return 0
}

// hostile habits are what nobody hopes for.
func hostile(d dice) habits {
	h := habits{
		dating: keepsDates, naming: wholeNames, expiring: wholeExpirations, provisioning: provisionsLater,
		remembering: oneOf(d, forgetsContent, forgetsContent, forgetsContent, keepsContent, forgetsNextDay),
		delay:       delay(d), ahead: clockError(d, 0, .25), pageSize: oneOf(d, 100, 1, 2, 3), order: oneOf(d, "as they came", "latest first", "by id"),
	}
	if d.chance(.6) {
		h.dating = oneOf(d, assignsDates, assignsDates, cutsSeconds, cutsDays, shiftsDates, dropsDates)
	}
	if d.chance(.4) {
		h.naming = oneOf(d, respelledNames, sixAttributes, sixAttributes, noOrganization, commonNames, commonNames, plainTexts, noNames)
	}
	if d.chance(.1) {
		h.expiring = oneOf(d, shiftedExpirations, cutExpirations)
	}
	if d.chance(.4) {
		h.provisioning = oneOf(d, neverProvisions, provisionsAtOnce, provisionsAtOnce, echoesStatus)
	}
	if d.chance(.2) {
		h.lag, h.isFlapping = oneOf(d, 2*time.Second, 10*time.Second), d.chance(.5)
	}
	return h
}

func (p *planner) issue(from, until time.Time) *certificate {
	p.keys++
	return &certificate{
		key: p.keys, commonName: "Contoso", organization: "Contoso Ltd", extended: p.extended, issuer: "CA1",
		from: from.UTC().Truncate(time.Second), until: until.UTC().Truncate(time.Second),
	}
}

// upload adds an upload of somebody else.
func (p *planner) upload(cert *certificate, at time.Time, isByConsole bool) *record {
	sent := at.Add(p.tenant.ahead + clockError(p.dice, .10, .02)).UTC().Truncate(time.Microsecond).Add(time.Duration(1+p.IntN(9)) * 100)
	r := p.tenant.add(cert, sent, at)
	r.isByConsole = isByConsole
	p.tenant.note("before: record %d is %v, uploaded on %s", r.number, cert, at.Format(time.DateTime))
	return r
}

// history fills in what was there before.
func (p *planner) history() {
	begin := p.now
	number := either(p, oneOf(p.dice, 0, 1, 1, 1, 1, 1, 1, 2, 2, 3), oneOf(p.dice, 0, 1, 1, 1, 2, 3))
	at := begin.Add(-5 * 365 * day)
	if p.is(either(p, .15, .25), "another publisher before") {
		other := p.issue(at, begin.Add(100*day))
		other.commonName = "Fabrikam"
		if p.is(.4, "with the same common name") {
			other.commonName, other.organization = "Contoso", "Contoso Inc"
		}
		at = begin.Add(-p.upTo(3 * 365 * day))
		if p.is(.2, "an hour ago") {
			at = begin.Add(-time.Hour)
		}
		p.upload(other, at, true)
		at = at.Add(20*time.Minute + p.upTo(10*time.Minute))
	}
	for i := number; i > 0; i-- {
		years := time.Duration(i)
		if at = latest(at, begin.Add(-years*380*day+10*day)); i == 1 && p.is(.1, "last year's was uploaded half an hour ago") {
			at = begin.Add(-time.Hour / 2)
		}
		p.last = p.issue(at.Add(-time.Hour), begin.Add(-(years-1)*380*day+20*day))
		p.upload(p.last, at, p.chance(.3)).hasStatus = p.chance(.3)
	}
	p.now = latest(at.Add(10*time.Second), begin)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// certificate makes the one that is rotated.
func (p *planner) certificate() {
	p.cert = p.issue(p.now.Add(-time.Hour), p.now.Add(400*day))
	p.kind = "first"
	if p.last != nil {
		p.kind = oneOf(p.dice, "renewal", "renewal", "renewal", "re-issue", "re-issue", "organization", "extended", "authority")
		if p.isPlausible {
			p.kind = p.plausibleKind()
		}
	}
	p.traits = append(p.traits, p.kind)
	p.validity()
	switch p.kind {
	case "re-issue":
		if !p.isPlausible || p.is(.5, "with the same end") {
			p.cert.until, p.isReissueHidden = p.last.until, true
		}
		p.cert.issuer = p.last.issuer
		if !p.isPlausible && p.is(.3, "with the same beginning") {
			p.cert.from = p.last.from
		}
	case "organization":
		p.cert.organization, p.isSubjectIntended = "Contoso Group", true
	case "extended":
		p.cert.extended, p.isSubjectIntended = "sn2", true
	case "authority":
		p.cert.issuer = "CA2"
	}
}

func (p *planner) plausibleKind() string {
	switch x := p.Float64(); {
	case x < .80:
		return "renewal"
	case x < .88:
		return "re-issue"
	case x < .93:
		return "organization"
	case x < .96:
		return "extended"
	}
	return "authority"
}

// validity says when the certificate begins.
func (p *planner) validity() {
	issued := p.now
	if p.chance(.5) {
		issued = issued.Add(-p.upTo(10 * day))
	}
	switch p.IntN(3) {
	case 0:
		p.cert.from = issued.Truncate(day)
		p.traits = append(p.traits, "valid from midnight")
	case 1:
		p.cert.from = issued.Add(-time.Hour)
	default:
		p.cert.from = issued.Add(-p.upTo(10 * time.Minute)).Truncate(time.Second)
		p.traits = append(p.traits, "valid when it is issued")
	}
	if p.is(either(p, .01, .05), "valid in three days") {
		p.cert.from = p.now.Add(3 * day).Truncate(time.Second)
	}
}

// earlierAttempts are those of other tools.
func (p *planner) earlierAttempts() {
	if p.is(either(p, .05, .12), "uploaded by hand before") {
		p.upload(p.cert, p.now, true).hasStatus = p.chance(.3)
		p.now = p.now.Add(oneOf(p.dice, 10*time.Second, day))
		if p.last != nil && p.is(.2, "then last year's by hand") {
			p.upload(p.last, p.now, p.chance(.5))
			p.now = p.now.Add(time.Hour)
		}
	}
	if p.kind == "renewal" && p.is(either(p, .02, .06), "a stale job") {
		p.upload(p.issue(p.now.Add(-time.Hour), p.now.Add(700*day)), p.now, true)
		p.now = p.now.Add(day)
	}
}

// choose chooses the options, and what happens meanwhile.
func (p *planner) choose() {
	p.options = intune.RotateOptions{DeleteOld: p.is(.65, "DeleteOld"), WaitProvisioned: oneOf(p.dice, 0, 0, 0, time.Hour), Overlap: oneOf(p.dice, 0, 0, 0, 3*day, 3*day, 3*day, 7*day, 7*day, 7*day, 7*day)}
	if p.chance(.3) {
		p.force, p.newSubject = p.isReissueHidden, p.isSubjectIntended
	}
	if p.is(either(p, .1, .3), "faults") {
		p.faults = .12
	}
	p.isTwo = p.is(either(p, .1, .2), "two processes")
	p.anotherPublishes = p.is(either(p, .02, .06), "another publisher uploads")
	p.lastComesBack = p.last != nil && p.is(either(p, .005, .04), "somebody uploads last year's again")
}

// isQuiet says whether a dry run can predict the run.
func (p *plan) isQuiet() bool { return p.faults == 0 && p.tenant.lag == 0 && !p.isTwo }

func (p *plan) String() string {
	h := &p.tenant.habits
	return fmt.Sprintf("%s, %s, %s, %s after %v, %s, lags by %v (flapping %v), clock %+v, pages of %d %s\n%s\n%v\n%+v, faults %v",
		h.dating, h.naming, h.expiring, h.provisioning, h.delay, h.remembering, h.lag, h.isFlapping, h.ahead, h.pageSize, h.order,
		strings.Join(p.traits, ", "), p.cert, p.options, p.faults)
}
