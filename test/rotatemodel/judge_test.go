package rotatemodel

// This file judges: what a process deletes, by what it has been shown; what it returns, by what the service holds.

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// verdict is what has come of a tenant.
type verdict struct {
	*plan

	seed       uint64
	violations []string
	classes    map[string]bool // what is wrong, by the truth that the service hides
	lastErr    error
	hasError   bool // in any run
}

// violate notes that a rule of Rotate is broken.
func (v *verdict) violate(rule, format string, args ...any) {
	v.violations = append(v.violations, rule+": "+fmt.Sprintf(format, args...))
}

// isBad says whether something is wrong that nobody is told of.
func (v *verdict) isBad() bool { return len(v.classes) > 0 }

// judgeDeletion judges a deletion before it is carried out. The caller holds the mutex of the tenant.
func (p *process) judgeDeletion(r *record) {
	p.judgeByWhatIsShown(r)
	p.judgeByTheTruth(r)
}

// judgeByWhatIsShown checks the rules that hold at every service.
func (p *process) judgeByWhatIsShown(r *record) {
	violate := func(rule string) { p.violate(rule, "process %s deletes record %d", p.name, r.number) }
	var last, before *intune.EnterpriseCodeSigningCertificate
	for i, l := range p.listings {
		shown := l.find(r.id)
		if last = shown; i < len(p.listings)-1 && shown != nil {
			before = shown
		}
	}
	if p.options.DryRun || !p.options.DeleteOld {
		violate("nothing is deleted unless it is asked for")
	}
	if last == nil || before == nil {
		violate("only what two listings show is deleted")
		return
	}
	l := p.listings[len(p.listings)-1]
	if !l.isComplete || time.Since(l.ended) > 5*time.Minute {
		violate("deletions follow a complete listing soon")
	}
	kept := l.latest()
	switch {
	case kept == nil || kept.ID == r.id:
		violate("the deployed record is never deleted")
		return
	case !p.isShownAsCertificate(kept):
		violate("the deployed record is the certificate")
	case kept.Status != intune.CertificateStatusProvisioned:
		violate("nothing is deleted before the certificate is provisioned")
	}
	if !p.isShownWithSubject(last) {
		violate("another subject is never deleted")
	}
	if last.UploadDateTime.After(kept.UploadDateTime) || last.UploadDateTime.IsZero() {
		violate("only what is earlier is deleted")
	}
	if last.ExpirationDateTime.Sub(p.cert.until) > 2*day {
		violate("what expires later is never deleted")
	}
	if now := time.Now().Add(p.tenant.ahead); p.options.Overlap > 0 && now.Sub(kept.UploadDateTime) < p.options.Overlap-2*time.Second { // Date has whole seconds
		violate("nothing is deleted before Overlap ends")
	}
}

func (l *listing) find(id string) *intune.EnterpriseCodeSigningCertificate {
	for _, shown := range l.shown {
		if shown.ID == id {
			return shown
		}
	}
	return nil
}

// latest returns the record that is shown as the latest upload, and of several copies that with the smallest id.
func (l *listing) latest() (latest *intune.EnterpriseCodeSigningCertificate) {
	for _, shown := range l.shown {
		if latest == nil || shown.UploadDateTime.After(latest.UploadDateTime) || shown.UploadDateTime.Equal(latest.UploadDateTime) && shown.ID < latest.ID {
			latest = shown
		}
	}
	return latest
}

func (p *process) isShownAsCertificate(shown *intune.EnterpriseCodeSigningCertificate) bool {
	own := p.cert.resource()
	if len(shown.Content) > 0 {
		return bytes.Equal(shown.Content, own.Content)
	}
	return p.isShownWithSubject(shown) && shown.ExpirationDateTime.Sub(own.ExpirationDateTime).Abs() < time.Second
}

func (p *process) isShownWithSubject(shown *intune.EnterpriseCodeSigningCertificate) bool {
	if other, err := shown.X509(); err == nil {
		return intune.FromX509(other).Subject == p.cert.resource().Subject
	}
	return shown.Subject == p.tenant.naming.spell(p.cert.resource().Subject)
}

// judgeByTheTruth notes what is wrong although it looks right.
func (p *process) judgeByTheTruth(r *record) {
	var newest, first *record
	left := 0
	for _, x := range p.tenant.records {
		if !x.isThere() || x == r {
			continue
		}
		if x.certificate == p.cert {
			newest = x
			if first == nil {
				first = x
			}
		}
		if x.certificate.subject() == p.cert.subject() {
			left++
		}
	}
	bad := func(class string) { p.bad("deleted: " + class) }
	if left == 0 {
		p.violate("never neither certificate is left", "process %s deletes record %d", p.name, r.number)
	}
	switch {
	case newest == nil && r.certificate == p.cert:
		bad("the certificate itself, taken for a copy")
	case newest == nil:
		bad("the certificate is not there")
	case r.certificate.subject() != p.cert.subject():
		bad("another subject, which is not shown")
	case r.certificate.until.Sub(p.cert.until) > 2*day:
		bad("one that expires later")
	case !p.tenant.isProvisioned(newest) && !p.tenant.isProvisioned(first):
		bad("before it was provisioned: the service echoes the status")
	case r.certificate != p.cert && r.number > newest.number:
		bad("a later upload, by a wrong clock")
	case p.tenant.deployed().certificate != p.cert:
		bad("while a later upload is deployed")
	case r.certificate != p.cert && time.Since(first.committed) < p.options.Overlap-26*time.Hour:
		bad("before Overlap had ended")
	}
}

// bad notes a class of what is wrong. Where the service hides the difference, it is part of the class.
func (v *verdict) bad(class string) {
	if v.isReissueHidden {
		class += " (a re-issue with equal names and end)"
	}
	v.classes[class] = true
	v.tenant.note("wrong: %s", class)
}

// check judges what a run returns.
func (s *story) check(p *process) {
	s.tenant.mu.Lock()
	defer s.tenant.mu.Unlock()
	if p.isDead {
		s.tenant.note("process %s dies", p.name)
		return
	}
	s.tenant.note("process %s: %s, %v", p.name, summary(p.rotation), p.err)
	if p.err != nil {
		s.hasError = true
		return
	}
	deployed, copies := s.tenant.deployed(), s.tenant.copies(s.cert)
	switch {
	case copies == 0:
		s.bad("success without the certificate")
	case copies > 3 && !s.options.DeleteOld:
		s.bad("success, with copies that grow")
	case deployed.certificate != s.cert:
		s.bad("success, while a later upload is deployed")
	case s.options.DeleteOld && s.isOldLeft() && len(p.rotation.Pending) > 0:
		s.bad("success, pending for too long")
	case s.options.DeleteOld && s.isOldLeft():
		s.bad("success, and an old one is left")
	}
}

func summary(r *intune.Rotation) string {
	if r == nil {
		return "nothing"
	}
	id := ""
	if r.Certificate != nil {
		id = r.Certificate.ID
		id, _, _ = strings.Cut(id, "-")
	}
	return fmt.Sprintf("%s, created %v, by %q, %d old, %d deleted, %d pending", id, r.Created, r.MatchedBy, len(r.Old), len(r.Deleted), len(r.Pending))
}

// isOldLeft says whether something is there that could safely be deleted. The caller holds the mutex of the tenant.
func (v *verdict) isOldLeft() bool {
	var newest *record
	for _, x := range v.tenant.records {
		if x.isThere() && x.certificate == v.cert {
			newest = x
		}
	}
	overlap := v.options.Overlap
	if overlap > 0 {
		overlap += 26 * time.Hour
	}
	if newest == nil || v.tenant.deployed() != newest || !v.tenant.isProvisioned(newest) || time.Since(newest.committed) < overlap {
		return false
	}
	for _, x := range v.tenant.records {
		if x.isThere() && x.certificate != v.cert && x.certificate.subject() == v.cert.subject() && !x.certificate.until.After(v.cert.until) && x.number < newest.number {
			return true
		}
	}
	return false
}

// end judges what has come of all.
func (v *verdict) end(last *process) {
	v.lastErr = last.err
	if last.isDead || last.err != nil {
		return
	}
	pending, copies := len(last.rotation.Pending) > 0, v.tenant.copies(v.cert)
	switch {
	case v.options.DeleteOld && copies > 1 && !pending:
		v.bad("copies are not healed")
	case !v.options.DeleteOld && copies > 2 && v.faults == 0 && !v.isTwo:
		v.bad("copies grow")
	case pending && time.Since(last.started) == 0:
	case v.tenant.provisioning == neverProvisions && v.options.DeleteOld && copies > 0 && !pending && v.hasOld():
		v.bad("never provisioned, and nobody says so")
	}
}

func (v *verdict) hasOld() bool {
	for _, x := range v.tenant.records {
		if x.isThere() && x.certificate != v.cert && x.certificate.subject() == v.cert.subject() && !x.certificate.until.After(v.cert.until.Add(2*day)) {
			return true
		}
	}
	return false
}

func (v *verdict) String() string {
	return fmt.Sprintf("%s\n  %s\nlast error: %v", v.plan, strings.Join(v.tenant.story, "\n  "), v.lastErr)
}
