package sync

import (
	"io"
	"sync"
)

// This is the one file that uses the standard library's package of this
// package's name.

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

// cell holds a value that is found out once; a failure is not kept.
type cell[T any] struct {
	mu    sync.Mutex
	value T
	known bool
}

func (c *cell[T]) get(find func() (T, error)) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known {
		return c.value, nil
	}
	v, err := find()
	if err != nil {
		return v, err
	}
	c.value, c.known = v, true
	return v, nil
}

// cells are values that are found out once each. Different keys do not wait
// for each other.
type cells[K comparable, T any] struct {
	mu  sync.Mutex
	all map[K]*cell[T]
}

func (c *cells[K, T]) get(key K, find func() (T, error)) (T, error) {
	c.mu.Lock()
	if c.all == nil {
		c.all = map[K]*cell[T]{}
	}
	one := c.all[key]
	if one == nil {
		one = &cell[T]{}
		c.all[key] = one
	}
	c.mu.Unlock()
	return one.get(find)
}

// bufferPool lends a bounded number of buffers, so that many small assets at
// once cannot take more memory than that.
type bufferPool struct {
	size int64
	free chan []byte
}

const bufferCount = 4

func newBufferPool(size int64) bufferPool {
	p := bufferPool{size, make(chan []byte, bufferCount)}
	for range bufferCount {
		p.free <- nil
	}
	return p
}

// guarded is a value that several goroutines read and change.
type guarded[T any] struct {
	mu    sync.Mutex
	value T
}

func (g *guarded[T]) get() T {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.value
}

func (g *guarded[T]) set(v T) { g.change(func(t *T) { *t = v }) }

func (g *guarded[T]) change(f func(*T)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f(&g.value)
}

// together calls do for 0 to n-1 at the same time and returns when all are done.
func together(n int, do func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}
