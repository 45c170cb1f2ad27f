package sync

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// leaving is a small document that a primitive leaves where a record stands, or
// stood, under a name that every look-up of its key finds. It stays
// unclassified, so that no schedule ends it.
type leaving struct {
	kind                records.Companion
	fileName, mediaType string
	// label is its description, title what it is called.
	label, title string
	content      []byte
}

func (l leaving) step(key records.RecordKey) Step {
	return Step{Do: "leave a " + l.kind.String(), On: fmt.Sprintf("%q", key.CompanionName(l.kind))}
}

// leave uploads a document and reads it back. One that another call left first
// stands: mine is false then.
func (t *taking) leave(ctx context.Context, l leaving) (id ecm.NodeID, mine bool, err error) {
	digest := records.DigestOf(l.content)
	for attempt := 1; id == 0; attempt++ {
		folder, err := t.s.makeFolder(ctx, t, t.key)
		if err != nil {
			return 0, false, err
		}
		id, err = t.leaveIn(ctx, folder, l, digest)
		if err == nil {
			break
		}
		unsettled := errors.Is(err, ecm.ErrOutcomeUnknown) || errors.Is(err, ecm.ErrNameTaken)
		if !unsettled || attempt == maxAttempts {
			return 0, false, err
		}
		// Look before anything is sent again.
		n, lookErr := t.s.ecm.Nodes.FindChild(ctx, folder, t.key.CompanionName(l.kind))
		if lookErr == nil {
			id = n.ID
		} else if !errors.Is(lookErr, ecm.ErrNotFound) {
			return 0, false, errors.Join(lookErr, err)
		}
	}
	content, err := t.s.ecm.Content.Open(ctx, id)
	if err != nil {
		return id, false, fmt.Errorf("read back: %w", err)
	}
	stored, _, err := hashAll(content)
	if err != nil {
		return id, false, fmt.Errorf("read back: %w", err)
	}
	return id, stored == digest, nil
}

func (t *taking) leaveIn(ctx context.Context, folder ecm.NodeID, l leaving, digest records.Digest) (ecm.NodeID, error) {
	values, err := t.s.companionValues(ctx, t.key, l.kind, digest, l.title+" "+t.key.NodeName())
	if err != nil {
		return 0, err
	}
	var id ecm.NodeID
	err = t.mutate(ctx, l.step(t.key), digest, func() error {
		node, err := t.s.ecm.Nodes.UploadDocument(ctx, ecm.Document{
			Parent: folder, Name: t.key.CompanionName(l.kind), Description: l.label, FileName: l.fileName, MediaType: l.mediaType,
			Content: bytes.NewReader(l.content), Size: int64(len(l.content)), Categories: values,
		})
		if err == nil {
			id = node.ID
		}
		return err
	})
	return id, err
}
