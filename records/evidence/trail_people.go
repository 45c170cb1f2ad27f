package evidence

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// People keeps who stands behind the pseudonyms of trails, in one file apart
// from them. A pseudonym is an HMAC-SHA256 over the value with a salt of its
// own; the file has value and salt. When both are erased, nothing leads from
// the pseudonym back, not even a guess of the value, and the trail with its
// hashes stays as it is. It is safe for concurrent use; one process at a time
// has the file open.
type People struct {
	path   string
	unlock func() error

	mu     sync.Mutex
	file   *os.File
	byID   map[string]person
	byText map[string]string
}

type person struct {
	ID    string `json:"id"`
	Salt  string `json:"salt"`
	Value string `json:"value"`
}

const pseudonymPrefix = "person-"

func newPerson(value string, salt []byte) person {
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte(value))
	return person{pseudonymPrefix + hex.EncodeToString(mac.Sum(nil)[:16]), hex.EncodeToString(salt), value}
}

// OpenPeople opens the file at path, made with mode 0600 if it is missing. A
// last line that a crash cut off is dropped: no entry has its pseudonym. It
// returns an error that matches ErrTrailLocked if the file is open elsewhere,
// and ErrTrailFormat if a line is damaged. Close it after use.
func OpenPeople(path string) (*People, error) {
	unlock, err := lockTrail(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open people: %w", err)
	}
	p := &People{path: path, unlock: unlock, byID: map[string]person{}, byText: map[string]string{}}
	if err := p.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("open people: %w", err), p.Close())
	}
	return p, nil
}

func (p *People) read() error {
	var err error
	if p.file, err = os.OpenFile(p.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return err
	}
	b, err := os.ReadFile(p.path)
	if err == nil && len(b) == 0 { // it may be new: its name must be as durable as what it will hold.
		err = syncDirs(filepath.Dir(p.path))
	}
	if err != nil {
		return err
	}
	end := bytes.LastIndexByte(b, '\n') + 1
	if end < len(b) {
		if err := p.file.Truncate(int64(end)); err != nil {
			return err
		}
	}
	number := 0
	for line := range bytes.Lines(b[:end]) {
		number++
		var w person
		err := json.Unmarshal(line, &w)
		salt, bad := hex.DecodeString(w.Salt)
		if err != nil || bad != nil || newPerson(w.Value, salt) != w {
			return trailFault(ErrTrailFormat, "people", "line %d is damaged", number)
		}
		p.byID[w.ID], p.byText[w.Value] = w, w.ID
	}
	return nil
}

// Pseudonym returns what stands for value; a new one is on the disk when it
// returns.
func (p *People) Pseudonym(_ context.Context, value string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	value = strings.ToValidUTF8(value, "\uFFFD")
	if id, ok := p.byText[value]; ok {
		return id, nil
	}
	if p.file == nil {
		return "", ErrTrailClosed
	}
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails
	w := newPerson(value, salt)
	line, err := json.Marshal(w)
	if err != nil {
		return "", err
	}
	if err := p.add(append(line, '\n')); err != nil {
		return "", err
	}
	p.byID[w.ID], p.byText[w.Value] = w, w.ID
	return w.ID, nil
}

// add appends a line, durably or not at all: one that is torn would spoil the
// next.
func (p *People) add(line []byte) error {
	before, err := p.file.Stat()
	if err != nil {
		return err
	}
	if _, err = p.file.Write(line); err == nil {
		err = p.file.Sync()
	}
	if err == nil {
		return nil
	}
	if cut := p.file.Truncate(before.Size()); cut != nil {
		err = errors.Join(err, cut, p.file.Close())
		p.file = nil // whoever opens it again drops what is torn.
	}
	return err
}

// Person returns who stands behind a pseudonym; false if that was erased, or
// never known here.
func (p *People) Person(pseudonym string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w, ok := p.byID[pseudonym]
	return w.Value, ok
}

// Erase forgets a person for good: value and salt leave the file, which is
// written anew. It reports whether the person was known. Should the same value
// come again, it gets another pseudonym. Copies of the file elsewhere are the
// caller's to erase.
func (p *People) Erase(value string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	value = strings.ToValidUTF8(value, "\uFFFD") // as Pseudonym took it.
	if _, ok := p.byText[value]; !ok {
		return false, nil
	}
	if p.file == nil {
		return false, ErrTrailClosed
	}
	kept := maps.Clone(p.byID) // one who was taken down twice has two pseudonyms.
	maps.DeleteFunc(kept, func(_ string, w person) bool { return w.Value == value })
	next, err := replaceFile(p.path, kept)
	if err != nil {
		return false, err
	}
	err = p.file.Close()
	p.file, p.byID = next, kept
	delete(p.byText, value)
	return true, err
}

// replaceFile writes people to a new file, puts it in the place of the old one
// and returns it open for appending.
func replaceFile(path string, people map[string]person) (*os.File, error) {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	b := bufio.NewWriter(f)
	enc := json.NewEncoder(b)
	for _, w := range people {
		err = errors.Join(err, enc.Encode(w))
	}
	if err = errors.Join(err, b.Flush(), f.Sync()); err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(tmp))
	}
	return f, syncDirs(filepath.Dir(path))
}

// Close closes the file. A second call does nothing.
func (p *People) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unlock == nil {
		return nil
	}
	var err error
	if p.file != nil {
		err = p.file.Close()
	}
	err = errors.Join(err, p.unlock())
	p.file, p.unlock = nil, nil
	return err
}
