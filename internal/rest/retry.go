package rest

import (
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// newBackOff is made for each call: it is not safe for concurrent use.
func newBackOff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 200 * time.Millisecond
	b.MaxInterval = 20 * time.Second
	b.MaxElapsedTime = 0
	return b
}

// budget bounds the retries of the whole client: a retry spends one, ten calls
// that succeed earn one back. An outage so ends in an error and not in a
// stampede. The zero value is a full budget.
type budget struct {
	mu    sync.Mutex
	spent float64
}

const (
	budgetSize   = 50
	budgetRefund = 0.1
)

// spend takes one retry from the budget and tells whether there was one.
func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent+1 > budgetSize {
		return false
	}
	b.spent++
	return true
}

// refund gives back a part of a retry.
func (b *budget) refund() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = max(0, b.spent-budgetRefund)
}
