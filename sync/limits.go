package sync

import "context"

// Limiter grants requests, one for each call of Wait. Those of ecm and smint
// are such limiters.
type Limiter interface {
	// Wait blocks until one request may be sent, or ctx ends.
	Wait(ctx context.Context) error
}

// ShareLimiter is a scope's part of an account's rate: each request waits for
// the scope's own share first and for the account after it. So a scope with a
// backlog cannot take the turns of another one, and all together stay within
// the account's rate.
func ShareLimiter(own, account Limiter) Limiter { return shared{own, account} }

type shared struct{ own, account Limiter }

// Wait pays both limiters.
func (s shared) Wait(ctx context.Context) error {
	if err := s.own.Wait(ctx); err != nil {
		return err
	}
	return s.account.Wait(ctx)
}
