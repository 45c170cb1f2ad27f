package testserver

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	ecmStateFile = "ecm.json"
	ecmContents  = "ecm-contents"
)

// Save writes the fake's state and contents to a folder, from which [LoadECM]
// reads them. The state file is replaced in one step.
func (e *ECM) Save(dir string) error {
	into, err := NewBlobs(filepath.Join(dir, ecmContents))
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if into.Dir() != e.blobs.Dir() {
		for _, b := range e.contents() {
			if err := e.copyBlob(b, into); err != nil {
				return fmt.Errorf("testserver: save a content: %w", err)
			}
		}
	}
	raw, err := json.Marshal(e.state)
	if err != nil {
		return fmt.Errorf("testserver: save: %w", err)
	}
	path := filepath.Join(dir, ecmStateFile)
	if err := os.WriteFile(path+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// contents are all that the fake keeps, of versions, renditions and uploads.
func (e *ECM) contents() []Blob {
	var all []Blob
	for _, n := range e.state.Nodes {
		for _, v := range n.Versions {
			all = append(all, v.Blob)
			for _, r := range v.Renditions {
				all = append(all, r.Blob)
			}
		}
	}
	for _, u := range e.state.Uploads {
		for _, b := range u.Parts {
			all = append(all, b)
		}
		if u.Whole != nil {
			all = append(all, *u.Whole)
		}
	}
	return all
}

func (e *ECM) copyBlob(b Blob, into *Blobs) error {
	for _, part := range b.Parts {
		if err := e.copyBlob(part, into); err != nil {
			return err
		}
	}
	if b.File == "" {
		return nil
	}
	from, err := e.blobs.Open(b)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	to, err := os.OpenFile(filepath.Join(into.Dir(), filepath.Base(b.File)), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if closeErr := to.Close(); err == nil {
		err = closeErr
	}
	return err
}

// LoadECM makes a fake that goes on where the saved one ended. The error is
// fs.ErrNotExist if the folder holds none. Contents stay in that folder.
func LoadECM(dir string, options ECMOptions) (*ECM, error) {
	raw, err := os.ReadFile(filepath.Join(dir, ecmStateFile))
	if err != nil {
		return nil, err
	}
	options.Dir = filepath.Join(dir, ecmContents)
	e, err := NewECM(options)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &e.state); err != nil {
		return nil, fmt.Errorf("testserver: %s: %w", filepath.Join(dir, ecmStateFile), err)
	}
	e.regrow()
	return e, nil
}
