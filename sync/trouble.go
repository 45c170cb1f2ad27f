package sync

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"syscall"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
)

// Trouble is a class of what can go wrong with a service that runs for years,
// by what a person can do about it.
type Trouble string

// The classes of trouble.
const (
	TroubleNone Trouble = ""
	// TroubleUnreachable: a server does not answer, or not with sense.
	TroubleUnreachable Trouble = "unreachable"
	// TroubleThrottled: a server asks for fewer requests.
	TroubleThrottled Trouble = "throttled"
	// TroubleLogin: a login has ended or is refused.
	TroubleLogin Trouble = "login"
	// TroubleDenied: a privilege is missing.
	TroubleDenied Trouble = "denied"
	// TroubleSetup: ECM lacks something that the policy needs.
	TroubleSetup Trouble = "setup"
	// TroubleDisk: the disk of the state folder is full.
	TroubleDisk Trouble = "disk full"
	// TroubleState: the state is unreadable, or written by another version.
	TroubleState Trouble = "state unreadable"
	// TroubleForeign: the state is that of another scope or feed.
	TroubleForeign Trouble = "state of another scope"
	// TroubleInUse: another process works with the same state.
	TroubleInUse Trouble = "state in use"
	// TroubleJournal: the journal takes no entry, so nothing is done.
	TroubleJournal Trouble = "journal"
	// TroubleOther is anything else.
	TroubleOther Trouble = "other"
)

// ErrState says that a file of the state folder cannot be read, or is of a form that
// this version does not read. It is left as it is.
var ErrState = errors.New("the state cannot be read")

// TroubleOf tells the class of an error. The first one that fits is the one
// that a person has to mend first.
func TroubleOf(err error) Trouble {
	if err == nil {
		return TroubleNone
	}
	for _, t := range []struct {
		class error
		kind  Trouble
	}{
		{syscall.ENOSPC, TroubleDisk},
		{syscall.EDQUOT, TroubleDisk},
		{evidence.ErrTrailLocked, TroubleInUse},
		{evidence.ErrTrailFenced, TroubleInUse},
		{adapter.ErrConflict, TroubleInUse},
		{ErrState, TroubleState},
		{errCheckpoint, TroubleForeign},
		{errJournal, TroubleJournal},
		{smint.ErrGrantDead, TroubleLogin},
		{ecm.ErrUnauthenticated, TroubleLogin},
		{ecm.ErrThrottled, TroubleThrottled},
		{ecm.ErrRetryBudget, TroubleUnreachable},
		{ecm.ErrUnavailable, TroubleUnreachable},
		{ErrSetup, TroubleSetup},
		{ErrSchedule, TroubleSetup},
		{ecm.ErrDenied, TroubleDenied},
		{fs.ErrPermission, TroubleState},
	} {
		if errors.Is(err, t.class) {
			return t.kind
		}
	}
	if unanswered(err) || noWay(err) {
		return TroubleUnreachable
	}
	return TroubleOther
}

// noWay tells that a server was not found, or is another than it should be.
func noWay(err error) bool {
	_, unknown := errors.AsType[*net.DNSError](err)
	_, other := errors.AsType[*tls.CertificateVerificationError](err)
	return unknown || other
}

// Lasting tells that trying again changes nothing: a person has to act first,
// and the runner is started again after that.
func (t Trouble) Lasting() bool {
	return t == TroubleForeign || t == TroubleState || t == TroubleInUse
}

// Advice says what to do, in one sentence.
func (t Trouble) Advice() string {
	switch t {
	case TroubleNone:
		return ""
	case TroubleUnreachable:
		return "nothing is lost: it goes on by itself when the server answers again; see that address and network are right"
	case TroubleThrottled:
		return "it goes on more slowly by itself; lower requests_per_second in the policy if this lasts"
	case TroubleLogin:
		return "log in again: check user and password, or give a new refresh token, and start again"
	case TroubleDenied:
		return "ask the administrator for the privilege that the message names; it goes on by itself then"
	case TroubleSetup:
		return "ask the administrator for what the message lists; it goes on by itself then"
	case TroubleDisk:
		return "free space on the disk of the state folder; nothing was done without being taken down, and it goes on by itself"
	case TroubleState:
		return "move the file that the message names out of the state folder and start again: a feed is then walked from its start, and nothing is declared twice"
	case TroubleForeign:
		return "give each scope and feed a state folder of its own, or move the file away, and start again"
	case TroubleInUse:
		return "stop the other process, or use another state folder"
	case TroubleJournal:
		return "mend the journal that the message names: nothing is done that cannot be taken down"
	case TroubleOther:
		return "read the message; it is tried again by itself"
	}
	return "read the message"
}
