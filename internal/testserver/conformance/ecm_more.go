package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/smintecm/sdk/ecm"
)

// moreChecks are about versions, the recycle bin, pages, holds and schedules.
func moreChecks() []Check {
	return []Check{
		{"Each version keeps its own bytes", versionsKeepTheirBytes},
		{"A page beyond the last one brings nothing that the pages did not have", beyondTheEnd},
		{"What was deleted lies in the recycle bin and comes back from there", deletedComesBack},
		{"A hold reads the same from the node and from the hold", holdsReadFromBothSides},
		{"A record's schedule tells its stages", schedulesTellTheirStages},
		{"Nodes that are asked for together and do not exist are left out without a word", missingAreLeftOut},
	}
}

func versionsKeepTheirBytes(ctx context.Context, s *ContentServer) error {
	n, err := s.document(ctx, s.folder)
	if err != nil {
		return err
	}
	second := []byte("the second version")
	v, err := s.client.Versions.Add(ctx, n.ID, ecm.NewVersion{FileName: "second", Content: bytes.NewReader(second), Size: int64(len(second))}, override)
	if err != nil {
		return err
	}
	for number, want := range map[int][]byte{1: content, v.Number: second} {
		c, err := s.client.Content.OpenVersion(ctx, n.ID, number)
		if err != nil {
			return err
		}
		got, err := io.ReadAll(c)
		if err = errors.Join(err, c.Close()); err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("version %d has %q, want %q", number, got, want)
		}
	}
	return nil
}

func beyondTheEnd(ctx context.Context, s *ContentServer) error {
	parent, err := s.client.Nodes.CreateFolder(ctx, s.folder, s.name("pages"))
	if err != nil {
		return err
	}
	for range 3 {
		if _, err := s.client.Nodes.CreateFolder(ctx, parent.ID, s.name("item")); err != nil {
			return err
		}
	}
	known := map[ecm.NodeID]bool{}
	for n, err := range s.client.Nodes.All(ctx, parent.ID, &ecm.ListOptions{Limit: 2}) {
		if err != nil {
			return err
		}
		if known[n.ID] {
			return fmt.Errorf("node %s stands on two pages", n.ID)
		}
		known[n.ID] = true
	}
	beyond, err := s.client.Nodes.List(ctx, parent.ID, &ecm.ListOptions{Page: 9, Limit: 2})
	if err != nil {
		return err
	}
	for _, n := range beyond.Items {
		if !known[n.ID] {
			return fmt.Errorf("page 9 of 2 shows node %s, which no page had", n.ID)
		}
	}
	return nil
}

func deletedComesBack(ctx context.Context, s *ContentServer) error {
	n, err := s.document(ctx, s.folder)
	if err != nil {
		return err
	}
	if err := s.client.Nodes.Delete(ctx, n.ID); err != nil {
		return err
	}
	if _, err := s.client.Nodes.Get(ctx, n.ID); err == nil {
		return fmt.Errorf("node %s was deleted and reads as before", n.ID)
	}
	err = s.client.RecycleBin.Restore(ctx, n.ID)
	if errors.Is(err, ecm.ErrDenied) {
		return fmt.Errorf("%w: this user may not restore", ErrSkip)
	}
	if err == nil {
		_, err = s.client.Nodes.Get(ctx, n.ID)
	}
	return err
}

func holdsReadFromBothSides(ctx context.Context, s *ContentServer) error {
	n, err := s.record(ctx)
	if err != nil {
		return err
	}
	release, err := s.hold(ctx, n.ID)
	if err != nil {
		return err
	}
	holds, err := s.client.Holds.OfNode(ctx, n.ID)
	if err != nil {
		return err
	}
	if len(holds) != 1 || !holds[0].Active {
		return fmt.Errorf("the node shows %+v, want one hold in force", holds)
	}
	items, err := s.client.Holds.Items(ctx, holds[0].HoldID)
	if err != nil {
		return err
	}
	if len(items) != 1 || items[0].ID != n.ID {
		return fmt.Errorf("the hold shows %d items, want the one node %s", len(items), n.ID)
	}
	if err := release(); err != nil {
		return err
	}
	holds, err = s.client.Holds.OfNode(ctx, n.ID)
	if err == nil && len(holds) > 0 {
		err = fmt.Errorf("released, the node still shows %+v", holds)
	}
	return err
}

func schedulesTellTheirStages(ctx context.Context, s *ContentServer) error {
	n, err := s.record(ctx)
	if err != nil {
		return err
	}
	d, err := s.client.RMClassifications.Get(ctx, n.ID)
	if err != nil {
		return err
	}
	stages, err := s.client.RSIs.Details(ctx, n.ID, d.Primary().RSI)
	if err == nil && (len(stages) == 0 || strings.TrimSpace(stages[0].Stage) == "") {
		err = fmt.Errorf("RSI %q tells %d stages of a record that is under it", d.Primary().RSI, len(stages))
	}
	return err
}

func missingAreLeftOut(ctx context.Context, s *ContentServer) error {
	found, err := s.client.Nodes.GetMany(ctx, s.folder, 1<<40)
	if err == nil && (len(found) != 1 || found[s.folder].ID != s.folder) {
		err = fmt.Errorf("asked for one node that is there and one that is not, got %d", len(found))
	}
	return err
}
