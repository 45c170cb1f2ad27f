package sync

import (
	"io"
	"sync"
)

// lockedWriter writes whole lines, one at a time.
type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func newLockedWriter(w io.Writer) lockedWriter { return lockedWriter{mu: new(sync.Mutex), w: w} }

func (l lockedWriter) write(line []byte, durable bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.w.Write(line); err != nil {
		return err
	}
	if s, ok := l.w.(interface{ Sync() error }); ok && durable {
		return s.Sync()
	}
	return nil
}
