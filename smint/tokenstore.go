package smint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Tokens are what a login holds.
type Tokens struct {
	AccessToken  Secret
	RefreshToken Secret
	// Expires is when the access token ends; zero if not known.
	Expires time.Time
	// Dead tells that the grant has ended: only a new login helps.
	Dead bool
	// Origin tells which configured refresh token began the login, by its
	// digest; empty for a login of a person.
	Origin string
}

// origin is the digest of a configured refresh token.
func origin(configured Secret) string {
	if configured == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(configured.Reveal()))
	return hex.EncodeToString(sum[:])
}

// TokenStore keeps the tokens of one login, for all processes that share it.
// One that is also a [TokenLocker] lets them take turns at refreshing; without
// turns, two processes may spend the same refresh token, of which a provider
// can take the second for a theft and end the login.
type TokenStore interface {
	// Load returns the stored tokens, zero ones if there are none.
	Load(ctx context.Context) (Tokens, error)
	// Swap stores next durably if the stored refresh token still is the one
	// that next was made from, or none; otherwise it stores nothing and
	// returns ErrTokensMoved.
	Swap(ctx context.Context, from Secret, next Tokens) error
}

// TokenLocker is a [TokenStore] that lets one process at a time refresh.
type TokenLocker interface {
	TokenStore
	// Lock waits for the turn, until ctx ends. The turn ends with unlock, or
	// with the process.
	Lock(ctx context.Context) (unlock func(), err error)
}

// ErrTokensMoved tells that another process has stored newer tokens.
var ErrTokensMoved = errors.New("another process has refreshed the tokens")

// MemoryTokenStore keeps tokens in memory.
type MemoryTokenStore struct {
	turn   chan struct{}
	mu     sync.Mutex
	tokens func() Tokens // fmt asks no Secret what lies in here, and prints no closure
}

var (
	_ TokenLocker = (*MemoryTokenStore)(nil)
	_ TokenLocker = (*FileTokenStore)(nil)
)

// NewMemoryTokenStore returns an empty store.
func NewMemoryTokenStore() *MemoryTokenStore {
	return &MemoryTokenStore{turn: make(chan struct{}, 1)}
}

// Lock waits for the turn of one client among those that share the store.
func (s *MemoryTokenStore) Lock(ctx context.Context) (unlock func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Load returns the stored tokens.
func (s *MemoryTokenStore) Load(context.Context) (Tokens, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now(), nil
}

func (s *MemoryTokenStore) now() Tokens {
	if s.tokens == nil {
		return Tokens{}
	}
	return s.tokens()
}

// Swap stores next if nobody else has stored meanwhile.
func (s *MemoryTokenStore) Swap(_ context.Context, from Secret, next Tokens) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.now().RefreshToken; kept != "" && kept != from {
		return ErrTokensMoved
	}
	s.tokens = func() Tokens { return next }
	return nil
}

// FileTokenStore keeps tokens in a file of mode 0600, replaced atomically.
type FileTokenStore struct {
	path string
	mu   sync.Mutex
}

// NewFileTokenStore uses the file at path; its folder must exist.
func NewFileTokenStore(path string) *FileTokenStore { return &FileTokenStore{path: path} }

type tokenFile struct {
	Access  string    `json:"access_token"`
	Refresh string    `json:"refresh_token"`
	Expires time.Time `json:"expires,omitzero"`
	Dead    bool      `json:"dead,omitempty"`
	Origin  string    `json:"origin,omitempty"`
}

// Lock waits for the turn of this process, and of this client in it, by a lock
// on a file beside the tokens: the system gives it back when a process ends,
// however it ends.
func (s *FileTokenStore) Lock(ctx context.Context) (unlock func(), err error) {
	return lockFile(ctx, s.path+".turn")
}

// lockFile waits for the lock at path, until ctx ends.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		if unlock, err = tryLockFile(path); unlock != nil || err != nil {
			return unlock, err
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// Load reads the file; one that is missing holds no tokens. A file that others
// may read is refused.
func (s *FileTokenStore) Load(context.Context) (Tokens, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load()
}

func (s *FileTokenStore) load() (Tokens, error) {
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return Tokens{}, nil
	}
	if err != nil {
		return Tokens{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Tokens{}, fmt.Errorf("token file %s may be read by others (mode %o): make it 0600", s.path, info.Mode().Perm())
	}
	b, err := os.ReadFile(s.path)
	if err != nil {
		return Tokens{}, err
	}
	var f tokenFile
	if err := json.Unmarshal(b, &f); err != nil {
		return Tokens{}, fmt.Errorf("token file %s: %w", s.path, err)
	}
	return Tokens{Secret(f.Access), Secret(f.Refresh), f.Expires, f.Dead, f.Origin}, nil
}

// Swap replaces the file if the stored refresh token is still the one given.
// Processes that share the file are kept apart by a lock beside it.
func (s *FileTokenStore) Swap(ctx context.Context, from Secret, next Tokens) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	unlock, err := lockFile(ctx, s.path+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	stored, err := s.load()
	if err != nil {
		return err
	}
	if stored.RefreshToken != "" && stored.RefreshToken != from {
		return ErrTokensMoved
	}
	b, err := json.Marshal(tokenFile{next.AccessToken.Reveal(), next.RefreshToken.Reveal(), next.Expires, next.Dead, next.Origin})
	if err != nil {
		return err
	}
	return replaceFile(s.path, b)
}

// replaceFile writes a new file beside the old one, syncs it and puts it in
// its place. A temporary file of os.CreateTemp has mode 0600.
func replaceFile(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
