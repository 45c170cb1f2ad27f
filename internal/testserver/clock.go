package testserver

import (
	"sync"
	"time"
)

// Clock is a fake's time: that of the machine, moved by what a test says. It
// is safe for concurrent use; the zero value is the machine's time.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
}

// Now is the fake's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

// Move moves the clock, for example on by an hour.
func (c *Clock) Move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += by
}

// Set moves the clock to t, from where it goes on.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = time.Until(t)
}
